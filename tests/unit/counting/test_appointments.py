"""Every row of the contract's table of appointments, one way or another."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restock.counting.appointments import (
    NOTHING,
    Counted,
    is_kept_when_deleted,
    job_without_parts,
    status_passed_over,
)
from tests.builders import NOON, TODAY, appointment, rules
from tests.unit.counting.counted import counted


@pytest.mark.parametrize("status", ["completed", "Completed ", "COMPLETE", " complete", "cOmPlEtEd\n"])
def test_a_completion_is_told_by_its_trimmed_status_without_case(status):
    assert not counted(appointment(status)).usage.is_empty


@pytest.mark.parametrize(
    "status",
    ["pending", "confirmed", "in_process", "cancelled", "rejected", "incomplete", "not completed", "completed!", ""],
)
def test_failing_5_other_statuses_are_no_completions_incomplete_among_them(status):
    assert counted(appointment(status)) == counted(None)


@pytest.mark.parametrize("status", [None, 1, True, ["completed"], {"is": "completed"}, b"completed", NOON])
def test_failing_4_a_status_of_another_type_is_no_completion_and_stops_nothing(status):
    assert counted(appointment(status)).usage == NOTHING


def test_a_missing_status_is_no_completion():
    fields = appointment()
    del fields["status"]

    assert counted(fields).usage == NOTHING


@pytest.mark.parametrize(
    "status",
    [
        "AppointmentStatus.completed",
        "Status.COMPLETED ",
        "app.AppointmentStatus.complete",
        "appointmentstatus.completed",
    ],
)
def test_an_enum_of_dart_counts_as_its_last_word(status):
    assert not counted(appointment(status)).usage.is_empty


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("AppointmentStatus.pending", "pending"),
        ("AppointmentStatus.notCompleted", "notcompleted"),
        ("Done ", "done"),
        ("not.completed", "not.completed"),
        ("completed.", "completed."),
        ("x" * 100_000, "x" * 40),
        (None, "no status"),
        ("", "no status"),
        (" \t", "no status"),
        (3, "3"),
        (True, "a bool"),
        (["completed"], "a list"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_status_that_is_not_counted_is_named_if_the_appointment_has_parts(status, word):
    assert status_passed_over(appointment(status), rules()) == word
    assert status_passed_over(appointment(status, parts=[]), rules()) is None
    assert status_passed_over(appointment("completed"), rules()) is None


def test_any_status_can_be_made_to_count():
    done = {"completed_statuses": frozenset({"3", "done", "phase.done"})}

    assert all(not counted(appointment(status), **done).usage.is_empty for status in (3, "State.done", "Phase.Done"))


def test_what_counts_as_completed_is_a_setting():
    done = {"completed_statuses": frozenset({"fertig", "strasse"})}

    assert not counted(appointment("FERTIG"), **done).usage.is_empty
    assert not counted(appointment(" Straße"), **done).usage.is_empty
    assert counted(appointment("completed"), **done).usage.is_empty


def job_of(at=NOON, **fields):
    used = counted(appointment(**fields), at).usage
    return used.service, used.booked_on


def test_a_service_is_known_by_its_words_whatever_their_case_and_the_breaks_between_them():
    spellings = ("Brake Service", "Brake\nService", " BRAKE  service\r\n")

    assert {job_of(service=service)[0] for service in spellings} == {"brake service"}


def test_a_booking_was_made_on_the_shops_day_of_created_at():
    at_night = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)

    assert counted(appointment(createdAt=at_night), time_zone="Asia/Bangkok").usage.booked_on == date(2026, 3, 2)
    assert job_of(createdAt=at_night)[1] == date(2026, 3, 1)


@pytest.mark.parametrize("made", [None, "soon", "1999-01-01", "2026-03-03", datetime(9999, 12, 31, tzinfo=UTC)])
def test_a_booking_that_does_not_say_when_it_was_made_counts_all_the_same(made):
    found = counted(appointment(createdAt=made))

    assert found.usage.booked_on is None
    assert found.usage.parts


@pytest.mark.parametrize("service", [["Oil"], {"name": "Oil"}, 7, True, "x" * 1_000_000])
def test_promise_8_a_service_that_cannot_be_read_is_reported_and_the_parts_count(service):
    found = counted(appointment(service=service))

    assert (found.usage.service, len(found.usage.parts)) == ("", 1)
    assert [rejection.field for rejection in found.rejections] == ["service"]
    assert len(found.rejections[0].reason) < 50


@pytest.mark.parametrize("status", ["pending", "cancelled"])
def test_a_booking_that_is_not_done_has_neither_service_nor_day(status):
    assert counted(appointment(status, service=["Oil"])) == Counted(NOTHING)


@pytest.mark.parametrize("listed", [None, [], {}])
def test_a_job_without_parts_is_one_of_its_services_jobs(listed):
    fields = appointment(service="Check\nUp") | {"spareParts": listed}

    job = job_without_parts(fields, NOON, rules())

    assert (job.day, job.service, job.parts) == (date(2026, 3, 2), "check up", ())
    assert job_without_parts(fields | {"status": "pending"}, NOON, rules()) is None
    assert job_without_parts(fields | {"spareParts": ["Oil"]}, NOON, rules()) is None


def test_usage_kept_when_deleted_depends_on_the_setting_and_the_day():
    old = counted(appointment(date="2026-01-01")).usage

    assert not is_kept_when_deleted(old, NOON, rules())
    assert is_kept_when_deleted(old, NOON, rules(keep_usage_when_deleted_after_days=60))
    assert not is_kept_when_deleted(old, NOON, rules(keep_usage_when_deleted_after_days=61))
    assert not is_kept_when_deleted(NOTHING, NOON, rules(keep_usage_when_deleted_after_days=1))


def test_the_digest_names_the_rules_and_nothing_else():
    assert rules().digest == rules(retrain_threshold=99, project="other").digest
    others = [
        rules(time_zone="UTC"),
        rules(history_start=date(2020, 1, 1)),
        rules(completed_statuses=frozenset({"done"})),
        rules(keep_usage_when_deleted_after_days=30),
    ]
    assert len({rules().digest, *(other.digest for other in others)}) == 5


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
entries = st.fixed_dictionaries({}, optional={"id": anything, "name": anything, "quantity": anything})


@settings(suppress_health_check=[HealthCheck.too_slow])  # the first draw of text builds a table
@given(
    st.fixed_dictionaries(
        {"status": st.just("completed")},
        optional={
            "spareParts": anything | st.lists(entries | anything, max_size=5),
            "date": anything,
            "dateTime": anything,
            "createdAt": anything,
        },
    )
)
def test_promise_8_whatever_the_document_holds_counting_answers(fields):
    found = counted(fields)

    assert found == counted(fields)
    for key, name, quantity in found.usage.parts:
        assert 0 < len(key) <= 500
        assert isinstance(name, str)
        assert 0 < quantity < float("inf")
    assert found.usage.is_empty or found.usage.day <= TODAY
    assert all(isinstance(text, str) for rejection in found.rejections for text in rejection)
