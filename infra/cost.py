"""What a month costs: operations per event, retrain and forecast, as measured, times volume, times Google's prices.

The measured numbers are in OPERATIONS with where they come from, the prices in infra/prices.py; everything about a
shop is an argument. Shown with and without Google's free tiers, for the shop's app may already use those up.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

from infra.cron import Schedule
from infra.parts.functions import SHAPES
from infra.prices import PRICES
from infra.settings import SIZES

DAYS = 30
OLD_POLLS_A_DAY = 288  # every five minutes, measured: 4.2 million reads a day at 14,593 documents


@dataclass(frozen=True)
class Business:
    """The volume of one business."""

    size: str
    appointments: int  # documents in the collection
    parts: int
    completions_a_day: float
    writes_per_appointment: int = 6  # created, confirmed, in process, completed, edited, rated
    forecasts_a_day: float = 0.0
    learn_seconds: float = 20.0
    follow_seconds: float = 6.0

    @property
    def is_idle(self) -> bool:
        return not self.completions_a_day and not self.forecasts_a_day


SHOPS = {
    "small": Business("small", 5_000, 100, 7, forecasts_a_day=40),
    "medium": Business("medium", 14_593, 200, 20, forecasts_a_day=150),
    "large": Business("large", 43_800, 400, 60, forecasts_a_day=600),
}


@dataclass(frozen=True)
class Operations:
    """What one of each costs in operations. Measured: bench/RESULTS.md; a retrain's are counted by a test."""

    event_seconds: float = 0.2  # a delivery that changes usage, warm; the others take a hundredth
    event_reads: float = 2.0  # the change document, and the count of those awaiting
    event_writes: float = 1.0
    event_bytes: float = 4096.0  # the document before and after
    retrain_reads_fixed: float = 4.0  # lease, published, release, count: 214 documents for 10 changes and 200 parts
    retrain_writes_fixed: float = 5.0  # lease, what was published, release, the record twice: 15 for 10 changes
    retrain_class_a: float = 7.0  # forecast, estimators, manifest, history, pointer; two lists to prune by
    retrain_class_b: float = 5.0  # pointer, history, imported usage, the champion's manifest and forecast
    version_mb: float = 1.0  # one version with its history, at 14,593 appointments
    kept_days: float = 90 + 30 + 7  # kept, then noncurrent, then soft-deleted
    forecast_seconds: float = 0.1  # billed in steps of 100 ms
    pointer_looks_per_forecast: float = 1.0  # at most: one per request or 10 s
    stock_reads_per_forecast: float = 0.0  # /v1/restock reads the catalogue once in 30 s; the app's calls read nothing
    images_gb: float = 0.7  # environments packed: 0.30 GB (46 + 221 + 36 MB), base images, one older of each
    log_kb_per_event: float = 1.0


OPERATIONS = Operations()
CONDITIONS = 5  # the alerts of infra/alerts.py that look at a metric; those that match a log line are not billed


def retrains_a_month(business: Business) -> tuple[float, float]:
    """Scheduled retrains, and those that the threshold leads to."""
    threshold, schedule = SIZES[business.size]
    return Schedule.read(schedule).runs_a_day() * DAYS, business.completions_a_day * DAYS / threshold


def usage(business: Business, did: Operations = OPERATIONS) -> dict[str, float]:
    """How much of what Google bills one month uses."""
    scheduled, crossed = retrains_a_month(business)
    # A schedule without changes refits once a day; a second one that day finds nothing to do.
    learning = scheduled if not business.is_idle else DAYS
    trainings = learning + crossed
    full_reads = DAYS / 7 * business.appointments
    completions = business.completions_a_day * DAYS
    events = completions * business.writes_per_appointment
    forecasts = business.forecasts_a_day * DAYS
    seconds = {
        "on_appointment": completions * did.event_seconds + (events - completions) * did.event_seconds / 100,
        "retrain": learning * business.learn_seconds + crossed * business.follow_seconds,
        "forecast": forecasts * did.forecast_seconds,
    }
    kept_mb = did.version_mb * business.appointments / 14_593 * trainings / DAYS * did.kept_days
    return {
        "cpu": sum(SHAPES[door].cpu * spent for door, spent in seconds.items()),
        "memory": sum(_gib(SHAPES[door].memory) * spent for door, spent in seconds.items()),
        "requests": events + scheduled + crossed + forecasts,
        "reads": completions * (did.event_reads + 1)  # and once more, when a retrain reads the change
        + trainings * (did.retrain_reads_fixed + business.parts)
        + full_reads
        + forecasts * did.stock_reads_per_forecast,
        "writes": completions * (did.event_writes + 1) + trainings * did.retrain_writes_fixed,
        "deletes": completions + trainings,
        "class_a": trainings * did.retrain_class_a,
        "class_b": trainings * did.retrain_class_b + forecasts * did.pointer_looks_per_forecast,
        "stored_gb": kept_mb / 1000,
        "images_gb": did.images_gb,
        "tasks": crossed * 2,
        "jobs": 1.0,
        "conditions": float(CONDITIONS),
        "series": (CONDITIONS - 1) * DAYS * 2880.0 + DAYS * 24,  # every 30 s; the model's age once an hour
        "events_gb": events * did.event_bytes / 2**30,
        "logs_gb": (events + trainings * 10) * did.log_kb_per_event / 2**20,
    }


def bill(used: dict[str, float], *, free_tier: bool) -> dict[str, float]:
    """USD by item."""
    return {
        item: max(0.0, amount - (PRICES[item].free if free_tier else 0)) * PRICES[item].usd / PRICES[item].per
        for item, amount in used.items()
    }


def old_system(business: Business, *, free_tier: bool) -> tuple[float, float]:
    """Reads and USD of the two services that Restock replaces: every poll read every appointment."""
    reads = business.appointments * OLD_POLLS_A_DAY * DAYS
    return reads, bill({"reads": reads}, free_tier=free_tier)["reads"]


def _gib(memory: str) -> float:
    return float(memory[:-2]) / (1 if memory.endswith("Gi") else 1024)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--size", choices=SHOPS, help="one size only, item by item")
    for name, kind, what in (
        ("appointments", int, "documents in appointments"),
        ("parts", int, "documents in spare_parts"),
        ("completions-a-day", float, "completed appointments a day when busy"),
        ("forecasts-a-day", float, "forecast requests a day when busy"),
        ("learn-seconds", float, "how long a scheduled retrain takes, start included"),
        ("follow-seconds", float, "how long one that a threshold leads to takes, start included"),
    ):
        parser.add_argument(f"--{name}", type=kind, help=what)


def run(asked: argparse.Namespace) -> int:
    volumes = ("appointments", "parts", "completions_a_day", "forecasts_a_day", "learn_seconds", "follow_seconds")
    given = {name: getattr(asked, name) for name in volumes if getattr(asked, name) is not None}
    shops = {size: replace(shop, **given) for size, shop in SHOPS.items() if asked.size in (None, size)}
    print("USD a month. Prices and their dates: infra/prices.py.\n")
    print(f"{'':22}{'without free tiers':>20}{'with free tiers':>18}{'old system: reads':>20}{'USD':>10}")
    for size, busy in shops.items():
        for label, shop in (("idle", replace(busy, completions_a_day=0, forecasts_a_day=0)), ("busy", busy)):
            full, free = (sum(bill(usage(shop), free_tier=tier).values()) for tier in (False, True))
            reads, old = old_system(shop, free_tier=False)
            print(f"{size + ', ' + label:22}{full:20.2f}{free:18.2f}{reads:20,.0f}{old:10.2f}")
    for size, busy in shops.items():
        if asked.size:
            _items(size, busy)
    return 0


def _items(size: str, busy: Business) -> None:
    idle = replace(busy, completions_a_day=0, forecasts_a_day=0)
    print(f"\n{size}: {busy.appointments:,} appointments, {busy.parts} parts;")
    print(f"busy: {busy.completions_a_day:g} completions and {busy.forecasts_a_day:g} forecasts a day\n")
    print(f"{'':30}{'idle: amount':>16}{'USD':>10}{'busy: amount':>16}{'USD':>10}")
    quiet, full = usage(idle), usage(busy)
    quiet_usd, full_usd = bill(quiet, free_tier=False), bill(full, free_tier=False)
    for item, price in PRICES.items():
        print(f"{price.what:30}{quiet[item]:16,.3f}{quiet_usd[item]:10.4f}{full[item]:16,.3f}{full_usd[item]:10.4f}")
