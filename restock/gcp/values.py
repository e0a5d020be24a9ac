"""Firestore's tagged values as Python's, for trigger events and full reads alike: promise 1 rests on one meaning.

The client's own decoding refuses a whole page for one reference into another project.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

DEEPEST = 20
"""Levels of lists and maps that are decoded; Firestore itself allows no more."""


def plain(value: Any, deepest: int = DEEPEST) -> Any:
    """One ``google.firestore.v1.Value`` as Python. A reference is the id it ends in; bytes and places stay opaque."""
    kind = value.WhichOneof("value_type")
    if kind == "timestamp_value":
        return _moment_or_none(value.timestamp_value)
    if kind == "map_value":
        return _map(value.map_value.fields, deepest - 1) if deepest else None
    if kind == "array_value":
        return [plain(entry, deepest - 1) for entry in value.array_value.values] if deepest else None
    if kind == "reference_value":
        return value.reference_value.rsplit("/", 1)[-1]
    if kind in ("null_value", None):
        return None
    return getattr(value, kind)


def _map(fields: Mapping[str, Any], deepest: int) -> dict[str, Any]:
    return {name: plain(value, deepest) for name, value in fields.items()}


def moment(timestamp: Any) -> datetime:
    """To the microsecond, as Firestore stores it. Raises OverflowError outside the calendar."""
    return _EPOCH + timedelta(seconds=timestamp.seconds, microseconds=timestamp.nanos // 1000)


def _moment_or_none(timestamp: Any) -> datetime | None:
    try:
        return moment(timestamp)
    except OverflowError:
        return None
