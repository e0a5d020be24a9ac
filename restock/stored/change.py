"""``restock_changes/{appointment}``: what an appointment uses that the history may not know yet."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from sys import intern
from typing import Any

from restock.counting.appointments import Rejection, Usage, UsedPart
from restock.stored import names
from restock.stored.fields import check_schema, decoding, moment, needed, number, optional

SCHEMA = 2
READABLE_SCHEMAS = (1, 2)


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

    @property
    def is_lost(self) -> bool:
        """Completed with parts of which nothing could be counted: kept so that the next run reports it (promise 8)."""
        return self.usage.is_empty and bool(self.rejected)

    def to_fields(self) -> dict[str, Any]:
        """As it is stored. ``pending`` and ``awaiting`` are there to be queried."""
        return {
            "usage": [part._asdict() for part in self.usage.parts],
            "day": self.usage.day.isoformat() if self.usage.day else None,
            "service": self.usage.service or None,
            "booked_on": self.usage.booked_on.isoformat() if self.usage.booked_on else None,
            "source_time": self.source_time,
            "trained_time": self.trained_time,
            "completed_time": self.completed_time,
            "pending": self.is_pending,
            "awaiting": self.is_awaiting,
            "expire_at": self.expire_at,
            "rejected": [rejection._asdict() for rejection in self.rejected] or None,
            "rules": self.rules,
            "schema": SCHEMA,
        }

    def marks(self) -> dict[str, Any]:
        """Of the stored fields those that training changes."""
        fields = self.to_fields()
        return {name: fields[name] for name in ("trained_time", "pending", "awaiting", "expire_at")}

    @classmethod
    def from_fields(cls, appointment: str, fields: Mapping[str, Any]) -> Change:
        """Raises DamagedError for anything but a whole change of a layout this release reads."""
        with decoding(names.change(appointment)):
            check_schema(fields, READABLE_SCHEMAS)
            usage = Usage(
                _day(fields, "day"),
                tuple(map(_part, needed(fields, "usage", list))),
                optional(fields, "service", str) or "",
                _day(fields, "booked_on"),
            )
            return cls(
                appointment,
                usage,
                moment(fields, "source_time"),
                intern(needed(fields, "rules", str)),  # as keys and names below: of many changes few differ
                optional(fields, "trained_time", datetime),
                optional(fields, "completed_time", datetime),
                optional(fields, "expire_at", datetime),
                tuple(map(_rejection, optional(fields, "rejected", list) or [])),
            )


def marks_to_be_found(fields: Mapping[str, Any]) -> dict[str, Any]:
    """For a change that cannot be read, and so may say anything: runs look at what says that it is pending."""
    return {} if fields.get("pending") is True else {"pending": True, "expire_at": None}


def _day(fields: Mapping[str, Any], name: str) -> date | None:
    day = optional(fields, name, str)
    return date.fromisoformat(day) if day else None


def _part(stored: Mapping[str, Any]) -> UsedPart:
    quantity = number(stored, "quantity")
    if not 0 < quantity < math.inf:
        raise ValueError(f"quantity is {quantity}")
    return UsedPart(intern(needed(stored, "key", str)), intern(needed(stored, "name", str)), quantity)


def _rejection(stored: Mapping[str, Any]) -> Rejection:
    return Rejection(needed(stored, "field", str), needed(stored, "reason", str))
