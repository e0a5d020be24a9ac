"""What a run does, as a table: every reason to end, to apply and to read everything, without a store in sight."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from restock.retraining.plan import Apply, End, KnownHistory, ReadEverything, Situation, plan, reason_not_to_fit
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
    ("reason", "has_changed", "rows", "trained_on", "status"),
    [
        ("schedule", True, 0, None, "empty"),
        ("schedule", True, 1, None, None),
        ("schedule", False, 1, TODAY, "unchanged"),
        ("threshold", False, 1, TODAY, "unchanged"),
        ("manual", False, 1, TODAY, None),
        ("schedule", True, 1, TODAY, None),
        ("schedule", True, 0, TODAY, None),
        ("schedule", False, 1, TODAY - DAY, None),
    ],
)
def test_whether_the_history_calls_for_a_model(reason, has_changed, rows, trained_on, status):
    found = reason_not_to_fit(
        RetrainRequest(reason), has_changed=has_changed, rows=rows, trained_on=trained_on, today=TODAY
    )

    assert (found and found.status) == status
