"""Parameters of API v1, declared once: the declaration validates requests and is what /openapi.json shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from restock import written
from restock.serving.http import HttpError

LONGEST_QUERY = 16_384
MOST_FIELDS = 512
LONGEST_PER_PART = 500


class Kind(NamedTuple):
    """What values a parameter takes. ``parse`` raises ValueError with the remedy.

    Made by the functions below rather than by a class each: classes cost the start of every instance.
    """

    parse: Callable[[str], Any]
    schema: dict[str, Any]


def _reading(read: Callable[[str], Any], remedy: str, schema: dict[str, Any]) -> Kind:
    """What only one reader takes, refused in words of the API's."""

    def parse(text: str) -> Any:
        try:
            return read(text)
        except ValueError as exc:
            raise ValueError(remedy) from exc

    return Kind(parse, schema)


def whole(low: int, high: int) -> Kind:
    """
    >>> whole(1, 90).parse("91")
    Traceback (most recent call last):
    ValueError: must be a whole number from 1 to 90
    """
    schema = {"type": "integer", "minimum": low, "maximum": high}
    return _reading(written.ranged(written.whole, low, high), f"must be a whole number from {low} to {high}", schema)


def number(low: float, high: float) -> Kind:
    schema = {"type": "number", "minimum": low, "maximum": high}
    return _reading(written.ranged(written.number, low, high), f"must be a number from {low} to {high}", schema)


DAY = _reading(written.day, "must be a day like 2026-05-04", {"type": "string", "format": "date"})


def text_of(longest: int) -> Kind:
    def parse(text: str) -> str:
        if 0 < len(text) <= longest:
            return text
        raise ValueError(f"must have 1 to {longest} characters")

    return Kind(parse, {"type": "string", "minLength": 1, "maxLength": longest})


def one_of(*words: str) -> Kind:
    def parse(text: str) -> str:
        if text in words:
            return text
        raise ValueError(f"must be one of {', '.join(words)}")

    return Kind(parse, {"type": "string", "enum": list(words)})


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text == "true"


FLAG = Kind(_flag, {"type": "boolean"})


def list_of(kind: Kind, most: int) -> Kind:
    """Values separated by commas in one parameter.

    >>> list_of(number(0.01, 0.999), most=9).parse("0.5,0.9")
    (0.5, 0.9)
    """

    def parse(text: str) -> tuple[Any, ...]:
        words = text.split(",", most)
        if len(words) > most:
            raise ValueError(f"takes at most {most} values")
        return tuple(kind.parse(word) for word in words)

    return Kind(parse, {"type": "array", "items": kind.schema, "minItems": 1, "maxItems": most})


def per_part(pattern: str, convert: Callable[[str], Any], words: str) -> Kind:
    """A value for one part: its key or name, a colon, and what matches the pattern.

    >>> per_part("[0-9]{1,2}", int, "a whole number below 100").parse("oil:filter:14")
    ('oil:filter', 14)
    """

    def parse(text: str) -> tuple[str, Any]:
        part, _, value = text.rpartition(":") if len(text) <= LONGEST_PER_PART else ("", "", "")
        if not part or not is_value(value):
            raise ValueError(f"must be a part's key, a colon and {words}")
        return part, convert(value)

    is_value = re.compile(pattern, re.ASCII).fullmatch
    return Kind(parse, {"type": "string", "maxLength": LONGEST_PER_PART, "pattern": f"^.+:({pattern})$"})


@dataclass(frozen=True)
class Parameter:
    """``repeats`` is how often it may be given; more than once makes its value a tuple."""

    name: str
    help: str
    kind: Kind
    default: Any = None
    repeats: int = 1

    def openapi(self) -> dict[str, Any]:
        schema = dict(self.kind.schema)
        if self.default not in (None, ()):
            schema["default"] = list(self.default) if isinstance(self.default, tuple) else self.default
        if self.repeats > 1:
            schema = {"type": "array", "items": schema, "maxItems": self.repeats}
        style = {"style": "form", "explode": self.repeats > 1} if schema["type"] == "array" else {}
        return {"name": self.name, "in": "query", "description": self.help, "schema": schema, **style}


def read_query(query: str, declared: Sequence[Parameter]) -> dict[str, Any]:
    """The values of a query string by parameter name; raise HttpError 400 with the field at the first mistake.

    >>> read_query("days=3", [Parameter("days", "", whole(1, 90), default=7), Parameter("part", "", text_of(9), (), 5)])
    {'days': 3, 'part': ()}
    """
    by_name = {parameter.name: parameter for parameter in declared}
    given: dict[str, list[Any]] = {}
    for name, text in _pairs(query):
        if name not in by_name:
            known = ", ".join(by_name) or "none"
            raise HttpError(400, f"{name[:50]!r} is not a parameter here; known: {known}", field=name[:50])
        try:
            given.setdefault(name, []).append(by_name[name].kind.parse(text))
        except ValueError as exc:
            raise HttpError(400, f"{name} {exc}", field=name) from exc
        if len(given[name]) > by_name[name].repeats:
            raise HttpError(400, f"{name} may be given {by_name[name].repeats} time(s)", field=name)
    return {name: _value(parameter, given) for name, parameter in by_name.items()}


def _value(parameter: Parameter, given: Mapping[str, list[Any]]) -> Any:
    if parameter.name not in given:
        return parameter.default
    values = given[parameter.name]
    return tuple(values) if parameter.repeats > 1 else values[0]


def _pairs(query: str) -> list[tuple[str, str]]:
    if len(query) > LONGEST_QUERY:
        raise HttpError(400, f"The query is longer than {LONGEST_QUERY} characters")
    try:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as exc:
        raise HttpError(400, "The query is not readable: UTF-8, percent-encoded, at most 512 parameters") from exc
