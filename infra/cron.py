"""A schedule's five cron fields, as Cloud Scheduler reads them: when it fires, and how long it is ever silent."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

FIELDS = ((0, 59, ""), (0, 23, ""), (1, 31, ""), (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
          (0, 7, "sun mon tue wed thu fri sat"))  # fmt: skip
YEARS = [date(2028, 1, 1) + timedelta(days=days) for days in range(5 * 366)]
"""Long enough that what fires once in a leap year fires twice, or else never."""


def longest_pause_hours(schedule: str) -> int:
    """The longest time from one run to the next; ValueError for a schedule that never fires, or is none.

    >>> [longest_pause_hours(text) for text in ("0 3 * * *", "0 3,15 * * *", "0 3 * * 1-6", "0 3 1 * *")]
    [24, 12, 48, 744]
    """
    fields = schedule.split()
    _minutes, hours, days, months, weekdays = (values(text, *field) for text, field in zip(fields, FIELDS, strict=True))
    either = "*" not in (fields[2], fields[4])  # cron's own rule: with both fields set, one of them is enough
    fired = []
    for place, day in enumerate(YEARS):
        named = day.day in days, day.isoweekday() % 7 in {weekday % 7 for weekday in weekdays}
        if day.month in months and (any(named) if either else all(named)):
            fired.append(24 * place)
    between_days = [later - earlier + min(hours) - max(hours) for earlier, later in pairwise(fired)]
    if not between_days:
        raise ValueError("never fires")
    return max([*between_days, *(later - earlier for earlier, later in pairwise(sorted(hours)))])


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
