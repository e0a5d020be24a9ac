"""Decoding what is stored, once, at the boundary: a value of the wrong kind is damage, told with the field's name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from restock.errors import DamagedError

S = TypeVar("S")
T = TypeVar("T")


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """Whatever goes wrong in here is damage of ``what``."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
        raise DamagedError(f"{what}: {exc!r}") from exc


def if_readable(read: Callable[[S], T], stored: S | None) -> T | None:
    """What is stored as ``read`` has it; None where nothing is, or nothing that this release can read."""
    try:
        return None if stored is None else read(stored)
    except DamagedError:
        return None


def check_schema(fields: Mapping[str, Any], readable: tuple[int, ...]) -> None:
    if fields["schema"] not in readable:
        raise ValueError(f"schema {fields['schema']!r} is not among {readable}")


def needed(fields: Mapping[str, Any], name: str, kind: type[T]) -> T:
    """A bool is no number, whatever Python says."""
    value = fields[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{name} is no {kind.__name__}")
    return value


def optional(fields: Mapping[str, Any], name: str, kind: type[T]) -> T | None:
    return None if fields.get(name) is None else needed(fields, name, kind)


def number(fields: Mapping[str, Any], name: str) -> float:
    """Stored as a whole number or not: Firestore and JSON tell them apart, nobody else does."""
    value = fields[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{name} is no number")
    return float(value)


def moment(fields: Mapping[str, Any], name: str) -> datetime:
    return needed(fields, name, datetime)


def present(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without the fields that say nothing, where None inside of a map would be stored."""
    return {name: value for name, value in fields.items() if value is not None}
