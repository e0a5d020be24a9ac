"""A schedule's five cron fields, as Cloud Scheduler reads them: when it fires, and how long it is ever silent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

FIELDS = ((0, 59, ""), (0, 23, ""), (1, 31, ""), (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
          (0, 7, "sun mon tue wed thu fri sat"))  # fmt: skip
YEARS = [date(2028, 1, 1) + timedelta(days=days) for days in range(5 * 366)]
"""Long enough that what fires once in a leap year fires twice, or else never."""


@dataclass(frozen=True)
class Schedule:
    """What was read of the five fields: the minutes and hours of a day, and the days of :data:`YEARS` it fires on."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: tuple[int, ...]

    @classmethod
    def read(cls, schedule: str) -> Schedule:
        """ValueError for a schedule that never fires, or is none."""
        texts = schedule.split()
        minutes, hours, days, months, weekdays = (values(text, *one) for text, one in zip(texts, FIELDS, strict=True))
        either = "*" not in (texts[2], texts[4])  # cron's own rule: with both fields set, one of them is enough
        fired = []
        for place, day in enumerate(YEARS):
            named = day.day in days, day.isoweekday() % 7 in {weekday % 7 for weekday in weekdays}
            if day.month in months and (any(named) if either else all(named)):
                fired.append(place)
        if len(fired) < 2:
            raise ValueError("never fires")
        return cls(frozenset(minutes), frozenset(hours), tuple(fired))

    def longest_pause_hours(self) -> int:
        """The longest time from one run to the next.

        >>> [Schedule.read(text).longest_pause_hours() for text in ("0 3 * * *", "0 3,15 * * *", "0 3 1 * *")]
        [24, 12, 744]
        """
        overnight = min(self.hours) - max(self.hours)
        within = [later - earlier for earlier, later in pairwise(sorted(self.hours))]
        return max([*(24 * (later - earlier) + overnight for earlier, later in pairwise(self.days)), *within])

    def runs_a_day(self) -> float:
        """How often it fires, on average.

        >>> [Schedule.read(text).runs_a_day() for text in ("0 3 * * *", "0 3,15 * * *", "*/30 8-9 * * *")]
        [1.0, 2.0, 4.0]
        """
        return len(self.minutes) * len(self.hours) * len(self.days) / len(YEARS)


def values(text: str, low: int, high: int, names: str = "") -> set[int]:
    """What one field matches.

    >>> sorted(values("8-18/5,20", 0, 23)), sorted(values("MON-FRI", 0, 7, "sun mon tue wed thu fri sat"))
    ([8, 13, 18, 20], [1, 2, 3, 4, 5])
    """
    found: set[int] = set()
    text = text.lower()
    for number, name in enumerate(names.split(), start=low):
        text = text.replace(name, str(number))
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = (str(low), "-", str(high)) if span == "*" else span.partition("-")
        end = int(last or (high if step else first))
        if not low <= int(first) <= end <= high or step == "0":
            raise ValueError(f"{part} is outside {low} to {high}")
        found |= set(range(int(first), end + 1, int(step or 1)))
    return found
