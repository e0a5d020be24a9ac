"""Every row of the contract's table of appointments, one way or another."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restock.counting.appointments import (
    NOTHING,
    Counted,
    Rejection,
    UsedPart,
    is_kept_when_deleted,
    job_without_parts,
    status_passed_over,
    usage_of,
)
from restock.counting.quantities import AMBIGUOUS
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


@pytest.mark.parametrize(
    ("quantity", "units"),
    [(2, 2.0), (2.5, 2.5), ("2", 2.0), (" 2.50 ", 2.5), ("1e2", 100.0), (".5", 0.5), ("+3", 3.0), (1_000_000, 1e6)],
)
def test_failing_4_quantities_are_whole_fractional_or_text(quantity, units):
    assert parts_of([part("Oil", quantity)]) == (UsedPart("oil", "Oil", units),)


@pytest.mark.parametrize(
    ("quantity", "units"),
    [
        ("1,5", 1.5),
        ("0,125", 0.125),
        (",5", 0.5),
        ("1,50", 1.5),
        ("1,2345", 1.2345),
        ("2 pcs", 2.0),
        ("2pcs.", 2.0),
        ("2 x", 2.0),
        ("2 Stück", 2.0),
        ("3 шт.", 3.0),
        ("4.5 l", 4.5),
        ("4,5\u00a0Liter", 4.5),
        ("2 m", 2.0),
        ("1 box (blue)", 1.0),
    ],
)
def test_a_quantity_that_can_mean_only_one_number_counts(quantity, units):
    assert parts_of([part("Oil", quantity)]) == (UsedPart("oil", "Oil", units),)


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        ("1,200", AMBIGUOUS),
        ("12,000", AMBIGUOUS),
        ("1,200,300", AMBIGUOUS),
        ("1,200 pcs", AMBIGUOUS),
        ("1.200 pcs", AMBIGUOUS),
        ("1,200.5", "is not a number"),
        ("1.200,5", "is not a number"),
        ("1 200", "is not a number"),
        ("1'200", "is not a number"),
        ("2 x 5", "is not a number"),
        ("2 boxes of 12", "is not a number"),
        ("2 dozen", "is not a number"),
        ("2k", "is not a number"),
        ("1e", "is not a number"),
        ("2-3", "is not a number"),
        ("2 1/2", "is not a number"),
        ("1/2", "is not a number"),
        ("pcs 2", "is not a number"),
        ("٢ pcs", "is not a number"),
        ("0 pcs", "is not positive"),
        ("-1 pcs", "is not positive"),
        ("9999999 pcs", "is above 1000000"),
        ("2 " + "x" * 10**6, "is not a number"),
    ],
    ids=lambda value: value[:20],
)
def test_promise_8_a_quantity_that_could_be_two_numbers_is_rejected(quantity, reason):
    assert reasons(appointment(parts=[part("Oil", quantity)]))[0] == f"spareParts.quantity {reason}"


@pytest.mark.parametrize(
    "listed",
    [
        {"0": part("Oil", 1), "1": part("Belt", 2)},
        {"1": part("Belt", 2), "0": part("Oil", 1)},
        {"-Nab": part("Oil", 1), "-Nac": part("Belt", 2)},
        {"oil": part("Oil", 1), "belt": part("Belt", 2)},
    ],
)
def test_parts_listed_as_a_map_count_as_a_list(listed):
    assert parts_of(listed) == (UsedPart("belt", "Belt", 2.0), UsedPart("oil", "Oil", 1.0))


def test_one_part_instead_of_a_list_counts():
    assert parts_of(part("Oil", 2)) == (UsedPart("oil", "Oil", 2.0),)


def test_promise_8_a_map_with_holes_is_counted_as_far_as_it_goes():
    fields = appointment() | {"spareParts": {"0": part("Oil", 1), "1": None, "10": part("OIL", 1), "2": part("oil", 1)}}

    assert counted(fields).usage.parts == (UsedPart("oil", "Oil", 3.0),)
    assert reasons(fields) == ["spareParts an entry is not a map"]


@pytest.mark.parametrize("listed", [{}, []])
def test_an_empty_map_is_an_empty_list(listed):
    assert counted(appointment() | {"spareParts": listed}) == counted(None)


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
    "value", ["2026-02-30", "2026-2-3", "03/02/2026", "3 March 2026", "2026-02-03T99:00:00Z", [], {}, 5]
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
    assert day_of(date="2026-06-01") is None


def test_a_day_before_history_start_is_a_typing_error():
    assert day_of(date="2009-12-31") is None
    assert day_of(date="2010-01-01") == date(2010, 1, 1)
    assert day_of(date="0001-01-01") is None


def test_a_job_done_before_its_booked_day_was_done_on_the_day_of_its_write():
    """No clock is read: the same version means the same on every day. 90 days ahead can be booked."""
    assert day_of(at=NOON, date="2026-03-05", createdAt="2026-02-20") == TODAY
    assert day_of(at=NOON, date="2026-05-31") == TODAY
    assert day_of(at=NOON, date="2026-06-01", createdAt="2026-02-20") == date(2026, 2, 20)


def test_a_later_edit_of_a_job_done_early_moves_it_forward_and_never_beyond_its_booked_day():
    days = [day_of(at=NOON + timedelta(days=after), date="2026-03-05") for after in (0, 1, 3, 30)]

    assert days == [TODAY, date(2026, 3, 3), date(2026, 3, 5), date(2026, 3, 5)]


@pytest.mark.parametrize("moved", ["2026-02-27T09:00:00", "2026-02-27 09:00:00.000", "2026-02-27", "20260227T090000"])
def test_rescheduling_writes_only_date_time_as_text_without_a_zone(moved):
    assert day_of(date="2026-02-28", completedDate="2026-02-26", dateTime=moved) == date(2026, 2, 27)
    assert day_of(date=None, completedDate="2026-02-26", dateTime=moved) == date(2026, 2, 27)


@pytest.mark.parametrize(
    ("stamp", "zone", "expected"),
    [
        (datetime(2026, 2, 28, tzinfo=UTC), "America/New_York", date(2026, 2, 28)),  # midnight in Greenwich
        ("2026-02-27T00:00:00Z", "UTC", date(2026, 2, 28)),  # one day apart is no other booking
        (datetime(2026, 2, 26, 9, tzinfo=UTC), "UTC", date(2026, 2, 26)),
        ("2026-02-20T09:00:00Z", "UTC", date(2026, 2, 20)),
        ({"_seconds": 1771578000, "_nanoseconds": 0}, "UTC", date(2026, 2, 20)),
    ],
)
def test_a_moment_more_than_a_day_from_the_date_is_the_newer_booking(stamp, zone, expected):
    assert day_of(zone=zone, date="2026-02-28", dateTime=stamp) == expected


def test_a_booking_moved_ahead_and_done_early_was_done_on_the_day_of_its_write():
    assert day_of(date="2026-02-20", dateTime="2026-03-20T09:00:00") == TODAY


def test_promise_8_an_unusable_date_time_is_reported_although_the_date_counts():
    fields = appointment(dateTime="2035-01-01T09:00:00")

    assert counted(fields).usage.day == TODAY
    assert reasons(fields) == ["dateTime is in the future"]


MIDNIGHT = 1772236800  # 2026-02-28 in Greenwich


@pytest.mark.parametrize(
    "value",
    [
        "20260228",
        20260228,
        "2026/02/28",
        "2026.02.28",
        "20260228T101500Z",
        "20260228101500",
        "202602281015",
        "2026-02-28T00:10:00 +00:00",
        "2026-02-28T00:10:00 +0000",
        "2026-02-28T00:10:00 UTC",
        "2026-02-28 00:10:00 GMT+00",
        "2026-02-28T23:10:00.123456789Z",
        "2026-02-28T23:10Z",
        "2026-02-28T01:10:00+01:00[Europe/Paris]",
        MIDNIGHT,
        MIDNIGHT * 1000,
        MIDNIGHT * 10**6,
        MIDNIGHT * 10**9,
        float(MIDNIGHT * 1000),
        MIDNIGHT + 0.5,
        str(MIDNIGHT),
        str(MIDNIGHT * 1000),
        {"_seconds": MIDNIGHT, "_nanoseconds": 5},
        {"seconds": MIDNIGHT, "nanoseconds": 5},
        {"seconds": str(MIDNIGHT), "nanos": 0},
        {"__datatype__": "timestamp", "value": {"_seconds": MIDNIGHT, "_nanoseconds": 0}},
        {"__time__": "2026-02-28T00:00:00.000Z"},
        {"$date": {"$numberLong": str(MIDNIGHT * 1000)}},
        f"Timestamp(seconds={MIDNIGHT}, nanoseconds=0)",
    ],
)
def test_a_date_that_can_mean_only_one_day_is_read_however_it_was_exported(value):
    assert day_of(date=value, createdAt="2026-01-01") == date(2026, 2, 28)
    assert counted(appointment(date=value)).rejections == ()


def test_a_zone_behind_a_blank_is_a_zone():
    assert day_of(date="2026-02-28T00:10:00 +07:00") == date(2026, 2, 27)
    assert day_of(date="2026-02-27T20:10:00 -0500") == date(2026, 2, 28)


@pytest.mark.parametrize(
    "value",
    [
        *(True, 7, 0, -1, 12345, 10**10, 10**20, float("nan"), float("inf"), b"2026-02-28", [2026, 2, 28]),
        *("28/02/2026", "02-28-2026", "2026-W09-6", "2026-059", "２０２６-02-28", "2" * 10**6),
        *("2026-02-28T10:00+24:00", "2026-02-28T10:00+01:75", "2026-02-28T25:00Z"),
        *({"a": 1}, {"seconds": True}, {"seconds": None}, {"seconds": 10**30}, {"_seconds": "x" * 10**6}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_promise_8_what_could_be_two_days_or_none_is_rejected(value):
    assert day_of(date=value, createdAt="2026-01-01") == date(2026, 1, 1)
    assert reasons(appointment(date=value)) == ["date is not a date"]


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
