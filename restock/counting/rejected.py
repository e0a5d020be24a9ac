"""What was completed and could not be counted, and when it is so much that somebody must be told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from restock.counting.appointments import CountingRules
from restock.stored.change import Change

KIND = "completions_rejected"
"""Stands in the log line by which the alert knows it (infra/alerts.py)."""


def days_mostly_rejected(changes: Iterable[Change], rules: CountingRules) -> str:
    """The days of which most completions count nothing, with the commonest reasons; empty where there is none.

    A single slip among others is the run record's matter. A whole day of them is an app that writes otherwise.
    """
    lost: Counter[str] = Counter()
    completed: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for change in changes:
        day = rules.day_at(change.source_time).isoformat()
        if change.is_lost:
            lost[day] += 1
            reasons.update({f"{rejection.field} {rejection.reason}" for rejection in change.rejected})
        elif change.is_awaiting:
            completed[day] += 1
    days = [
        f"{lost[day]} of {lost[day] + completed[day]} on {day}" for day in sorted(lost) if lost[day] > completed[day]
    ]
    why = ", ".join(reason for reason, _ in reasons.most_common(3))
    return f"most completions were not counted: {', '.join(days)}; {why}" if days else ""
