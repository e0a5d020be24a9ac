"""A generated shop that books as the app does, and whose truth is known: who will come, and what each job uses.

Jobs of four services come by chance, at rates that swing from week to week. Of a job the shop knows beforehand if it
was booked, one day ahead or more as the app's calendar opens; the others the admin adds on the day. The book holds
besides what will not be done: customers who cancel, which deletes the booking, and who do not come, which shows too
late. A moved booking leaves its old day on the day it is moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from restock.counting.appointments import Usage, UsedPart
from restock.history.history import CountedAppointment, History
from restock.stored.artifact import Part
from restock.stored.distribution import Floats

Ints = NDArray[np.int64]

FIRST_DAY = date(2025, 1, 6)  # a Monday
SERVICES = ("oil change", "brake service", "tyre service", "inspection")
RATES = np.array([3.0, 2.0, 1.6, 1.2])
"""Jobs of each on an average open day."""
SWING = 0.35
"""Of the logarithm of a service's rate, from one week to the next."""
OPEN = np.array([1.2, 1.0, 0.9, 1.0, 0.9, 0.0, 0.0])
CANCELLED, STAYS_AWAY, MOVED = 0.12, 0.05, 0.08
MEAN_LEAD, LONGEST_LEAD = 20.0, 90
NEVER = 10**6


@dataclass(frozen=True, eq=False)
class BookedShop:
    """Jobs in arrays, days counted from the first. A booking is for ``day``; until it is moved, for ``before``."""

    chances: Floats
    """[services, parts] that a job uses the part."""
    units: Floats
    """[parts] so many of it then."""
    days: int
    service: Ints
    day: Ints
    made: Ints
    """The day of the booking; that of the job itself where the admin added it."""
    before: Ints
    moved: Ints
    """The day it was moved, or NEVER."""
    cancelled: Ints
    """The day it was deleted, or NEVER."""
    is_done: NDArray[np.bool_]
    used: NDArray[np.bool_]
    """[jobs, parts]"""

    @classmethod
    def generate(cls, booked: float, *, parts: int = 60, days: int = 420, seed: int = 1) -> BookedShop:
        """With such a share of the jobs booked."""
        random = np.random.default_rng(seed)
        chances = random.choice([0.0, 0.01, 0.04, 0.15, 0.5, 0.9], (4, parts), p=[0.55, 0.15, 0.12, 0.08, 0.05, 0.05])
        chances[random.integers(0, 4, parts), np.arange(parts)] += 0.02  # none is never used
        units = random.choice([1.0, 2.0, 4.0], parts, p=[0.7, 0.2, 0.1])
        weeks = np.zeros((days // 7 + 1, 4))
        for week in range(1, len(weeks)):
            weeks[week] = 0.6 * weeks[week - 1] + random.normal(0, 0.8 * SWING, 4)
        of_day = np.repeat(np.exp(weeks - SWING**2 / 2), 7, axis=0)[:days] * OPEN[np.arange(days) % 7, None]
        jobs = random.poisson(RATES * of_day)
        day, service = (np.repeat(index.ravel(), jobs.ravel()) for index in np.indices(jobs.shape))
        is_booked = random.random(len(day)) < booked
        lost = _not_coming(random, day, service, is_booked)
        service = np.concatenate([service, service[lost]])
        day, is_booked = np.concatenate([day, day[lost]]), np.concatenate([is_booked, np.ones(len(lost), bool)])
        is_done = np.arange(len(day)) < len(day) - len(lost)
        lead = np.minimum(1 + random.exponential(MEAN_LEAD, len(day)).astype(int), LONGEST_LEAD)
        made = np.where(is_booked, day - lead, day)
        is_moved = is_booked & (random.random(len(day)) < MOVED)
        moved = np.where(is_moved, random.integers(made, np.maximum(day, made + 1)), NEVER)
        before = np.where(is_moved, np.maximum(day + random.integers(-7, 8, len(day)), moved), day)
        is_deleted = ~is_done & (random.random(len(day)) < CANCELLED / (CANCELLED + STAYS_AWAY))
        cancelled = np.where(is_deleted, random.integers(made, np.maximum(day, made + 1)), NEVER)
        used = (random.random((len(day), parts)) < chances[service]) & is_done[:, None]
        return cls(chances, units, days, service, day, made, before, moved, cancelled, is_done, used)

    @property
    def parts(self) -> list[Part]:
        return [Part(f"p{row:02}", f"Part {row:02}") for row in range(len(self.units))]

    def day_at(self, day: int) -> date:
        return FIRST_DAY + timedelta(day)

    def quantities(self) -> Floats:
        """[parts, days] used."""
        found = np.zeros((self.days, len(self.units)))
        np.add.at(found, self.day, self.used * self.units)
        return found.T

    def table(self) -> pd.DataFrame:
        """Series x days, as a set on disk has it."""
        days = pd.date_range(FIRST_DAY, periods=self.days)
        return pd.DataFrame(self.quantities(), [part.key for part in self.parts], days)

    def standing(self, seen: int) -> tuple[NDArray[np.bool_], Ints]:
        """Which jobs stand in the book on the morning of a day, and for which day each."""
        day = np.where(self.moved < seen, self.day, self.before)
        return (self.made < seen) & (self.cancelled >= seen) & (day >= seen), day

    def share_known(self, seen: int, days: int = 7) -> float:
        """Of the jobs that will be done on the days from then on, those that stand in the book for one of them."""
        stands, day = self.standing(seen)
        near = self.is_done & (self.day >= seen) & (self.day < seen + days)
        return float((near & stands & (day < seen + days)).sum() / max(near.sum(), 1))

    def counts(self, seen: int, days: int = 14) -> dict[str, list[int]]:
        """What stands in the book, by service and day."""
        stands, day = self.standing(seen)
        near = stands & (day < seen + days)
        return {
            name: np.bincount(day[near & (self.service == k)] - seen, minlength=days).tolist()
            for k, name in enumerate(SERVICES)
        }

    def documents(self, seen: int) -> dict[str, Mapping[str, Any]]:
        """The same as the app writes it."""
        stands, day = self.standing(seen)
        found: dict[str, Mapping[str, Any]] = {}
        for job in np.flatnonzero(stands):
            name = SERVICES[self.service[job]].title()
            at = datetime.combine(self.day_at(int(day[job])), time(9), UTC)
            first = self.day_at(int(self.before[job]))
            found[f"job-{job}"] = {
                "service": name.replace(" ", "\n") if job % 2 else name,
                "date": first.isoformat(),
                "timeSlot": "09:00",
                "dateTime": at.replace(tzinfo=None).isoformat() if first != at.date() else at,
                "status": "pending",
                "createdAt": datetime.combine(self.day_at(int(self.made[job])), time(12), UTC),
            }
        return found

    def history(self, until: int) -> History:
        """Every job with parts that was done before a day."""
        parts = self.parts
        counted = []
        for job in np.flatnonzero(self.used.any(axis=1) & (self.day < until)):
            used = [
                UsedPart(parts[row].key, parts[row].name, self.units[row]) for row in np.flatnonzero(self.used[job])
            ]
            day = self.day_at(int(self.day[job]))
            usage = Usage(day, tuple(used), SERVICES[self.service[job]], self.day_at(int(self.made[job])))
            counted.append(CountedAppointment(f"job-{job}", usage, datetime.combine(day, time(18), UTC)))
        return History.of(counted, "rules", datetime.combine(self.day_at(until), time(2), UTC))


def _not_coming(random: np.random.Generator, day: Ints, service: Ints, is_booked: NDArray[np.bool_]) -> Ints:
    """Of which bookings there is one more beside it, for the same day and service, that will not be done."""
    share = (CANCELLED + STAYS_AWAY) / (1 - CANCELLED - STAYS_AWAY)
    found: Ints = np.flatnonzero(is_booked & (random.random(len(day)) < share))
    return found
