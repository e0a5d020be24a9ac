"""Promises 1, 2, 3, 4 and 6 against random histories of the real counting, training and publishing code.

``python -m tests.simulation`` plays more, with fresh seeds.
"""

from __future__ import annotations

import pytest

from tests.simulation.explore import explore
from tests.simulation.report import Report

HISTORIES = 500
SEED = 20_260_302
CHAINS = 60
"""Histories of two shops each."""


@pytest.fixture(scope="module")
def report(request: pytest.FixtureRequest) -> Report:
    found = explore(HISTORIES, with_seed=SEED)
    print_past_capture(request, f"\nsimulation, seed {SEED}: {found}")
    return found


def print_past_capture(request: pytest.FixtureRequest, text: str) -> None:
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(text)


def test_promises_1_2_3_4_hold_in_every_random_history(report):
    """A violation has already failed the fixture, with the smallest history that shows it."""
    assert report.histories >= HISTORIES
    assert report.steps >= 30 * HISTORIES


@pytest.mark.parametrize(
    "what", ["crash", "overlap", "redelivery after training", "lost answer", "holder beyond its lease"]
)
def test_the_histories_hold_what_breaks_loops_like_this(report, what):
    assert report.held[what] >= HISTORIES / 20


@pytest.mark.parametrize(
    "what",
    ["rebuild", "rollback", "pin", "unpin", "TTL", "damage", "dropped event", "other rules", "full read continued"],
)
def test_the_histories_hold_what_is_rarer(report, what):
    assert report.held[what] >= HISTORIES / 50


@pytest.mark.parametrize("what", ["pointer put back", "bucket put back", "database put back", "unreadable change"])
def test_the_histories_hold_what_operators_put_back(report, what):
    assert report.held[what] >= HISTORIES / 200


@pytest.mark.parametrize("status", ["published", "below_threshold", "busy", "refused", "pinned", "failed", "overtaken"])
def test_retrains_end_in_every_way(report, status):
    assert report.ended[status] > 0


@pytest.mark.parametrize("kind", ["learn", "follow"])
def test_the_histories_hold_both_kinds_of_run(report, kind):
    assert report.kinds[kind] >= HISTORIES / 20
    assert report.held["learnt file spoilt"] >= HISTORIES / 50


def test_every_reason_publishes(report):
    assert all(report.committed[reason] > HISTORIES / 20 for reason in ("threshold", "schedule", "manual"))


def test_promises_1_2_3_4_hold_in_two_shops_at_once_on_one_store_and_neither_holds_a_row_of_the_other(request):
    found = explore(CHAINS, with_seed=SEED, fewest_steps=60, most_steps=90, is_chain=True)
    print_past_capture(request, f"\ntwo shops at once, seed {SEED}: {found}")

    assert found.histories >= 2 * CHAINS
    assert found.held["crash"] >= CHAINS / 6
    assert found.committed["threshold"] > CHAINS / 4
