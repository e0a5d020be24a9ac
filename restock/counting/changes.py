"""What on_appointment leaves for the next retrain: one small document per touched appointment.

Merging is commutative and idempotent: usage and day come from the greatest ``source_time``, the two other times only
grow. Any order and any number of deliveries therefore give the same document::

    delivery 1  v1→v2 completed          source_time v2, completed_time v2   pending, awaiting
    delivery 2  v2→v3 list edited        source_time v3, completed_time v2   pending, awaiting
    retrain     trains v3                trained_time v3                     neither
    delivery 1  again, a day late        v2 < v3: nothing changes            neither
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from restock.counting.appointments import Rejection, Usage, UsedPart
from restock.errors import DamagedError

COLLECTION = "restock_changes"
SCHEMA = 1
READABLE_SCHEMAS = (1,)

TRAINED_CHANGES_STAY = timedelta(days=7)
"""How long a trained change guards its appointment against older deliveries, before TTL removes it."""

OLDEST_DELIVERY = timedelta(days=5)
"""Older deliveries may find their guard gone; they are reported, and the next rebuild repairs."""


def path_of(appointment: str) -> str:
    return f"{COLLECTION}/{appointment}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event, understood: what an appointment used before and after one write."""

    appointment: str
    source_time: datetime
    before: Usage
    after: Usage
    rejections: tuple[Rejection, ...] = ()

    @property
    def is_completion(self) -> bool:
        return self.before.is_empty and not self.after.is_empty


@dataclass(frozen=True, slots=True)
class Change:
    """The newest known usage of one appointment, and how much of it has been trained."""

    appointment: str
    usage: Usage
    source_time: datetime
    rules: str
    trained_time: datetime | None = None
    completed_time: datetime | None = None
    expire_at: datetime | None = None
    rejected: tuple[Rejection, ...] = ()

    @property
    def is_pending(self) -> bool:
        return self.trained_time is None or self.source_time > self.trained_time

    @property
    def is_awaiting(self) -> bool:
        """Counts towards the threshold: completed since it was last trained, and still so."""
        return (
            self.is_pending
            and not self.usage.is_empty
            and self.completed_time is not None
            and (self.trained_time is None or self.completed_time > self.trained_time)
        )


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


def to_fields(change: Change) -> dict[str, Any]:
    """As it is stored. ``pending`` and ``awaiting`` are there to be queried."""
    return {
        "usage": [part._asdict() for part in change.usage.parts],
        "day": change.usage.day.isoformat() if change.usage.day else None,
        "source_time": change.source_time,
        "trained_time": change.trained_time,
        "completed_time": change.completed_time,
        "pending": change.is_pending,
        "awaiting": change.is_awaiting,
        "expire_at": change.expire_at,
        "rejected": [rejection._asdict() for rejection in change.rejected] or None,
        "rules": change.rules,
        "schema": SCHEMA,
    }


def marks(change: Change) -> dict[str, Any]:
    """Of the stored fields those that training changes."""
    fields = to_fields(change)
    return {name: fields[name] for name in ("trained_time", "pending", "awaiting", "expire_at")}


def from_fields(appointment: str, fields: Mapping[str, Any]) -> Change:
    """Raises DamagedError for a layout this release does not read."""
    if fields.get("schema") not in READABLE_SCHEMAS:
        raise DamagedError(f"{path_of(appointment)}: schema {fields.get('schema')!r} is not among {READABLE_SCHEMAS}")
    try:
        day = fields.get("day")
        return Change(
            appointment,
            Usage(
                date.fromisoformat(day) if day else None,
                tuple(UsedPart(part["key"], part["name"], float(part["quantity"])) for part in fields["usage"]),
            ),
            _moment(fields["source_time"]),
            fields["rules"],
            _moment_or_none(fields.get("trained_time")),
            _moment_or_none(fields.get("completed_time")),
            _moment_or_none(fields.get("expire_at")),
            tuple(Rejection(entry["field"], entry["reason"]) for entry in fields.get("rejected") or ()),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise DamagedError(f"{path_of(appointment)}: {exc!r}") from exc


def _moment(value: Any) -> datetime:
    if not isinstance(value, datetime):
        raise TypeError(f"{value!r} is not a moment")
    return value


def _moment_or_none(value: Any) -> datetime | None:
    return None if value is None else _moment(value)
