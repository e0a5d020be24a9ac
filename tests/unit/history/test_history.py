"""All usage as one file: applied changes, what a history holds, drift, and bytes that are whole or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restock.counting.appointments import NOTHING
from restock.errors import DamagedError
from restock.history.history import CountedAppointment, History, JobsOf
from tests.builders import NOON, change, usage

MINUTE = timedelta(minutes=1)


def history(rebuilt_at=NOON, **times):
    """One unit of each appointment, counted at so many minutes after NOON."""
    counted = [CountedAppointment(name, usage(1), NOON + minute * MINUTE) for name, minute in times.items()]
    return History.of(counted, "r", rebuilt_at)


def at(minute, id="a1", used=None):
    return change(id, usage(2) if used is None else used, NOON + minute * MINUTE)


def quantities(found):
    return {row["appointment"]: row["quantity"] for row in found.rows.to_pylist()}


def test_a_newer_change_replaces_a_row():
    found, applied = history(a1=1, a2=1).applied([at(2)])

    assert quantities(found) == {"a1": 2.0, "a2": 1.0}
    assert applied == 1


@pytest.mark.parametrize("minute", [0, 1])
def test_promise_1_an_older_or_equal_change_does_not(minute):
    known = history(a1=1)

    assert known.applied([at(minute)]) == (known, 0)


def test_promise_1_applying_twice_is_applying_once():
    once, _ = history(a1=1).applied([at(2), at(3, "a2")])

    assert once.applied([at(2), at(3, "a2")]) == (once, 0)


def test_a_withdrawal_removes_all_rows_of_its_appointment():
    known = History.of([CountedAppointment("a1", usage(1, 2, 3), NOON)], "r", NOON)

    found, applied = known.applied([at(2, used=NOTHING)])

    assert (len(found), applied) == (0, 1)


def test_a_withdrawal_of_what_is_not_there_makes_no_difference():
    known = history(a2=1)

    assert known.applied([at(2, used=NOTHING)]) == (known, 0)


@pytest.mark.parametrize(("minute", "applied"), [(-1, 0), (0, 0), (1, 1)])
def test_a_change_without_a_row_is_in_already_if_the_last_full_read_could_see_it(minute, applied):
    assert history().applied([at(minute)])[1] == applied


def test_the_last_full_read_and_the_rules_stay_through_changes():
    found, _ = history(a1=1).applied([at(2)])

    assert (found.rebuilt_at, found.rules) == (NOON, "r")


@given(
    st.lists(st.tuples(st.sampled_from(["a1", "a2", "a3"]), st.integers(1, 50)), max_size=8, unique_by=lambda c: c[0])
)
def test_promise_1_changes_at_once_or_one_after_another_give_the_same_usage(made):
    changes = [at(minute, id) for id, minute in made]
    known = history(a1=10, a2=20)

    at_once, _ = known.applied(changes)
    in_turn = known
    for one in changes:
        in_turn, _ = in_turn.applied([one])

    assert quantities(at_once) == quantities(in_turn)


def test_bytes_come_back_whole():
    known = History.of([CountedAppointment("ä ✓", usage(0.1, 2.5), NOON.replace(microsecond=123456))], "r", NOON)

    found = History.from_bytes(known.to_bytes())

    assert found.rows.equals(known.rows)
    assert (found.rules, found.rebuilt_at) == ("r", NOON)


def test_whether_the_last_full_read_was_a_recount_is_kept():
    known = replace(history(a1=1), is_recount=True)

    for found in (known.applied([at(2)])[0], History.from_bytes(known.to_bytes())):
        assert found.is_recount
    assert not History.from_bytes(history(a1=1).to_bytes()).is_recount


def test_service_and_booking_come_with_the_newest_usage():
    booked = replace(usage(2), service="oil change", booked_on=NOON.date() - timedelta(days=3))

    found, _ = history(a1=1).applied([at(2, used=booked)])

    assert found.counted(["a1"])["a1"].usage == booked


def test_jobs_without_parts_are_kept_until_the_next_full_read():
    known = replace(history(a1=1), without_parts={JobsOf("check up", "2026-03"): 4, JobsOf("", "2026-02"): 1})

    for found in (known.applied([at(2)])[0], History.from_bytes(known.to_bytes())):
        assert found.without_parts == known.without_parts


def test_an_empty_history_comes_back_empty():
    assert len(History.from_bytes(history().to_bytes())) == 0


def test_equal_histories_are_equal_bytes():
    assert history(a1=1).to_bytes() == history(a1=1).to_bytes()


@pytest.mark.parametrize("cut", [0, 1, 100, -1])
def test_bytes_cut_short_are_refused(cut):
    with pytest.raises(DamagedError):
        History.from_bytes(history(a1=1).to_bytes()[:cut])


def test_another_schema_or_no_facts_are_refused():
    import pyarrow.parquet as pq

    for facts in ({}, {"schema": "99", "rules": "r", "rebuilt_at": NOON.isoformat()}, {"schema": "1"}):
        sink = pa.BufferOutputStream()
        pq.write_table(history(a1=1).rows.replace_schema_metadata(facts), sink)
        with pytest.raises(DamagedError):
            History.from_bytes(sink.getvalue().to_pybytes())
