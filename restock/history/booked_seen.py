"""The book as every learning run saw it: how many bookings stood in it for each of the next days, by service.

Completed appointments alone would be a biased teacher: a cancelled booking is deleted, and one that was moved says only
where it went, so what a book of the past held can't be read back. Each learning run keeps the counts it saw, no ids, in
one write-once file that the pointer names, made of the last one and this run's sighting.

Nothing in it is dropped for its date: a run whose clock is wrong must not lose what others saw.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from restock.counting.bookings import Booked
from restock.stored.fields import check_schema, decoding
from restock.stored.near_days import DAYS

SCHEMA = 1
READABLE_SCHEMAS = (1,)
MOST_SIGHTINGS = 200
MOST_SERVICES = 40
OTHERS = ""
"""Bookings without a service, and those of services too many to be told apart."""

Sighting = Mapping[str, tuple[int, ...]]
"""By service: bookings for the day of the sighting and each of the days after."""


@dataclass(frozen=True, slots=True)
class BookedSeen:
    """By the day on which they were seen."""

    sightings: Mapping[date, Sighting] = field(default_factory=dict)

    @property
    def has_any(self) -> bool:
        """A shop that books nothing has nothing to learn."""
        return any(self.sightings.values())

    def sighted(self, today: date, booked: Booked) -> BookedSeen:
        """With what this run sees; of one day the last sighting stays."""
        counted: dict[str, list[int]] = {}
        told = sorted(booked.services().items(), key=lambda one: (-one[1], one[0]))[:MOST_SERVICES]
        services = {service for service, _ in told}
        for booking in booked.bookings:
            ahead = (booking.day - today).days
            if 0 <= ahead < DAYS:
                name = booking.service if booking.service in services else OTHERS
                counted.setdefault(name, [0] * DAYS)[ahead] += 1
        found = {**self.sightings, today: {name: tuple(counts) for name, counts in counted.items()}}
        return BookedSeen({day: found[day] for day in sorted(found)[-MOST_SIGHTINGS:]})

    def to_bytes(self) -> bytes:
        """As stored; equal sights are equal bytes."""
        sightings = {
            day.isoformat(): {name: list(counts) for name, counts in sorted(sighting.items())}
            for day, sighting in sorted(self.sightings.items())
        }
        return json.dumps({"schema": SCHEMA, "sightings": sightings}, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes) -> BookedSeen:
        """Raises DamagedError for anything else."""
        with decoding("the bookings seen"):
            stored: dict[str, Any] = json.loads(data)
            check_schema(stored, READABLE_SCHEMAS)
            return cls({date.fromisoformat(day): _read(sighting) for day, sighting in stored["sightings"].items()})


def _read(stored: Mapping[str, Any]) -> Sighting:
    found = {name: tuple(int(count) for count in counts) for name, counts in stored.items()}
    if any(len(counts) != DAYS or min(counts) < 0 for counts in found.values()):
        raise ValueError("a sighting is of other days")
    return found
