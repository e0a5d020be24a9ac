"""Every row of the contract's table of appointments, one way or another."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restock.counting.appointments import NOTHING, Rejection, UsedPart, is_kept_when_deleted, usage_of
from tests.builders import NOON, TODAY, appointment, part, rules


def counted(fields, at=NOON, **settings):
    return usage_of(fields, at, rules(**settings))


def parts_of(listed):
    return counted(appointment(parts=listed)).usage.parts


def reasons(fields, **settings):
    return [f"{found.field} {found.reason}" for found in counted(fields, **settings).rejections]


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


def test_what_counts_as_completed_is_a_setting():
    done = {"completed_statuses": frozenset({"fertig", "strasse"})}

    assert not counted(appointment("FERTIG"), **done).usage.is_empty
    assert not counted(appointment(" Straße"), **done).usage.is_empty
    assert counted(appointment("completed"), **done).usage.is_empty


@pytest.mark.parametrize(
    ("quantity", "units"),
    [(2, 2.0), (2.5, 2.5), ("2", 2.0), (" 2.50 ", 2.5), ("1e2", 100.0), (".5", 0.5), ("+3", 3.0), (1_000_000, 1e6)],
)
def test_failing_4_quantities_are_whole_fractional_or_text(quantity, units):
    assert parts_of([part("Oil", quantity)]) == (UsedPart("oil", "Oil", units),)


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        (None, "is missing"),
        (0, "is not positive"),
        (-1, "is not positive"),
        ("-2", "is not positive"),
        ("two", "is not a number"),
        ("", "is not a number"),
        ("0x10", "is not a number"),
        ("1_000", "is not a number"),
        ("٣", "is not a number"),
        ("1" * 65, "is not a number"),
        (True, "is not a number"),
        ([1], "is not a number"),
        (NOON, "is not a number"),
        (float("nan"), "is not finite"),
        (float("inf"), "is not finite"),
        ("1e999", "is not finite"),
        (1_000_001, "is above 1000000"),
        (2**63 - 1, "is above 1000000"),
    ],
)
def test_promise_8_other_quantities_are_rejected_with_a_reason_and_the_rest_counts(quantity, reason):
    fields = appointment(parts=[part("Bad", quantity), part("Good", 1)])

    found = counted(fields)

    assert found.usage.parts == (UsedPart("good", "Good", 1.0),)
    assert found.rejections == (Rejection("spareParts.quantity", reason),)


def test_failing_6_fractions_are_added_not_cut():
    assert parts_of([part("Oil", 0.5), part("Oil", 2.9)]) == (UsedPart("oil", "Oil", 3.4),)


def test_failing_6_names_that_differ_in_case_and_blanks_are_one_part():
    assert parts_of([part("AIR FILTER", 1), part("Air Filter ", 2)]) == (UsedPart("air filter", "AIR FILTER", 3.0),)


def test_a_part_is_known_by_its_id_if_it_has_one():
    assert parts_of([part("Oil", 1, id="P1"), part("Oil", 1), part("Oil", 1, id=" "), part("Oil", 1, id=7)]) == (
        UsedPart("P1", "Oil", 1.0),
        UsedPart("oil", "Oil", 3.0),
    )


def test_a_part_with_an_id_needs_no_name():
    assert parts_of([{"id": "P1", "quantity": 1}]) == (UsedPart("P1", "", 1.0),)


def test_the_order_of_the_list_does_not_matter():
    listed = [part("Oil", quantity) for quantity in (0.1, 0.2, 0.3, 1e6, 1e-9)] + [part("Air", 1), part("Belt", 2)]
    shuffled = random.Random(1).sample(listed, len(listed))

    assert parts_of(listed) == parts_of(shuffled)


def test_promise_8_of_an_endless_list_the_first_entries_are_counted():
    listed = [part(f"Part {number}", 1) for number in range(36_000)]

    assert len(parts_of(listed)) == 500
    assert reasons(appointment() | {"spareParts": listed}) == [
        "spareParts has more entries than the 500 that are counted"
    ]


@pytest.mark.parametrize("listed", [None, []])
def test_a_completion_without_parts_uses_nothing_and_that_is_no_mistake(listed):
    fields = appointment() | {"spareParts": listed}

    assert counted(fields) == counted(None)


def test_promise_8_what_is_no_list_of_maps_is_rejected():
    assert reasons(appointment() | {"spareParts": "Oil"}) == ["spareParts is not a list"]
    assert reasons(appointment() | {"spareParts": {"name": "Oil"}}) == ["spareParts is not a list"]
    assert reasons(appointment(parts=["Oil", None, [part()], part()])) == ["spareParts an entry is not a map"] * 3
    assert (
        reasons(appointment(parts=[{"quantity": 1}, part("  "), part("x" * 501), part(None), part(7)]))
        == ["spareParts an entry has neither a usable id nor a usable name"] * 5
    )


def day_of(at=NOON, zone="Europe/London", **fields):
    booking = {"status": "completed", "spareParts": [part()]} | fields
    return counted(booking, at, time_zone=zone).usage.day


@pytest.mark.parametrize("field", ["date", "appointmentDate", "completedDate", "dateTime", "timestamp", "createdAt"])
@pytest.mark.parametrize(
    "value", ["2026-02-28", " 2026-02-28 ", "2026-02-28T10:00:00Z", datetime(2026, 2, 28, tzinfo=UTC)]
)
def test_the_day_is_found_in_any_of_the_date_fields(field, value):
    assert day_of(**{field: value}) == date(2026, 2, 28)


def test_failing_6_a_null_or_malformed_date_does_not_hide_the_next_field():
    assert day_of(date=None, createdAt=NOON - timedelta(days=1)) == date(2026, 3, 1)
    assert day_of(date="01/03/2026", appointmentDate="", completedDate=7, dateTime="2026-03-01T09:00:00") == date(
        2026, 3, 1
    )


def test_the_first_usable_field_counts():
    assert day_of(date="2026-02-01", createdAt="2026-01-01") == date(2026, 2, 1)


@pytest.mark.parametrize(
    "value", ["2026-02-30", "2026-2-3", "20260203", "3 March 2026", "2026-02-03T99:00:00Z", [], {}, 5]
)
def test_promise_8_an_unusable_date_is_rejected(value):
    found = counted({"status": "completed", "spareParts": [part()], "date": value})

    assert found.usage == NOTHING
    assert found.rejections == (
        Rejection("date", "is not a date"),
        Rejection("date", "no usable day in any date field"),
    )


def test_failing_8_a_day_after_the_write_itself_is_a_typing_error():
    assert day_of(date="2035-01-01", createdAt="2026-03-01") == date(2026, 3, 1)
    assert day_of(date="2035-01-01") is None
    assert day_of(date="2026-03-02") == TODAY
    assert day_of(date="2026-03-03") is None


def test_a_day_before_history_start_is_a_typing_error():
    assert day_of(date="2009-12-31") is None
    assert day_of(date="2010-01-01") == date(2010, 1, 1)
    assert day_of(date="0001-01-01") is None


def test_a_future_day_becomes_usable_with_a_later_write():
    """No clock is read: the same version means the same on every day, and a later version may mean more."""
    assert day_of(at=NOON, date="2026-03-05") is None
    assert day_of(at=NOON + timedelta(days=3), date="2026-03-05") == date(2026, 3, 5)


@pytest.mark.parametrize(
    ("zone", "expected"),
    [("UTC", date(2026, 6, 1)), ("Europe/London", date(2026, 6, 2)), ("America/New_York", date(2026, 6, 1))],
)
def test_failing_7_a_moment_is_a_day_in_the_shops_zone(zone, expected):
    moment = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
    at = moment + timedelta(days=2)

    assert day_of(at, zone, dateTime=moment) == expected
    assert day_of(at, zone, dateTime=moment.astimezone(timezone(timedelta(hours=9)))) == expected
    assert day_of(at, zone, dateTime="2026-06-01T23:30:00Z") == expected
    assert day_of(at, zone, dateTime="2026-06-02T08:30:00+09:00") == expected
    assert day_of(at, zone, dateTime="2026-06-01T23:30:00") == date(2026, 6, 1)  # written without a zone: the shop's


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
@pytest.mark.parametrize("value", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", datetime.min, datetime.max])
def test_the_ends_of_the_calendar_are_unusable_not_fatal(zone, value):
    assert day_of(NOON, zone, date=value) is None


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
