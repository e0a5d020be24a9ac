"""How long a supplier takes, learnt from what came: five receipts make a distribution; before, the days given count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from restock.stored.order import RECEIVED, Order
from restock.written import fold

ENOUGH = 5
MOST_COUNTED = 50
"""The newest; a supplier of years ago is another."""
LONGEST_DAYS = 365
LATE = 0.95


@dataclass(frozen=True, slots=True)
class LeadTime:
    """Days from ordering to delivery: the chances of each, one of 1 where only a number was given.

    >>> LeadTime.of([5, 7, 7, 8, 20]).usual_days, LeadTime.of([5, 7, 7, 8, 20]).late_days, LeadTime.given(3).chances
    (7, 20, ((3, 1.0),))
    """

    chances: tuple[tuple[int, float], ...]
    receipts: int = 0

    @classmethod
    def given(cls, days: int) -> LeadTime:
        return cls(((days, 1.0),))

    @classmethod
    def of(cls, days: list[int]) -> LeadTime:
        return cls(tuple((one, days.count(one) / len(days)) for one in sorted(set(days))), len(days))

    @property
    def usual_days(self) -> int:
        """No longer than this at least every second time."""
        return self._within(0.5)

    @property
    def late_days(self) -> int:
        """No longer than this 19 times of 20."""
        return self._within(LATE)

    def _within(self, share: float) -> int:
        reached = 0.0
        for days, chance in self.chances:
            reached += chance
            if reached >= share - 1e-9:
                return days
        return self.chances[-1][0]


def learnt(orders: Iterable[Order], zone: tzinfo | None) -> Mapping[str, LeadTime]:
    """By supplier, folded; of those who have delivered often enough."""
    deliveries: dict[str, list[tuple[datetime, int]]] = {}
    for order in orders:
        came = order.status == RECEIVED and any(line.received for line in order.lines)
        if came and order.supplier and order.ordered_at and order.received_at:
            took = order.received_at.astimezone(zone).date() - order.ordered_at.astimezone(zone).date()
            days = min(max(0, took.days), LONGEST_DAYS)
            deliveries.setdefault(fold(order.supplier), []).append((order.received_at, days))
    return {
        supplier: LeadTime.of([days for _, days in sorted(its, reverse=True)[:MOST_COUNTED]])
        for supplier, its in deliveries.items()
        if len(its) >= ENOUGH
    }
