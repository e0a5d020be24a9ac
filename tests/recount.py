"""Usage recomputed from appointments by the contract's rules: a second opinion that shares no code with counting."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = tuple[str, date, str, float, str, date]
"""Appointment, day, part key, quantity, service, day booked on (date.min: it does not say)."""

DATE_FIELDS = ("date", "appointmentDate", "completedDate", "dateTime", "timestamp", "createdAt")
BOOKABLE = timedelta(days=90)


def recount(snapshots: Iterable[Any], *, zone: str, history_start: date = date(2010, 1, 1)) -> list[Row]:
    """What the history must say about these appointments (Firestore snapshots), sorted."""
    rows: list[Row] = []
    for snapshot in snapshots:
        fields = snapshot.to_dict()
        status = fields.get("status")
        if not isinstance(status, str) or status.split("Status.")[-1].strip().lower() not in ("completed", "complete"):
            continue
        updated_on = snapshot.update_time.astimezone(ZoneInfo(zone)).date()
        day = used_on(fields, updated_on, zone, history_start)
        if day:
            named = fields.get("service")
            service = re.sub(r"\s+", " ", named).strip().casefold() if isinstance(named, str) else ""
            made = as_day(fields.get("createdAt"), zone)
            booked_on = made if made and history_start <= made <= updated_on else date.min
            used = quantities(fields.get("spareParts"))
            rows += [(snapshot.id, day, key, amount, service, booked_on) for key, amount in used.items()]
    return sorted(rows)


def row_of(stored: dict[str, Any]) -> Row:
    """One row of the history's file, to be held against these."""
    told = (stored["appointment"], stored["day"], stored["part"], stored["quantity"])
    return (*told, stored["service"], stored["booked_on"] or date.min)


def used_on(fields: dict[str, Any], updated_on: date, zone: str, history_start: date) -> date | None:
    """The booked day, or that of the update if it came first."""
    days = {name: as_day(fields.get(name), zone) for name in DATE_FIELDS}
    days = {name: day for name, day in days.items() if day and history_start <= day <= updated_on + BOOKABLE}
    if not days:
        return None
    booked = next(iter(days.values()))
    if moved := days.get("dateTime"):
        stated = fields["dateTime"]
        is_local = isinstance(stated, str) and not re.search(
            r"(Z|UTC|GMT|\d[+-]\d\d:?\d\d| [+-]\d\d:?\d\d)$", stated.strip()
        )
        booked_first = days.get("date")
        if is_local or (booked_first and not timedelta(-1) <= moved - booked_first <= timedelta(1)):
            booked = moved
    return min(booked, updated_on)


def as_day(value: Any, zone: str) -> date | None:
    if isinstance(value, dict):
        seconds = value.get("_seconds", value.get("seconds"))
        value = seconds * 1000 if isinstance(seconds, int) else None
    if isinstance(value, int) and not isinstance(value, bool):
        milliseconds = value if value > 10**11 else value * 1000
        value = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    if isinstance(value, str):
        text = re.sub(r"\s+(?=[+-]\d\d:?\d\d$)", "", value.strip())
        try:
            value = date.fromisoformat(text) if len(text) in (8, 10) else datetime.fromisoformat(text)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).date() if value.tzinfo else value.date()
    return value if isinstance(value, date) else None


def quantities(listed: Any) -> dict[str, float]:
    """Units per part: by id where the entry has one, else by its trimmed, lower-case name."""
    found: defaultdict[str, float] = defaultdict(float)
    entries = list(listed.values()) if isinstance(listed, dict) else listed
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        part_id, name = entry.get("id"), entry.get("name")
        key = part_id.strip() if isinstance(part_id, str) and part_id.strip() else str(name or "").strip().lower()
        units = amount(entry.get("quantity"))
        if key and 0 < units <= 1_000_000:
            found[key] += units
    return dict(found)


def amount(written: Any) -> float:
    """Units of one entry; NaN for what is no number, or may be two."""
    if isinstance(written, bool):
        return math.nan
    if isinstance(written, str):
        words = written.split()
        if len(words) == 2 and words[1].isalpha():
            written = words[0]
        before, comma, after = written.strip().partition(",")
        if comma and (len(after) != 3 or before == "0"):
            written = f"{before}.{after}"
    try:
        return float(written)
    except (TypeError, ValueError):
        return math.nan
