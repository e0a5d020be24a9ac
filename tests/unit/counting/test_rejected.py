"""When most completions of a day count nothing, somebody is told; a slip among others is the record's matter."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.counting.appointments import NOTHING, Rejection
from restock.counting.rejected import days_mostly_rejected
from restock.stored.change import Change
from tests.builders import NOON, change, rules

WHY = (Rejection("spareParts.quantity", "is not a number"),)


def changes(lost: int, completed: int, day: int = 0) -> list[Change]:
    at = NOON + timedelta(days=day)
    return [
        *(Change(f"lost{day}-{k}", NOTHING, at, rules().digest, rejected=WHY) for k in range(lost)),
        *(change(f"done{day}-{k}", at=at) for k in range(completed)),
    ]


@pytest.mark.parametrize(("lost", "completed"), [(0, 0), (0, 5), (1, 1), (2, 3), (10, 10)])
def test_as_many_counted_as_lost_is_no_alarm(lost: int, completed: int) -> None:
    assert days_mostly_rejected(changes(lost, completed), rules()) == ""


@pytest.mark.parametrize(("lost", "completed"), [(1, 0), (2, 1), (12, 0), (12, 3)])
def test_more_lost_than_counted_is_told_with_the_day_and_the_reason(lost: int, completed: int) -> None:
    assert days_mostly_rejected(changes(lost, completed), rules()) == (
        f"most completions were not counted: {lost} of {lost + completed} on 2026-03-02;"
        " spareParts.quantity is not a number"
    )


def test_each_day_is_judged_by_itself() -> None:
    told = days_mostly_rejected([*changes(0, 50), *changes(3, 1, day=1), *changes(1, 5, day=2)], rules())

    assert "3 of 4 on 2026-03-03;" in told
    assert "03-02" not in told
    assert "03-04" not in told


def test_withdrawals_and_edits_are_no_completions() -> None:
    withdrawn = [Change(f"w{k}", NOTHING, NOON, rules().digest) for k in range(9)]
    edited = [change(f"e{k}", completed_time=None) for k in range(9)]

    assert days_mostly_rejected([*withdrawn, *edited], rules()) == ""
    assert days_mostly_rejected([*withdrawn, *edited, *changes(1, 0)], rules())
