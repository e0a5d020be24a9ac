"""What Google charges, in USD, and what it gives free: inputs with source and date, to be checked before use.

Where regions differ, the dearer of the usual ones was taken. ``python3 -m infra cost`` uses nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Price:
    what: str
    usd: float
    per: float
    free: float  # a month, per billing account or project
    source: str


SEEN = "stored pages of 2025, looked at 2026-11"
PRICES = {
    "cpu": Price("vCPU seconds", 0.000024, 1, 180_000, f"cloud.google.com/run/pricing, {SEEN}"),
    "memory": Price("GiB seconds", 0.0000025, 1, 360_000, f"cloud.google.com/run/pricing, {SEEN}"),
    "requests": Price("requests", 0.40, 1e6, 2e6, f"cloud.google.com/run/pricing, {SEEN}"),
    "reads": Price(
        "Firestore reads", 0.06, 1e5, 50_000 * 30, f"multi-region; cloud.google.com/firestore/pricing, {SEEN}"
    ),
    "writes": Price(
        "Firestore writes", 0.18, 1e5, 20_000 * 30, f"multi-region; cloud.google.com/firestore/pricing, {SEEN}"
    ),
    "deletes": Price(
        "Firestore TTL deletes", 0.02, 1e5, 0, f"no free tier for TTL; cloud.google.com/firestore/pricing, {SEEN}"
    ),
    "class_a": Price(
        "Cloud Storage writes, lists", 0.005, 1e3, 0, f"cloud.google.com/storage/pricing-examples, {SEEN}"
    ),
    "class_b": Price("Cloud Storage reads", 0.0004, 1e3, 0, f"cloud.google.com/storage/pricing-examples, {SEEN}"),
    "stored_gb": Price(
        "Cloud Storage GB-months", 0.020, 1, 0, f"europe-west1; cloud.google.com/storage/pricing, {SEEN}"
    ),
    "images_gb": Price("Artifact Registry GB-months", 0.10, 1, 0.5, "from knowledge, not found in the stored pages"),
    "tasks": Price("Cloud Tasks operations", 0.40, 1e6, 1e6, f"cloud.google.com/tasks/docs/pricing, {SEEN}"),
    "jobs": Price("Cloud Scheduler jobs", 0.10, 1, 3, f"cloud.google.com/scheduler/pricing, {SEEN}"),
    "conditions": Price(
        "alert conditions on metrics",
        0.10,
        1,
        0,
        "announced for 2026; from knowledge and a secondary page; 0 before it took effect",
    ),
    "series": Price(
        "time series read by alerts",
        0.35,
        1e6,
        0,
        "docs.cloud.google.com/monitoring/alerts/cost-control (copy of 2025)",
    ),
    "events_gb": Price(
        "event bytes carried, GiB",
        40 / 1024,
        1,
        10,
        "Pub/Sub's price; Eventarc's own was not found in the stored pages",
    ),
    "logs_gb": Price("log GiB", 0.50, 1, 50, f"cloud.google.com/stackdriver/pricing, {SEEN}"),
}
