"""When the pointer is looked at, as tables: what was known, what happens, what is known then."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from restock.serving.checks import Checks, Pace

PACE = Pace(reload_seconds=10.0, stale_seconds=60.0, wait_seconds=0.3, first_wait_seconds=5.0)
NEVER = -math.inf
IDLE = Checks(succeeded_at=100.0, asked_at=99.0, due_at=110.0)
RUNNING = replace(IDLE, asked_at=110.0, is_running=True)


@pytest.mark.parametrize(
    ("checks", "now", "then"),
    [
        (Checks(), 0.0, Checks(asked_at=0.0, is_running=True)),
        (IDLE, 109.9, IDLE),
        (IDLE, 110.0, RUNNING),
        (RUNNING, 111.0, RUNNING),
        (RUNNING, 170.0, RUNNING),
        (RUNNING, 170.1, replace(RUNNING, asked_at=170.1)),  # it was frozen half-way
    ],
)
def test_a_request_begins_a_check_that_is_due(checks, now, then):
    assert checks.asked(now, PACE) == then


@pytest.mark.parametrize(
    ("failures", "is_well", "has_model", "succeeded_at", "pause"),
    [
        (0, True, True, 200.0, 10.0),
        (7, True, True, 200.0, 10.0),
        (0, True, False, 200.0, 1.0),
        (0, False, True, 100.0, 10.0),
        (1, False, True, 100.0, 20.0),
        (2, False, True, 100.0, 40.0),
        (3, False, True, 100.0, 60.0),
        (10_000, False, True, 100.0, 60.0),
        (0, False, False, 100.0, 1.0),
        (1, False, False, 100.0, 2.0),
        (9, False, False, 100.0, 5.0),
    ],
)
def test_the_next_check_is_due_after_a_pause_that_grows_with_failures(
    failures, is_well, has_model, succeeded_at, pause
):
    before = replace(RUNNING, failures=failures)

    then = before.ended(200.0, PACE, is_well=is_well, has_model=has_model)

    assert then == Checks(succeeded_at, 110.0, 200.0 + pause, False, 0 if is_well else failures + 1)


@pytest.mark.parametrize(
    ("checks", "now", "seconds"),
    [(IDLE, 110.0, 0.0), (RUNNING, 110.0, 0.3), (RUNNING, 110.2, 0.1), (RUNNING, 110.3, 0.0), (RUNNING, 900.0, 0.0)],
)
def test_a_hanging_store_delays_only_those_who_came_first(checks, now, seconds):
    assert checks.wait_seconds(now, PACE.wait_seconds) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("succeeded_at", "now", "is_stale"), [(NEVER, 0.0, True), (100.0, 160.0, False), (100.0, 160.1, True)]
)
def test_what_was_checked_too_long_ago_is_stale(succeeded_at, now, is_stale):
    assert Checks(succeeded_at=succeeded_at).is_stale(now, PACE) is is_stale


def test_checks_that_go_well_are_never_so_far_apart_that_what_is_served_is_stale_between_them():
    pace = replace(PACE, stale_seconds=3.0)

    assert RUNNING.ended(200.0, pace, is_well=True, has_model=True).due_at == 203.0
