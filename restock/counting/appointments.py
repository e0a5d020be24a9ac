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
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from restock.settings import Settings
from restock.written import fold

PARSING = 1
"""Raise this when the same document comes to mean something else: histories counted before are then rebuilt."""

DAY_FIELDS = ("date", "appointmentDate", "completedDate", "dateTime", "timestamp", "createdAt")
"""Where the day of a completion is looked for; the first usable one counts."""

FIELDS_READ = ("status", "spareParts", *DAY_FIELDS)
"""All that counting ever reads of an appointment."""

MOST_UNITS = 1_000_000
MOST_ENTRIES = 500  # of one appointment: no repair uses as many
LONGEST_NAME = 500  # characters; Firestore allows no key above 1,500 bytes

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_ISO_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ][0-9:.,+\-Zz]{1,40}", re.ASCII)


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
    day = _day_of(fields, update_time, rules, rejections)
    if day is None:
        rejections.append(Rejection("date", "no usable day in any date field"))
        return Counted(NOTHING, tuple(rejections))
    return Counted(Usage(day, parts), tuple(rejections))


def is_completed(status: Any, rules: CountingRules) -> bool:
    """Exact match after trimming and folding case: 'Completed ' is, 'incomplete' and 'not completed' are not."""
    return isinstance(status, str) and fold(status) in rules.completed_statuses


def is_kept_when_deleted(usage: Usage, deleted_at: datetime, rules: CountingRules) -> bool:
    """Whether deleting an appointment this old is housekeeping rather than a withdrawal."""
    days = rules.keep_usage_when_deleted_after_days
    return days is not None and usage.day is not None and usage.day <= rules.day_at(deleted_at) - timedelta(days=days)


def _parts_of(listed: Any, rejections: list[Rejection]) -> tuple[UsedPart, ...]:
    """The parts of the list with their quantities, one entry a key, ordered by key."""
    if listed is None:
        return ()
    if not isinstance(listed, list):
        rejections.append(Rejection("spareParts", "is not a list"))
        return ()
    if len(listed) > MOST_ENTRIES:
        rejections.append(Rejection("spareParts", f"has more entries than the {MOST_ENTRIES} that are counted"))
    names: dict[str, str] = {}
    quantities: dict[str, list[float]] = {}
    for entry in listed[:MOST_ENTRIES]:
        if not isinstance(entry, Mapping):
            rejections.append(Rejection("spareParts", "an entry is not a map"))
            continue
        quantity = _quantity_of(entry.get("quantity"))
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


def _quantity_of(value: Any) -> float | str:
    """Units as a float, or the reason why not."""
    if isinstance(value, str) and len(value) <= 64 and _NUMBER.fullmatch(value.strip()):
        value = float(value)
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


def _day_of(
    fields: Mapping[str, Any], update_time: datetime, rules: CountingRules, rejections: list[Rejection]
) -> date | None:
    """The first usable day. Days before HISTORY_START or after the update itself are typing errors."""
    latest = rules.day_at(update_time)
    for field in DAY_FIELDS:
        value = fields.get(field)
        if value is None:
            continue
        day = _as_day(value, rules)
        if day is None:
            rejections.append(Rejection(field, "is not a date"))
        elif day < rules.history_start:
            rejections.append(Rejection(field, "is before HISTORY_START"))
        elif day > latest:
            rejections.append(Rejection(field, "is in the future"))
        else:
            return day
    return None


def _as_day(value: Any, rules: CountingRules) -> date | None:
    """A "YYYY-MM-DD", an ISO moment or a Timestamp as a day in the shop's zone; None for anything else."""
    try:
        moment: datetime
        if isinstance(value, datetime):
            moment = value
        elif isinstance(value, str) and _ISO_DAY.fullmatch(value.strip()):
            return date.fromisoformat(value.strip())
        elif isinstance(value, str) and _ISO_MOMENT.fullmatch(value.strip()):
            moment = datetime.fromisoformat(value.strip())
        else:
            return None
        # A moment written without a zone is the shop's own
        return moment.date() if moment.tzinfo is None else rules.day_at(moment)
    except (ValueError, OverflowError):  # no such day, or the zone's shift leaves the calendar
        return None
