"""What was used, as people and programs write it: numbers, and texts that can mean only one number."""

from __future__ import annotations

import math
import re
from typing import Any

from restock import written

MOST_UNITS = 1_000_000
LONGEST = 64

AMBIGUOUS = "may have thousands or decimals behind its comma or point"

_THOUSANDS = {mark: re.compile(rf"[+-]?[1-9][0-9]{{0,2}}(?:[{mark}][0-9]{{3}})+") for mark in (",", ".")}
_DECIMAL_COMMA = re.compile(r"([+-]?[0-9]*),([0-9]+)")
_WITH_UNIT = re.compile(r"([+-]?[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)\s*([^\W\d_][^\d,;:/*+-]*)")
_MULTIPLIERS = frozenset({"e", "k", "mio", "dozen", "dozens", "doz", "dz", "gross", "hundred", "thousand", "million"})
"""Words that would change the number before them, and the beginning of an exponent."""


def quantity_of(value: Any) -> float | str:  # noqa: PLR0911  # one return for each form a quantity is written in
    """Units as a float, or the reason why not.

    >>> quantity_of("1,5"), quantity_of("2 pcs")
    (1.5, 2.0)
    >>> quantity_of("1,200")
    'may have thousands or decimals behind its comma or point'
    """
    if isinstance(value, str):
        read = _number_in(value.strip()) if len(value) <= LONGEST else None
        if isinstance(read, str):
            return read
        value = value if read is None else read
    if value is None:
        return "is missing"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "is not a number"
    if not math.isfinite(value):
        return "is not finite"
    if value <= 0:
        return "is not positive"
    if value > MOST_UNITS:
        return f"is above {MOST_UNITS}"
    return float(value)


def may_be_thousands(text: str, mark: str) -> bool:
    """Whether this comma or point may part thousands as well as decimals: some write 1,200 for 1200, others for 1.2."""
    return bool(_THOUSANDS[mark].fullmatch(text))


def _number_in(text: str) -> float | str | None:
    """The one number a text can mean, or the reason why it could be two; None if it is no number."""
    with_unit = _WITH_UNIT.fullmatch(text)
    if with_unit and written.fold(with_unit[2]).rstrip(".") not in _MULTIPLIERS:
        text = with_unit[1]
        if may_be_thousands(text, "."):  # typed by a person; as a bare number it is a program's
            return AMBIGUOUS
    if may_be_thousands(text, ","):
        return AMBIGUOUS
    if comma := _DECIMAL_COMMA.fullmatch(text):
        text = f"{comma[1]}.{comma[2]}"
    try:
        return written.number(text)
    except ValueError:
        return None
