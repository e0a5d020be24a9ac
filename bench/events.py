"""Deliveries as Eventarc posts them: binary CloudEvents with a DocumentEventData body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from local.document_event import document_event
from local.triggers import WRITTEN
from restock.stored import names

Fields = Mapping[str, Any]


def delivery(
    appointment: str, before: Fields | None, after: Fields | None, *, written_at: datetime
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one event: a document written (before None: created; after None: deleted)."""
    document = names.appointment(appointment)
    body = document_event(
        "demo-bench",
        document,
        None if before is None else (before, written_at - timedelta(minutes=5)),
        None if after is None else (after, written_at),
    )
    headers = {
        "Content-Type": "application/protobuf",
        "ce-id": f"{appointment}-{written_at:%H%M%S%f}",
        "ce-source": "//firestore.googleapis.com/projects/demo-bench/databases/(default)",
        "ce-specversion": "1.0",
        "ce-type": WRITTEN,
        "ce-time": written_at.isoformat(),
        "ce-subject": f"documents/{document}",
        "ce-document": document,
    }
    return body, headers


def booking(day: str) -> dict[str, Any]:
    """An appointment in the works, with the fields the app writes."""
    return {
        "userId": "user-042",
        "service": "Full service",
        "date": day,
        "timeSlot": "10:00",
        "dateTime": datetime.now(UTC),
        "status": "in_process",
        "spareParts": None,
        "createdAt": datetime.now(UTC) - timedelta(days=3),
        "updatedAt": datetime.now(UTC),
        "rating": None,
    }


def completed(day: str, parts: int = 2) -> dict[str, Any]:
    """The same appointment after the clerk's update."""
    entries = [{"id": f"part-{k:05d}", "name": f"Part {k}", "quantity": 1 + k % 2, "price": 9.5} for k in range(parts)]
    return {**booking(day), "status": "completed", "spareParts": entries}
