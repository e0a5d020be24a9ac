"""Deliveries as Eventarc posts them: binary CloudEvents with a DocumentEventData body."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.events.cloud.firestore_v1.types.data import Document, DocumentEventData, Value

from local.eventarc import WRITTEN

Fields = Mapping[str, Any]


def delivery(
    appointment: str, before: Fields | None, after: Fields | None, *, written_at: datetime
) -> tuple[bytes, dict[str, str]]:
    """Body and headers of one event: a document written (before None: created; after None: deleted)."""
    document = f"appointments/{appointment}"
    name = f"projects/demo-bench/databases/(default)/documents/{document}"
    event = DocumentEventData()
    if before is not None:
        event.old_value = _document(name, before, written_at - timedelta(minutes=5))
    if after is not None:
        event.value = _document(name, after, written_at)
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
    return DocumentEventData.serialize(event), headers


def _document(name: str, fields: Fields, update_time: datetime) -> Document:
    values = {key: _value(value) for key, value in fields.items()}
    return Document(name=name, fields=values, create_time=update_time - timedelta(days=1), update_time=update_time)


def _value(value: Any) -> Value:  # noqa: PLR0911  # a line for each kind of value that Firestore knows
    if value is None:
        return Value(null_value=0)
    if isinstance(value, bool):
        return Value(boolean_value=value)
    if isinstance(value, int):
        return Value(integer_value=value)
    if isinstance(value, float):
        return Value(double_value=value)
    if isinstance(value, datetime):
        return Value(timestamp_value=value)
    if isinstance(value, str):
        return Value(string_value=value)
    if isinstance(value, Mapping):
        return Value(map_value={"fields": {key: _value(entry) for key, entry in value.items()}})
    return Value(array_value={"values": [_value(entry) for entry in value]})


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
