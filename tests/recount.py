"""Usage recomputed from appointments by the contract's rules: a second opinion that shares no code with counting."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

Row = tuple[str, date, str, float]
"""Appointment, day, part key, quantity."""


def recount(snapshots: Iterable[Any], *, zone: str, history_start: date = date(2010, 1, 1)) -> list[Row]:
    """What the history must say about these appointments (Firestore snapshots), sorted."""
    rows: list[Row] = []
    for snapshot in snapshots:
        fields = snapshot.to_dict()
        status = fields.get("status")
        if not isinstance(status, str) or status.strip().lower() not in ("completed", "complete"):
            continue
        updated_on = snapshot.update_time.astimezone(ZoneInfo(zone)).date()
        days = (as_day(fields.get(name), zone) for name in DATE_FIELDS)
        day = next((day for day in days if day and history_start <= day <= updated_on), None)
        if day:
            rows += [(snapshot.id, day, key, amount) for key, amount in quantities(fields.get("spareParts")).items()]
    return sorted(rows)


DATE_FIELDS = ("date", "appointmentDate", "completedDate", "dateTime", "timestamp", "createdAt")


def as_day(value: Any, zone: str) -> date | None:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).date() if value.tzinfo else value.date()
    return value if isinstance(value, date) else None


def quantities(listed: Any) -> dict[str, float]:
    """Units per part: by id where the entry has one, else by its trimmed, lower-case name."""
    found: defaultdict[str, float] = defaultdict(float)
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict):
            continue
        part_id, name, amount = entry.get("id"), entry.get("name"), entry.get("quantity")
        key = part_id.strip() if isinstance(part_id, str) and part_id.strip() else str(name or "").strip().lower()
        try:
            units = math.nan if isinstance(amount, bool) else float(amount)
        except (TypeError, ValueError):
            continue
        if key and 0 < units <= 1_000_000:
            found[key] += units
    return dict(found)
