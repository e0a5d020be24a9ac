"""A shop of any size, the same every time: its catalogue, its history as columns, what changes, its documents.

A million appointments loaded through the emulator would measure the emulator; so the history file is made directly,
with the columns and the entropy a counted one has (random document ids, times to the microsecond).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from restock.counting.appointments import Usage, UsedPart
from restock.history.history import USAGE_COLUMNS, History
from restock.history.rows import COLUMNS
from restock.stored.change import Change

WEEKDAY_FACTOR = np.array([1.1, 0.9, 0.85, 0.95, 1.15, 1.3, 0.0])  # Monday to Sunday
PARTS_PER_APPOINTMENT = np.array([1, 1, 2, 2, 3, 4])
QUANTITIES = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 4.0])
CATEGORIES = ("Oils", "Filters", "Brakes", "Electrics", "Wear", "Chassis", "Cooling", "Body")
ID_LETTERS = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", dtype=np.uint8)
ID_LENGTH = 20
CHANGED_DAYS = 84
SERVICE, BOOKED_AHEAD = "Full service", 3


@dataclass(frozen=True)
class SizedShop:
    """So many completed appointments over so many days up to and including `ending`."""

    appointments: int
    parts: int
    days: int
    ending: date
    rules: str
    seed: int = 8

    @cached_property
    def part_keys(self) -> list[str]:
        return [f"part-{number:05d}" for number in range(self.parts)]

    @cached_property
    def part_names(self) -> list[str]:
        return [f"{CATEGORIES[number % 8]} {number:05d}" for number in range(self.parts)]

    def catalogue(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The documents of spare_parts."""
        for number, (key, name) in enumerate(zip(self.part_keys, self.part_names, strict=True)):
            yield key, {"name": name, "category": CATEGORIES[number % 8], "stock": number % 23, "price": 9.5}

    @cached_property
    def history(self) -> History:
        """Popularity falls off with a part's rank, Saturdays are busy, Sundays closed."""
        chance = np.random.default_rng(self.seed)
        first = self.ending - timedelta(self.days - 1)
        weekdays = (first.weekday() + np.arange(self.days)) % 7
        share = WEEKDAY_FACTOR[weekdays] / WEEKDAY_FACTOR[weekdays].sum()
        day = np.sort(chance.choice(self.days, self.appointments, p=share))
        used = PARTS_PER_APPOINTMENT[chance.integers(0, len(PARTS_PER_APPOINTMENT), self.appointments)]
        popularity = np.arange(1, self.parts + 1) ** -1.1
        of = np.repeat(np.arange(self.appointments), used)
        part = chance.choice(self.parts, len(of), p=popularity / popularity.sum())
        pairs = np.unique(of * self.parts + part)  # an appointment names a part once
        of, part = pairs // self.parts, pairs % self.parts
        ids = ID_LETTERS[chance.integers(0, len(ID_LETTERS), (self.appointments, ID_LENGTH), dtype=np.uint8)]
        appointment = ids.view(f"S{ID_LENGTH}").ravel().astype(str)
        microseconds = chance.integers(9 * 3_600_000_000, 18 * 3_600_000_000, self.appointments)
        moment = np.datetime64(first, "us") + (day * 86_400_000_000 + microseconds).astype("timedelta64[us]")
        rows = pa.table(
            {
                "appointment": pa.array(appointment).take(pa.array(of)),
                "day": pa.array((np.datetime64(first, "D") + day.astype("timedelta64[D]"))[of]),
                "part": pa.array(self.part_keys).take(pa.array(part)),
                "quantity": QUANTITIES[chance.integers(0, len(QUANTITIES), len(of))],
                "source_time": pa.array(moment[of], pa.timestamp("us", tz="UTC")),
                "name": pa.array(self.part_names).take(pa.array(part)),
                "service": pa.array([SERVICE.casefold()] * len(of)),
                "booked_on": pa.array((np.datetime64(first, "D") + (day - BOOKED_AHEAD).astype("timedelta64[D]"))[of]),
            },
            schema=COLUMNS,
        )
        read_at = datetime.combine(self.ending, time(20), UTC)  # after its last row, before any change
        return History(rows, self.rules, read_at)

    def changes(self, count: int, now: datetime) -> list[Change]:
        """What the triggers would have left since: of ten, eight new completions, one edit and one withdrawal."""
        chance = np.random.default_rng(self.seed + 1)
        known = self.history.rows["appointment"].unique()
        touched = chance.choice(len(known), min(len(known), count), replace=False)
        found = []
        for number in range(count):
            kind = number % 10
            key = int(chance.integers(0, self.parts))
            parts = (UsedPart(self.part_keys[key], self.part_names[key], 2.0),)
            is_new = kind < 8 or number >= len(touched)
            appointment = f"bench-{number:06d}" if is_new else known[int(touched[number])].as_py()
            day = self.ending - timedelta(
                number % CHANGED_DAYS
            )  # all on one day would look like a boom, and be refused
            usage = Usage(None, ()) if kind == 9 and not is_new else Usage(day, parts)
            moment = now - timedelta(microseconds=count - number)
            completed = moment if is_new else None
            found.append(Change(appointment, usage, moment, self.rules, completed_time=completed))
        return found

    def documents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The appointments themselves, as the app writes them."""
        rows = self.history.rows.to_pydict()
        number, total = 0, len(rows["appointment"])
        while number < total:
            appointment, day = rows["appointment"][number], rows["day"][number]
            listed = []
            while number < total and rows["appointment"][number] == appointment:
                entry = {"id": rows["part"][number], "name": rows["name"][number], "price": 9.5}
                listed.append({**entry, "quantity": rows["quantity"][number]})
                number += 1
            start = datetime.combine(day, time(10), UTC)
            yield (
                appointment,
                {
                    "userId": f"user-{number % 400:03d}",
                    "service": SERVICE,
                    "date": day.isoformat(),
                    "timeSlot": "10:00",
                    "dateTime": start,
                    "status": "completed",
                    "spareParts": listed,
                    "createdAt": start - timedelta(days=BOOKED_AHEAD),
                    "updatedAt": start + timedelta(hours=3),
                },
            )


def is_same_usage(one: History, other: History) -> bool:
    """Whether two histories say the same of every appointment, whenever it was counted."""
    columns = USAGE_COLUMNS
    order = [("appointment", "ascending"), ("part", "ascending")]
    return bool(one.rows.select(columns).sort_by(order).equals(other.rows.select(columns).sort_by(order)))
