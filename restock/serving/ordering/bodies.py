"""What a JSON body may hold, declared once: the declarations check requests and are what /openapi.json shows.

As ``restock/serving/parameters.py`` for queries; here values come typed, in lists and records.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from restock import written
from restock.serving.app_contract import json_value
from restock.serving.http import HttpError
from restock.serving.parameters import Kind


class WrongError(ValueError):
    """A value that is none of its kind; ``path`` leads to it from where it was found, ``lines[3].quantity``."""

    def __init__(self, why: str, path: str = "") -> None:
        super().__init__(why)
        self.path = path

    def under(self, place: str) -> WrongError:
        dot = "." if self.path and not self.path.startswith("[") else ""
        return WrongError(str(self), f"{place}{dot}{self.path}")


@dataclass(frozen=True)
class Field:
    """One named value. ``None`` is taken where the field ``clears``: it removes what is known."""

    name: str
    help: str
    kind: Kind
    example: Any
    is_needed: bool = False
    clears: bool = False


def words(longest: int) -> Kind:
    """Text as a person types it, on several lines too. Half a surrogate pair can be stored nowhere."""

    def parse(value: Any) -> str:
        if not isinstance(value, str) or len(value) > longest:
            raise WrongError(f"must be text of at most {longest} characters")
        try:
            value.encode()
        except UnicodeEncodeError as exc:
            raise WrongError("must be text that can be written as UTF-8") from exc
        return value.strip()

    return Kind(parse, {"type": "string", "maxLength": longest})


def name_of(longest: int) -> Kind:
    """Text that says something."""
    inner = words(longest)

    def parse(value: Any) -> str:
        found: str = inner.parse(value)
        if not found:
            raise WrongError("must not be empty")
        return found

    return Kind(parse, {"type": "string", "minLength": 1, "maxLength": longest, "pattern": r"\S"})


def matching(pattern: str, words: str) -> Kind:
    is_one = re.compile(pattern, re.ASCII).fullmatch

    def parse(value: Any) -> str:
        if not isinstance(value, str) or not is_one(value):
            raise WrongError(f"must be {words}")
        return value

    return Kind(parse, {"type": "string", "pattern": f"^{pattern}$"})


def amount(low: float, high: float, *, above: bool = False) -> Kind:
    """A number from ``low`` on, or above it.

    >>> amount(0, 10, above=True).parse(0)
    Traceback (most recent call last):
    restock.serving.ordering.bodies.WrongError: must be a number above 0 and at most 10
    """
    told = f"above {low:g} and at most {high:g}" if above else f"from {low:g} to {high:g}"

    def parse(value: Any) -> float:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high
        if not is_number or (above and value == low) or not math.isfinite(value):
            raise WrongError(f"must be a number {told}")
        return float(value)

    least = {"exclusiveMinimum": low} if above else {"minimum": low}
    return Kind(parse, {"type": "number", **least, "maximum": high})


def whole(low: int, high: int) -> Kind:
    """To JSON 5.0 is as whole as 5."""

    def parse(value: Any) -> int:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or value != int(value):
            raise WrongError(f"must be a whole number from {low} to {high}")
        return int(value)

    return Kind(parse, {"type": "integer", "minimum": low, "maximum": high})


def _day(value: Any) -> Any:
    try:
        return written.day(value if isinstance(value, str) else "")
    except ValueError as exc:
        raise WrongError("must be a day like 2026-05-04") from exc


DAY = Kind(_day, {"type": "string", "format": "date"})


def one_of(*choices: str) -> Kind:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise WrongError(f"must be one of {', '.join(choices)}")
        return value

    return Kind(parse, {"type": "string", "enum": list(choices)})


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise WrongError("must be true or false")
    return value


FLAG = Kind(_flag, {"type": "boolean"})


def list_of(kind: Kind, most: int, least: int = 0) -> Kind:
    def parse(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise WrongError(f"must be a list of {least} to {most}" if least else f"must be a list of at most {most}")
        found = []
        for place, entry in enumerate(value):
            try:
                found.append(kind.parse(entry))
            except WrongError as exc:
                raise exc.under(f"[{place}]") from exc
        return tuple(found)

    return Kind(parse, {"type": "array", "items": kind.schema, "minItems": least, "maxItems": most})


def record_of(name: str, fields: Sequence[Field]) -> Kind:
    return Kind(lambda value: _read(value, fields), schema_of(name, fields))


def schema_of(name: str, fields: Sequence[Field]) -> dict[str, Any]:
    """As /openapi.json shows a body of these fields, under this name; no others are taken."""
    needed = [field.name for field in fields if field.is_needed]
    shown = {field.name: _shown(field) for field in fields}
    required = {"required": needed} if needed else {}
    return {"title": name, "type": "object", "properties": shown, **required, "additionalProperties": False}


def _shown(field: Field) -> dict[str, Any]:
    schema = {"anyOf": [field.kind.schema, {"type": "null"}]} if field.clears else field.kind.schema
    return {**schema, "description": field.help, "examples": [field.example]}


def read_body(body: bytes, fields: Sequence[Field]) -> dict[str, Any]:
    """The given values by name; raise HttpError 400 with the path of the first mistake."""
    try:
        return _read(json_value(body), fields)
    except WrongError as exc:
        what = exc.path or "The request body"
        raise HttpError(400, f"{what[:100]} {exc}", field=exc.path[:100]) from exc


def _read(value: Any, fields: Sequence[Field]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise WrongError("must be a JSON object")
    by_name = {field.name: field for field in fields}
    if unknown := [name for name in value if name not in by_name]:
        raise WrongError(f"is not a field here; known: {', '.join(by_name)}", json.dumps(unknown[0])[1:51].rstrip('"'))
    found = {}
    for field in fields:
        if field.name not in value:
            if field.is_needed:
                raise WrongError("is missing", field.name)
            continue
        given = value[field.name]
        try:
            found[field.name] = None if given is None and field.clears else field.kind.parse(given)
        except WrongError as exc:
            raise exc.under(field.name) from exc
    return found
