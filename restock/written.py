"""Days, numbers and names as text, understood in one way: in settings, parameters, imported files and documents.

Callers say what they accept beside these forms, and which values are too large; here only one form is right. What is
too long for it is refused before it is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import TypeVar

LONGEST_NUMBER = 40

Number = TypeVar("Number", int, float)

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_WHOLE = re.compile(r"-?[0-9]+")


def day(text: str) -> date:
    """
    >>> day("2026-03-02")
    datetime.date(2026, 3, 2)
    >>> day("2026-W10-1")
    Traceback (most recent call last):
    ValueError: is not a day; write YYYY-MM-DD
    """
    if len(text) == 10 and _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise ValueError("is not a day; write YYYY-MM-DD")


def number(text: str) -> float:
    """A decimal number with a point; one too large for a float is infinite.

    >>> number("2.5"), number("1e2")
    (2.5, 100.0)
    >>> number("1_0")
    Traceback (most recent call last):
    ValueError: is not a number
    """
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise ValueError("is not a number")
    return float(text)


def whole(text: str) -> int:
    """
    >>> whole("90")
    90
    """
    if len(text) > LONGEST_NUMBER or not _WHOLE.fullmatch(text):
        raise ValueError("is not a whole number")
    return int(text)


def ranged(read: Callable[[str], Number], low: Number, high: Number) -> Callable[[str], Number]:
    """Reads numbers of a range only.

    >>> ranged(whole, 1, 90)("91")
    Traceback (most recent call last):
    ValueError: is outside 1 to 90
    """

    def parse(text: str) -> Number:
        try:
            found = read(text)
        except ValueError as exc:
            raise ValueError(f"{exc}; write one from {low} to {high}") from exc
        if not low <= found <= high:
            raise ValueError(f"is outside {low} to {high}")
        return found

    return parse


def fold(name: str) -> str:
    """A name as it is compared: trimmed and without case, as the app does.

    >>> fold(" Air FILTER ")
    'air filter'
    """
    return name.strip().casefold()
