"""What bookings say of the next days: by part and day, how much more or less than usual, frozen in the artifact.

A day for which more is booked than usual lasts longer in operational time, one for which less is booked lasts shorter.
So mean, quantiles and chances move together, and every law that holds of them without bookings holds with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restock.stored.fields import needed

DAYS = 14
LEAST, MOST = 0.05, 5.0
DECIMALS = 3


@dataclass(frozen=True, eq=False)
class NearDays:
    first_day: date
    factors: NDArray[np.float64]
    """[parts, DAYS]; 1 is as usual."""

    def of(self, start: date, days: int) -> NDArray[np.float64]:
        """Factors [parts, days] of any days; those that nothing is known of are as usual."""
        found = np.ones((len(self.factors), days))
        ahead = (start - self.first_day).days
        first, end = max(ahead, 0), min(ahead + days, DAYS)
        if first < end:
            found[:, first - ahead : end - ahead] = self.factors[:, first:end]
        return found

    def only(self, rows: Any) -> NearDays:
        """Some of the parts."""
        return NearDays(self.first_day, self.factors[rows])

    def to_json(self) -> dict[str, Any]:
        """Without the parts that are as usual."""
        told = self.factors.round(DECIMALS)
        rows = np.flatnonzero((told != 1).any(axis=1))
        return {"first_day": self.first_day.isoformat(), "factors": {str(row): told[row].tolist() for row in rows}}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], parts: int) -> NearDays:
        """Raises ValueError or its like for what does not fit an artifact of so many parts."""
        factors = np.ones((parts, DAYS))
        told: dict[str, Any] = needed(stored, "factors", dict)
        for row, its in told.items():
            if not 0 <= int(row) < parts or len(its) != DAYS:
                raise ValueError("what is booked does not fit the parts")
            factors[int(row)] = its
        if not ((factors >= LEAST) & (factors <= MOST)).all():  # nor if one is not a number
            raise ValueError("what is booked would change demand beyond all bounds")
        return cls(date.fromisoformat(needed(stored, "first_day", str)), factors)
