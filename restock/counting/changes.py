"""What on_appointment leaves for the next retrain: one small document per touched appointment.

Merging is commutative and idempotent: usage and day come from the greatest ``source_time``, the two other times only
grow. Any order and any number of deliveries therefore give the same document::

    delivery 1  v1→v2 completed          source_time v2, completed_time v2   pending, awaiting
    delivery 2  v2→v3 list edited        source_time v3, completed_time v2   pending, awaiting
    retrain     trains v3                trained_time v3                     neither
    delivery 1  again, a day late        v2 < v3: nothing changes            neither
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from restock.counting.appointments import Rejection, Usage
from restock.stored.change import Change

TRAINED_CHANGES_STAY = timedelta(days=7)
"""How long a trained change guards its appointment against older deliveries, before TTL removes it."""

OLDEST_DELIVERY = timedelta(days=5)
"""Older deliveries may find their guard gone; they are reported, and the next rebuild repairs."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event, understood: what an appointment used before and after one write."""

    appointment: str
    source_time: datetime
    before: Usage
    after: Usage
    rejections: tuple[Rejection, ...] = ()
    rejections_before: tuple[Rejection, ...] = ()

    @property
    def changes_nothing(self) -> bool:
        """Usage is as it was; so is what was rejected, where that left no usage at all (promise 8)."""
        return self.before == self.after and (not self.after.is_empty or self.rejections == self.rejections_before)

    @property
    def is_completion(self) -> bool:
        return self.before.is_empty and not self.after.is_empty


def merged(existing: Change | None, delivery: Delivery, rules: str) -> Change:
    """Promise 1: the change after one more delivery, whatever came before it and in whichever order."""
    if existing is None:
        completed_time = delivery.source_time if delivery.is_completion else None
        return Change(
            delivery.appointment,
            delivery.after,
            delivery.source_time,
            rules,
            completed_time=completed_time,
            rejected=delivery.rejections,
        )
    change = existing
    if delivery.source_time > existing.source_time:
        change = replace(
            change,
            usage=delivery.after,
            source_time=delivery.source_time,
            rules=rules,
            rejected=delivery.rejections,
        )
    if delivery.is_completion:
        change = replace(change, completed_time=later(change.completed_time, delivery.source_time))
    return replace(change, expire_at=None) if change.is_pending else change


def trained(change: Change, until: datetime, now: datetime) -> Change:
    """The change after what ``until`` names was trained; it only grows, and only what is fully trained may expire."""
    change = replace(change, trained_time=later(change.trained_time, until))
    return replace(change, expire_at=None if change.is_pending else now + TRAINED_CHANGES_STAY)


def later(one: datetime | None, other: datetime) -> datetime:
    return other if one is None else max(one, other)
