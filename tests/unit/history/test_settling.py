"""Pending changes against the live history, and marking them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.counting.appointments import NOTHING
from restock.history.history import CountedAppointment, History
from restock.history.settling import mark_trained, read_pending, settle, write_settled
from tests.builders import NOON, change, usage
from tests.fakes import FakeClock, FakeDocuments

MINUTE = timedelta(minutes=1)


@pytest.fixture
def documents():
    return FakeDocuments(FakeClock(NOON))


def store(documents, *changes):
    for one in changes:
        documents.create(f"restock_changes/{one.appointment}", one.to_fields())
    return read_pending(documents).pending


def a_history(*counted, rebuilt_at=NOON - timedelta(days=9)):
    return History.of(counted, "r", rebuilt_at)


def test_what_the_history_holds_is_settled_and_no_longer_counts(documents):
    pending = store(documents, change("a1"), change("a2"))
    held = a_history(CountedAppointment("a1", usage(1), NOON))

    left = write_settled(documents, pending, settle(pending, held, NOON))

    assert [one.change.appointment for one in left] == ["a2"]
    stored = documents.stored("restock_changes")["restock_changes/a1"]
    assert (stored["pending"], stored["awaiting"], stored["trained_time"]) == (False, False, NOON)
    assert stored["expire_at"] == NOON + timedelta(days=7)


def test_promise_2_a_completion_trained_in_an_older_version_counts_no_more_but_its_edit_is_applied(documents):
    edited = change("a1", usage(5), NOON + MINUTE, completed_time=NOON)
    pending = store(documents, edited)
    held = a_history(CountedAppointment("a1", usage(1), NOON))

    (left,) = write_settled(documents, pending, settle(pending, held, NOON))

    assert left.change.is_pending
    assert not left.change.is_awaiting


def test_what_the_last_full_read_could_see_is_settled(documents):
    pending = store(documents, change("a1"))

    assert write_settled(documents, pending, settle(pending, a_history(rebuilt_at=NOON), NOON)) == []


def test_promise_1_a_withdrawal_of_what_this_history_does_not_hold_is_not_settled(documents):
    """This history may be an old one; the live one may hold the completion that is being withdrawn."""
    pending = store(documents, change("a1", NOTHING))

    assert write_settled(documents, pending, settle(pending, a_history(), NOON)) == pending


def test_settling_writes_nothing_that_did_not_change(documents):
    pending = store(documents, change("a1"))
    writes = documents.writes

    write_settled(documents, pending, settle(pending, a_history(), NOON))

    assert documents.writes == writes


def test_promise_1_a_change_written_meanwhile_is_not_marked(documents):
    pending = store(documents, change("a1"), change("a2"))
    documents.set("restock_changes/a1", change("a1", usage(9), NOON + MINUTE).to_fields())

    assert mark_trained(documents, pending, NOON) == 1
    stored = documents.stored("restock_changes")
    assert stored["restock_changes/a1"]["pending"] is True
    assert stored["restock_changes/a2"]["pending"] is False


def test_a_change_settled_by_this_run_can_still_be_marked_by_it(documents):
    pending = store(documents, change("a1", usage(5), NOON + MINUTE, completed_time=NOON))
    held = a_history(CountedAppointment("a1", usage(1), NOON))

    left = write_settled(documents, pending, settle(pending, held, NOON))

    assert mark_trained(documents, left, NOON) == 1


def test_promise_8_what_cannot_be_read_is_named_and_the_rest_is_read(documents):
    store(documents, change("a1"))
    documents.set("restock_changes/broken", {"pending": True, "schema": 99})

    found = read_pending(documents)

    assert [one.change.appointment for one in found.pending] == ["a1"]
    assert [one.appointment for one in found.unreadable] == ["broken"]
    assert "restock_changes/broken" in found.unreadable[0].problem
    assert not found.is_cut


def test_promise_6_a_run_takes_no_more_changes_than_fit_and_says_that_there_are_more(documents):
    store(documents, change("a1"), change("a2"), change("a3"))

    found = read_pending(documents, most=2)

    assert [one.change.appointment for one in found.pending] == ["a1", "a2"]
    assert found.is_cut
    assert not read_pending(documents, most=3).is_cut
