"""What was forecast of the last weeks, to stand beside what came: kept in the head of the artifact, at no further read.

A week's figure is what the versions of that week expected, each of the days until the next one was trained. So it
never knew what it speaks of, and a rollback takes back what the version that was rolled back had said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

WEEKS = 13
"""Twelve whole ones, whatever weekday it is: as many as the artifact has days of demand to compare with."""
SHOWN = 12
_DECIMALS = 3


@dataclass(frozen=True, eq=False)
class Hindsight:
    expected: NDArray[np.float32]
    """[parts, WEEKS] units, from Monday to Sunday, the last column up to the last day known; nan: nothing was said."""

    @classmethod
    def unknown(cls, parts: int) -> Hindsight:
        return cls(np.full((parts, WEEKS), np.nan, np.float32))

    def to_json(self) -> list[list[float | None] | None]:
        rows = np.round(self.expected.astype(float), _DECIMALS).tolist()
        told = [[None if math.isnan(one) else one for one in row] for row in rows]
        return [row if any(one is not None for one in row) else None for row in told]

    @classmethod
    def from_json(cls, stored: Sequence[Any], parts: int) -> Hindsight:
        """Raises ValueError or its like for what does not fit an artifact of so many parts."""
        nothing = [None] * WEEKS
        expected = np.array([row or nothing for row in stored], np.float32).reshape(parts, WEEKS)
        if (expected < 0).any() or np.isinf(expected).any():
            raise ValueError("what was expected of a week is negative or not finite")
        return cls(expected)


def mondays(through: date) -> list[date]:
    """Of the columns' weeks."""
    last = through - timedelta(through.weekday())
    return [last - timedelta(7 * ago) for ago in reversed(range(WEEKS))]


def whole_weeks(through: date) -> list[tuple[int, date]]:
    """The columns whose weeks are over on that day, and their Mondays.

    >>> whole_weeks(date(2026, 5, 3))[-1], whole_weeks(date(2026, 5, 2))[-1]  # a Sunday, a Saturday
    ((12, datetime.date(2026, 4, 27)), (11, datetime.date(2026, 4, 20)))
    """
    weeks = list(enumerate(mondays(through)))
    return [(week, monday) for week, monday in weeks if monday + timedelta(6) <= through][-SHOWN:]
