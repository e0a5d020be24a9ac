"""What tests build often: settings, appointments, their versions and events, payloads as the platform sends them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from local.document_event import document_event
from restock.counting.appointments import CountingRules, Usage, UsedPart
from restock.counting.count import AppointmentWritten, Version
from restock.settings import Settings
from restock.stored.change import Change

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TODAY = NOON.date()


def a_settings(**changed: Any) -> Settings:
    given = {
        "project": "demo-restock",
        "bucket": "demo-restock",
        "time_zone": "Europe/London",
        "retrain_queue": "projects/demo-restock/locations/europe-west1/queues/retrain",
        "retrain_url": "http://127.0.0.1:1/retrain",
        "rebuild_parallel": 1,  # no threads, so that the same steps give the same history
    }
    return Settings(**(given | changed))


def environment(**changed: str) -> dict[str, str]:
    """The variables every door needs."""
    return {
        "GOOGLE_CLOUD_PROJECT": "demo-restock",
        "RESTOCK_BUCKET": "demo-restock",
        "SHOP_TIME_ZONE": "Europe/London",
        "RETRAIN_QUEUE": "projects/demo-restock/locations/europe-west1/queues/retrain",
        "RETRAIN_URL": "http://127.0.0.1:1/retrain",
    } | changed


def rules(**changed: Any) -> CountingRules:
    return CountingRules.of(a_settings(**changed))


def part(name: Any = "Oil Filter", quantity: Any = 1, **more: Any) -> dict[str, Any]:
    return {"name": name, "quantity": quantity, "price": 9.5} | more


def appointment(status: Any = "completed", parts: Any = None, **more: Any) -> dict[str, Any]:
    """A booking as the app writes it; by default completed, with one oil filter used on the day of NOON."""
    return {
        "userId": "u1",
        "service": "Service",
        "date": "2026-03-02",
        "timeSlot": "09:00",
        "status": status,
        "spareParts": [part()] if parts is None else parts,
        "createdAt": NOON - timedelta(days=1),
    } | more


def written(
    id: str = "a1",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    at: datetime = NOON,
    *,
    before_at: datetime | None = None,
) -> AppointmentWritten:
    """The event of one write at ``at``; a deletion when only ``before`` is given."""
    old = Version(before, before_at or at - timedelta(minutes=5)) if before is not None else None
    return AppointmentWritten(id, old, Version(after, at) if after is not None else None, at)


def completion(id: str = "a1", at: datetime = NOON, **more: Any) -> AppointmentWritten:
    return written(id, appointment("in_process", []), appointment(**more), at)


def usage(*quantities: float, day: date = TODAY) -> Usage:
    """So many units of part p0, p1, ..."""
    return Usage(day, tuple(UsedPart(f"p{k}", f"P{k}", quantity) for k, quantity in enumerate(quantities)))


def change(id: str = "a1", used: Usage | None = None, at: datetime = NOON, **more: Any) -> Change:
    """A pending change, by default of a completion."""
    given = {"rules": rules().digest, "completed_time": at} | more
    return Change(id, usage(1) if used is None else used, at, **given)


def payload(  # noqa: PLR0913  # every part of an event, each with a default
    id: str = "a1",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    at: datetime = NOON,
    *,
    before_at: datetime | None = None,
    path: str = "appointments",
) -> bytes:
    """The same event as the platform sends it: DocumentEventData, serialized."""
    old = None if before is None else (before, before_at or at - timedelta(minutes=5))
    return document_event("demo-restock", f"{path}/{id}", old, None if after is None else (after, at))


def cloud_event(data: bytes, id: str = "a1", at: datetime = NOON, event: str = "e1") -> tuple[dict[str, str], bytes]:
    """Headers and body of the HTTP request that carries it, in CloudEvents' binary mode."""
    headers = {
        "ce-id": event,
        "ce-specversion": "1.0",
        "ce-source": "//firestore.googleapis.com/projects/demo-restock/databases/(default)",
        "ce-type": "google.cloud.firestore.document.v1.written",
        "ce-subject": f"documents/appointments/{id}",
        "ce-time": at.isoformat().replace("+00:00", "Z"),
        "Content-Type": "application/protobuf",
    }
    return headers, data
