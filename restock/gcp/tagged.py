"""Firestore's tagged values, as its REST interface writes them in JSON, from and to Python's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any


def plain(document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a document or of a map. What is none of these kinds comes as None.

    >>> plain({"fields": {"stock": {"integerValue": "7"}, "at": {"timestampValue": "2026-05-04T06:00:00Z"}, "x": {}}})
    {'stock': 7, 'at': datetime.datetime(2026, 5, 4, 6, 0, tzinfo=datetime.timezone.utc), 'x': None}
    """
    return {field: _plain(tagged) for field, tagged in document.get("fields", {}).items()}


def _plain(tagged: Mapping[str, Any]) -> Any:
    kind, value = next(iter(tagged.items()), ("", None))
    return _PYTHON[kind](value) if kind in _PYTHON else None


_PYTHON: dict[str, Callable[[Any], Any]] = {
    "stringValue": str,
    "booleanValue": bool,
    "doubleValue": float,
    "integerValue": int,
    "timestampValue": datetime.fromisoformat,
    "arrayValue": lambda value: [_plain(entry) for entry in value.get("values", [])],
    "mapValue": plain,
}


def tagged(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The other way round. A field that is None is left out: in a document written whole it is then not there.

    >>> tagged({"stock": 7, "is": True, "lines": [{"n": 1.5}], "gone": None})["lines"]
    {'arrayValue': {'values': [{'mapValue': {'fields': {'n': {'doubleValue': 1.5}}}}]}}
    """
    return {name: _tagged(value) for name, value in fields.items() if value is not None}


def _tagged(value: Any) -> dict[str, Any]:  # noqa: PLR0911  # one line for each kind there is
    if isinstance(value, bool):
        return {"booleanValue": value}
    if isinstance(value, int):
        return {"integerValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, datetime):
        return {"timestampValue": value.astimezone(UTC).isoformat().replace("+00:00", "Z")}
    if isinstance(value, Mapping):
        return {"mapValue": {"fields": tagged(value)}}
    if isinstance(value, (list, tuple)):
        return {"arrayValue": {"values": [_tagged(entry) for entry in value]}}
    raise TypeError(f"cannot store {type(value).__name__}")
