"""The lease: one holder at a time, a run number for every attempt, and what the last one left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from restock.errors import ConflictError, LeaseHeldError
from restock.retraining.lease import Lease, acquire, release
from restock.stored.names import STATE
from tests.builders import NOON
from tests.fakes import FakeClock, FakeDocuments

SECOND = timedelta(seconds=1)


@pytest.fixture
def documents(monkeypatch):
    monkeypatch.setattr("restock.stores.pause", lambda attempt: None)
    return FakeDocuments(FakeClock(NOON))


def state(documents):
    return documents.get(STATE).fields


def test_every_attempt_gets_the_next_run_number(documents):
    for run in (1, 2, 3):
        lease = acquire(documents, f"h{run}", "manual", NOON, 60)
        assert lease == Lease(run, f"h{run}")
        release(documents, lease, lambda state: state)

    assert state(documents)["run"] == 3


def test_while_it_is_held_nobody_else_gets_it(documents):
    acquire(documents, "h1", "schedule", NOON, 60)

    with pytest.raises(LeaseHeldError, match="schedule retrain has held the lease since 12:00:00"):
        acquire(documents, "h2", "threshold", NOON + 59 * SECOND, 60)

    assert state(documents)["run"] == 1


def test_after_it_ran_out_anybody_does(documents):
    acquire(documents, "h1", "schedule", NOON, 60)

    assert acquire(documents, "h2", "threshold", NOON + 60 * SECOND, 60).run == 2


def test_only_its_holder_releases_it(documents):
    old = acquire(documents, "h1", "schedule", NOON, 60)
    acquire(documents, "h2", "threshold", NOON + 60 * SECOND, 60)

    release(documents, old, lambda state: replace(state, version=99))

    assert state(documents)["lease"]["holder"] == "h2"
    assert "version" not in state(documents)


def test_releasing_notes_what_there_is_to_note_and_keeps_the_rest(documents):
    documents.set(STATE, {"run": 7, "last_error": "e", "version": 3})
    lease = acquire(documents, "h1", "manual", NOON, 60)

    release(documents, lease, lambda state: replace(state, version=state.version + 1, last_error=None))

    assert state(documents) == {"run": 8, "version": 4, "schema": 1}


def test_a_lease_whose_answer_was_lost_is_taken_once_more_under_the_next_number(documents):
    left = [1]

    def lose(effect):
        if left[0] and effect.startswith("create"):
            left[0] = 0
            raise ConflictError("our own first try")

    documents.after = lose

    assert acquire(documents, "h1", "manual", NOON, 60) == Lease(2, "h1")


def test_of_two_at_once_one_gets_it(documents):
    def other(effect):
        if effect.startswith("create"):
            documents.before = lambda effect: None
            acquire(documents, "other", "schedule", NOON, 60)

    documents.before = other

    with pytest.raises(LeaseHeldError):
        acquire(documents, "h1", "threshold", NOON, 60)
