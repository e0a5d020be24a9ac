"""One appointment document → the usage it stands for: which parts, how many, on which day.

A pure function of one version of the document, its update time and the counting rules. No clock is read, so the same
version means the same thing in every delivery, in every rebuild, on every day.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from restock.counting.days import WrittenDay, read_day
from restock.counting.quantities import quantity_of
from restock.counting.services import read_service
from restock.settings import Settings
from restock.written import fold

PARSING = 3
"""Raise this when the same document comes to mean something else: histories counted before are then rebuilt."""

DAY_FIELDS = ("date", "appointmentDate", "completedDate", "dateTime", "timestamp", "createdAt")
"""Where the day of a completion is looked for; the first usable one counts."""

BOOKED = "createdAt"
"""When the booking was made."""

FIELDS_READ = ("status", "spareParts", "service", *DAY_FIELDS)
"""All that counting ever reads of an appointment."""

KNOWN_STATUSES = frozenset({"pending", "confirmed", "in_process", "cancelled", "rejected"})
"""What the app writes of a booking that is not completed."""

RESCHEDULED = "dateTime"
"""The one field the app writes when a booking is moved; ``date`` keeps the old day."""

MOST_DAYS_AHEAD = 90  # the app's calendar ends there
MOST_ENTRIES = 500  # of one appointment: no repair uses as many
NO_STATUS = "no status"
LONGEST_STATUS = 40
LONGEST_NAME = 500  # characters; Firestore allows no key above 1,500 bytes

_ENUM_TEXT = re.compile(r"(?:\w+\.)?(?:[A-Z_]\w*|\w*(?:status|state))\.(\w+)")


@dataclass(frozen=True, slots=True)
class CountingRules:
    """The settings on which the meaning of an appointment depends."""

    time_zone: str
    completed_statuses: frozenset[str]
    history_start: date
    keep_usage_when_deleted_after_days: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> CountingRules:
        return cls(
            settings.time_zone,
            settings.completed_statuses,
            settings.history_start,
            settings.keep_usage_when_deleted_after_days,
        )

    @property
    def digest(self) -> str:
        """Names these rules; stored with everything counted by them."""
        basis = [
            PARSING,
            self.time_zone,
            sorted(self.completed_statuses),
            self.history_start.isoformat(),
            self.keep_usage_when_deleted_after_days,
        ]
        return hashlib.sha256(json.dumps(basis).encode()).hexdigest()[:16]

    def day_at(self, moment: datetime) -> date:
        """The day in the shop's time zone."""
        return moment.astimezone(ZoneInfo(self.time_zone)).date()


class UsedPart(NamedTuple):
    key: str
    name: str
    quantity: float


@dataclass(frozen=True, slots=True)
class Usage:
    """What one appointment used. Without parts it is empty: not completed, or nothing countable."""

    day: date | None = None
    parts: tuple[UsedPart, ...] = ()
    service: str = ""
    """Folded; empty if none was named."""
    booked_on: date | None = None
    """The day on which the booking was made, if it says."""

    @property
    def is_empty(self) -> bool:
        return not self.parts


NOTHING = Usage()


class Rejection(NamedTuple):
    """A field that could not be counted, and why."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counted:
    usage: Usage
    rejections: tuple[Rejection, ...] = ()

    @property
    def is_lost(self) -> bool:
        """Completed and with parts, of which nothing could be counted."""
        return self.usage.is_empty and bool(self.rejections)


def usage_of(fields: Mapping[str, Any] | None, update_time: datetime, rules: CountingRules) -> Counted:
    """The usage of one version of an appointment; None stands for a deleted one.

    Promise 8: what cannot be counted is reported beside the rest, never raised.
    """
    if fields is None or not is_completed(fields.get("status"), rules):
        return Counted(NOTHING)
    rejections: list[Rejection] = []
    parts = _parts_of(fields.get("spareParts"), rejections)
    if not parts:
        return Counted(NOTHING, tuple(rejections))
    job = _job_of(fields, update_time, rules, rejections)
    if job is None:
        rejections.append(Rejection("date", "no usable day in any date field"))
        return Counted(NOTHING, tuple(rejections))
    return Counted(replace(job, parts=parts), tuple(rejections))


def job_without_parts(fields: Mapping[str, Any], update_time: datetime, rules: CountingRules) -> Usage | None:
    """What is known of a completed job that lists no parts: nothing to count, but one of its service's jobs."""
    if fields.get("spareParts") or not is_completed(fields.get("status"), rules):
        return None
    return _job_of(fields, update_time, rules, [])


def is_completed(status: Any, rules: CountingRules) -> bool:
    """Exact match after trimming and folding case: 'Completed ' is, 'incomplete' and 'not completed' are not."""
    is_named = isinstance(status, str) and fold(status) in rules.completed_statuses
    return is_named or status_word(status) in rules.completed_statuses


def status_word(status: Any) -> str:
    """A status as it is compared and told: folded, and of Dart's enum text its last word.

    >>> status_word("AppointmentStatus.completed ")
    'completed'
    """
    if status is None:
        return NO_STATUS
    if isinstance(status, bool) or not isinstance(status, (str, int)):
        return f"a {type(status).__name__}"
    word = str(status)[: 2 * LONGEST_STATUS].strip()
    enum = _ENUM_TEXT.fullmatch(word)
    return fold(enum[1] if enum else word)[:LONGEST_STATUS] or NO_STATUS


def status_passed_over(fields: Mapping[str, Any], rules: CountingRules) -> str | None:
    """The status for which an appointment with parts is not counted; None if it is, or lists no parts."""
    status = fields.get("status")
    return status_word(status) if fields.get("spareParts") and not is_completed(status, rules) else None


def is_kept_when_deleted(usage: Usage, deleted_at: datetime, rules: CountingRules) -> bool:
    """Whether deleting an appointment this old is housekeeping rather than a withdrawal."""
    days = rules.keep_usage_when_deleted_after_days
    return days is not None and usage.day is not None and usage.day <= rules.day_at(deleted_at) - timedelta(days=days)


def _entries_of(listed: Any) -> list[Any] | None:
    """The entries of a list, or of a map that some app or export made of one; None for anything else.

    Ordered, for Firestore keeps no order of a map.
    """
    if isinstance(listed, list):
        return listed
    if not isinstance(listed, Mapping):
        return None
    if "quantity" in listed and not isinstance(listed["quantity"], Mapping):
        return [listed]
    is_list = all(name.isdigit() for name in listed) or all(isinstance(entry, Mapping) for entry in listed.values())
    return [listed[name] for name in sorted(listed, key=lambda name: (len(name), name))] if is_list else None


def _parts_of(listed: Any, rejections: list[Rejection]) -> tuple[UsedPart, ...]:
    """The parts of the list with their quantities, one entry a key, ordered by key."""
    if listed is None:
        return ()
    entries = _entries_of(listed)
    if entries is None:
        rejections.append(Rejection("spareParts", "is not a list"))
        return ()
    if len(entries) > MOST_ENTRIES:
        rejections.append(Rejection("spareParts", f"has more entries than the {MOST_ENTRIES} that are counted"))
    names: dict[str, str] = {}
    quantities: dict[str, list[float]] = {}
    for entry in entries[:MOST_ENTRIES]:
        if not isinstance(entry, Mapping):
            rejections.append(Rejection("spareParts", "an entry is not a map"))
            continue
        quantity = quantity_of(entry.get("quantity"))
        if isinstance(quantity, str):
            rejections.append(Rejection("spareParts.quantity", quantity))
            continue
        written = entry.get("name")
        name = written.strip() if isinstance(written, str) else ""
        key = _key_of(entry.get("id"), name)
        if key is None:
            rejections.append(Rejection("spareParts", "an entry has neither a usable id nor a usable name"))
            continue
        names.setdefault(key, name[:LONGEST_NAME])
        quantities.setdefault(key, []).append(quantity)
    # fsum, so that the order of the list cannot matter
    return tuple(UsedPart(key, names[key], math.fsum(quantities[key])) for key in sorted(quantities))


def _key_of(part_id: Any, name: str) -> str | None:
    if isinstance(part_id, str) and 0 < len(part_id.strip()) <= LONGEST_NAME:
        return part_id.strip()
    return fold(name) if 0 < len(name) <= LONGEST_NAME else None


def _job_of(
    fields: Mapping[str, Any], update_time: datetime, rules: CountingRules, rejections: list[Rejection]
) -> Usage | None:
    """Its service, when it was booked, and its day: the booked one, or that of this write if the job was done before.

    Days before HISTORY_START, or further ahead than can be booked, are typing errors.
    """
    latest, zone = rules.day_at(update_time), ZoneInfo(rules.time_zone)
    usable: dict[str, WrittenDay] = {}
    unusable: dict[str, str] = {}
    for field in DAY_FIELDS:
        value = fields.get(field)
        if value is None:
            continue
        read = read_day(value, zone)
        if read is None:
            unusable[field] = "is not a date"
        elif read.day < rules.history_start:
            unusable[field] = "is before HISTORY_START"
        elif (read.day - latest).days > MOST_DAYS_AHEAD:
            unusable[field] = "is in the future"
        else:
            usable[field] = read
    booked = booked_field(usable)
    asked = DAY_FIELDS[: DAY_FIELDS.index(booked)] if booked else DAY_FIELDS
    asked = (*asked, RESCHEDULED, BOOKED)
    rejections += [Rejection(field, why) for field, why in unusable.items() if field in asked]
    if booked is None:
        return None
    service, why_not = read_service(fields.get("service"))
    if why_not:
        rejections.append(Rejection("service", why_not))
    made = usable.get(BOOKED)
    booked_on = made.day if made and made.day <= latest else None
    return Usage(min(usable[booked].day, latest), service=service, booked_on=booked_on)


def booked_field(usable: Mapping[str, WrittenDay]) -> str | None:
    """Which field names the booked day: the first, unless the app rescheduled, which writes ``dateTime`` alone.

    A Timestamp of midnight in Greenwich is the day before in a shop west of it, and no other booking.
    """
    moved, first = usable.get(RESCHEDULED), usable.get("date")
    if moved and (moved.is_local or (first and abs((moved.day - first.day).days) > 1)):
        return RESCHEDULED
    return next(iter(usable), None)
