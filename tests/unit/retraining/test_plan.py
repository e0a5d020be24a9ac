"""What a run does, as a table: every reason to end, to apply and to read everything, without a store in sight."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from restock.retraining.plan import (
    Apply,
    End,
    Follow,
    KnownHistory,
    Learn,
    Lore,
    ReadEverything,
    Situation,
    learn_or_follow,
    plan,
    reason_not_to_fit,
)
from restock.stored.retrain_request import RetrainRequest
from tests.builders import NOON, TODAY

KNOWN = KnownHistory("r", TODAY, NOON, is_recount=False)
USUAL = Situation(
    asked=RetrainRequest("schedule"),
    known=KNOWN,
    awaiting=0,
    threshold=3,
    rules="r",
    now=NOON,
    today=TODAY,
    every_days=7,
)
THRESHOLD = RetrainRequest("threshold")
DAY = timedelta(1)
RECOUNT = replace(KNOWN, is_recount=True)
WEEK_OLD = replace(KNOWN, rebuilt_on=TODAY - 7 * DAY, rebuilt_at=NOON - 7 * DAY)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, Apply()),
        ({"asked": RetrainRequest("manual")}, Apply()),
        ({"asked": THRESHOLD, "awaiting": 3}, Apply()),
        ({"asked": THRESHOLD, "awaiting": 2}, End("below_threshold", "2 of 3 completions await training")),
        ({"asked": THRESHOLD, "known": None}, End("below_threshold", "0 of 3 completions await training")),
        ({"known": None}, ReadEverything("first training")),
        ({"known": None, "is_damaged": True}, ReadEverything("history damaged")),
        ({"known": None, "is_damaged": True, "asked": THRESHOLD}, ReadEverything("history damaged")),
        ({"rules": "other"}, ReadEverything("the counting rules changed")),
        ({"rules": "other", "asked": THRESHOLD, "awaiting": 3}, ReadEverything("the counting rules changed")),
        ({"are_others_pending": True}, ReadEverything("changes were counted by other rules")),
        ({"asked": RetrainRequest("manual", rebuild=True)}, ReadEverything("asked for")),
        ({"known": RECOUNT}, Apply()),
        ({"known": RECOUNT, "now": NOON + DAY}, ReadEverything("once more after the first by these rules")),
        ({"known": RECOUNT, "now": NOON + DAY, "asked": RetrainRequest("manual")}, Apply()),
        ({"known": WEEK_OLD}, ReadEverything("the check due every 7 days")),
        ({"known": WEEK_OLD, "every_days": 8}, Apply()),
        ({"known": WEEK_OLD, "every_days": 0}, Apply()),
        ({"known": WEEK_OLD, "asked": THRESHOLD, "awaiting": 3}, Apply()),
        ({"repair": "why", "asked": THRESHOLD}, ReadEverything("why", is_repair=True)),
        ({"repair": "why", "known": None}, ReadEverything("why", is_repair=True)),
    ],
)
def test_what_a_run_does_and_why(found, expected):
    assert plan(replace(USUAL, **found)) == expected


@pytest.mark.parametrize(
    ("reason", "has_changed", "rows", "is_live", "learnt_on", "status"),
    [
        ("schedule", True, 0, False, None, "empty"),
        ("schedule", True, 1, False, None, None),
        ("schedule", False, 1, True, TODAY, "unchanged"),
        ("threshold", False, 1, True, TODAY, "unchanged"),
        ("manual", False, 1, True, TODAY, None),
        ("schedule", True, 1, True, TODAY, None),
        ("schedule", True, 0, True, TODAY, None),
        ("schedule", False, 1, True, TODAY - DAY, None),
        ("schedule", False, 1, True, None, None),
    ],
)
def test_whether_the_history_calls_for_a_model(reason, has_changed, rows, is_live, learnt_on, status):  # noqa: PLR0913, PLR0917
    found = reason_not_to_fit(
        RetrainRequest(reason),
        has_changed=has_changed,
        rows=rows,
        is_live=is_live,
        learnt_on=learnt_on,
        today=TODAY,
    )

    assert (found and found.status) == status


FRESH = Lore(learnt_at=NOON, learnt_on=TODAY, has_our_basis=True, within=2 * DAY)
YESTERDAYS = replace(FRESH, learnt_at=NOON - DAY, learnt_on=TODAY - DAY)
OLD = replace(FRESH, learnt_at=NOON - 3 * DAY, learnt_on=TODAY - 3 * DAY)


@pytest.mark.parametrize(
    ("reason", "lore", "is_full_read", "expected"),
    [
        ("threshold", FRESH, False, Follow),
        ("threshold", YESTERDAYS, False, Follow),
        ("threshold", FRESH, True, Learn),
        ("threshold", None, False, Learn),
        ("threshold", replace(FRESH, has_our_basis=False), False, Learn),
        ("threshold", OLD, False, Learn),
        ("threshold", replace(OLD, failed_at=NOON - DAY), False, Follow),
        ("threshold", replace(OLD, failed_at=NOON - 2 * DAY), False, Learn),
        ("threshold", replace(OLD, failed_at=NOON, has_our_basis=False), False, Learn),
        ("schedule", FRESH, False, Follow),
        ("schedule", YESTERDAYS, False, Learn),
        ("schedule", replace(OLD, failed_at=NOON), False, Learn),
        ("manual", FRESH, False, Learn),
    ],
)
def test_who_learns_and_who_follows(reason, lore, is_full_read, expected):
    found = learn_or_follow(RetrainRequest(reason), lore, is_full_read=is_full_read, now=NOON, today=TODAY)

    assert isinstance(found, expected)


def test_what_is_followed_beyond_its_age_says_so():
    lore = replace(OLD, failed_at=NOON)

    found = learn_or_follow(RetrainRequest("threshold"), lore, is_full_read=False, now=NOON, today=TODAY)

    assert isinstance(found, Follow)
    assert "beyond its age" in found.note
