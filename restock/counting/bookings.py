"""What is booked: which bookings are still to be done, on which day, as which service; and how some days' are read.

The app's documents can be asked for by one field at a time, and a day stands in one of two, which is a Timestamp or a
text: three queries with bounds, and what the clause cannot say is decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from restock.counting.appointments import (
    MOST_DAYS_AHEAD,
    RESCHEDULED,
    CountingRules,
    booked_field,
    is_completed,
    status_word,
)
from restock.counting.days import read_day
from restock.counting.services import read_service
from restock.stored import names

FIELDS = ("status", "service", "date", RESCHEDULED)
"""All that is read of a booking: nothing about people."""
NOT_COMING = frozenset({"cancelled", "canceled", "rejected"})
MOST_READ = 5000
BOOKABLE_YEARS = range(2000, 9990)
"""Outside, a step of some days could leave the calendar."""


class BookingDocuments(Protocol):
    """What is needed of Firestore."""

    def between(
        self, collection: str, field: str, bounds: tuple[Any, Any], fields: tuple[str, ...], most: int
    ) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """Id and fields of documents whose field is from the first bound until before the second, the least first."""


@dataclass(frozen=True, slots=True)
class Booking:
    id: str
    day: date
    service: str


@dataclass(frozen=True, slots=True)
class Booked:
    """The bookings of some days that are still to be done, by day."""

    bookings: tuple[Booking, ...]
    read: int = 0
    """Documents."""
    is_cut: bool = False
    """There were more documents than are read."""

    def services(self) -> dict[str, int]:
        """How many bookings there are of each."""
        return dict(Counter(booking.service for booking in self.bookings))


def read_booked(
    documents: BookingDocuments, start: date, days: int, rules: CountingRules, *, done_too: bool = False
) -> Booked:
    """The bookings from ``start`` on, each once, whichever of its fields led to it."""
    if start.year not in BOOKABLE_YEARS:
        return Booked(())
    end, zone = start + timedelta(days), ZoneInfo(rules.time_zone)
    a_day = timedelta(1)  # a text may name its zone, and then mean the day beside
    texts = (start - a_day).isoformat(), (end + a_day).isoformat()
    moments = datetime.combine(start, time(), zone), datetime.combine(end, time(), zone)
    found: dict[str, Mapping[str, Any]] = {}
    read, is_cut = 0, False
    queries: tuple[tuple[str, tuple[Any, Any]], ...] = ((RESCHEDULED, moments), (RESCHEDULED, texts), ("date", texts))
    for field, bounds in queries:
        rows = list(documents.between(names.APPOINTMENTS, field, bounds, FIELDS, MOST_READ - read))
        read += len(rows)
        found.update(rows)
        if is_cut := read >= MOST_READ:
            break
    bookings = (booking_of(id, fields, rules, end, done_too=done_too) for id, fields in found.items())
    wanted = [booking for booking in bookings if booking is not None and start <= booking.day < end]
    return Booked(tuple(sorted(wanted, key=lambda one: (one.day, one.id))), read, is_cut)


def booking_of(
    id: str, fields: Mapping[str, Any], rules: CountingRules, seen_from: date, *, done_too: bool = False
) -> Booking | None:
    """None if it is done, will not be, or names no day. Days further ahead than can be booked are typing errors."""
    status = fields.get("status")
    if (is_completed(status, rules) and not done_too) or status_word(status) in NOT_COMING:
        return None
    zone = ZoneInfo(rules.time_zone)
    days = {field: read_day(fields.get(field), zone) for field in ("date", RESCHEDULED)}
    usable = {field: read for field, read in days.items() if read and (read.day - seen_from).days <= MOST_DAYS_AHEAD}
    booked = booked_field(usable)
    return Booking(id, usable[booked].day, read_service(fields.get("service"))[0]) if booked else None
