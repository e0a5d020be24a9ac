"""The day of a job: whatever field says it, in whatever form, in the shop's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from restock.counting.appointments import (
    NOTHING,
    Rejection,
)
from tests.builders import NOON, TODAY, appointment, part
from tests.unit.counting.counted import counted, reasons

MIDNIGHT = 1772236800  # 2026-02-28 in Greenwich


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
