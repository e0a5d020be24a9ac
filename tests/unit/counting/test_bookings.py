"""What is booked for some days: by its valid day, each booking once, what is done or will not be left out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from restock.counting.bookings import MOST_READ, booking_of, read_booked
from tests.booked import BookedDocuments
from tests.builders import rules

START = date(2026, 3, 3)


def booking(day="2026-03-04", **more):
    at = datetime.fromisoformat(f"{day}T09:00:00+00:00")
    return {"status": "pending", "service": "Oil\nChange", "date": day, "dateTime": at} | more


def booked(documents, days=2, start=START, zone="Europe/London"):
    found = read_booked(BookedDocuments(documents), start, days, rules(time_zone=zone))
    return {one.id: one.day.isoformat() for one in found.bookings}


def test_the_days_asked_for_and_no_others():
    documents = {f"on-{day}": booking(f"2026-03-{day:02}") for day in range(1, 9)}

    assert booked(documents) == {"on-3": "2026-03-03", "on-4": "2026-03-04"}


@pytest.mark.parametrize(
    "status", ["completed", "Completed ", "COMPLETE", "AppointmentStatus.cancelled", "canceled", "Rejected"]
)
def test_what_is_done_or_will_not_be_is_left_out(status):
    assert booked({"a": booking(status=status)}) == {}


@pytest.mark.parametrize("status", ["pending", "confirmed", "in_process", "incomplete", None, 7, ["completed"]])
def test_everything_else_is_still_to_be_done(status):
    assert booked({"a": booking(status=status)}) == {"a": "2026-03-04"}


def test_a_booking_moved_counts_on_its_new_day_alone():
    moved_away = booking("2026-03-04") | {"dateTime": "2026-04-20T09:00:00.000"}
    moved_here = booking("2026-02-20") | {"dateTime": "2026-03-03T14:00:00.000"}

    assert booked({"away": moved_away, "here": moved_here}) == {"here": "2026-03-03"}


def test_a_booking_that_has_only_one_of_the_fields_is_found_by_it():
    documents = {
        "date": {"status": "pending", "date": "2026-03-03"},
        "text": {"status": "pending", "dateTime": "2026-03-03T23:30:00"},
        "moment": {"status": "pending", "dateTime": datetime(2026, 3, 3, 9, tzinfo=UTC)},
    }

    assert booked(documents) == dict.fromkeys(documents, "2026-03-03")


def test_a_text_with_a_zone_is_a_day_of_the_shop():
    documents = {"a": {"status": "pending", "dateTime": "2026-03-02T22:30:00Z"}}

    assert booked(documents, zone="Asia/Bangkok") == {"a": "2026-03-03"}
    assert booked(documents) == {}


def test_a_booking_moved_to_a_year_nobody_can_book_stays_on_its_day():
    assert booked({"a": booking() | {"dateTime": "9999-12-31T09:00:00"}}) == {"a": "2026-03-04"}


def test_two_bookings_of_one_slot_are_two():
    assert len(booked({"a": booking(), "b": booking()})) == 2


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"date": None, "dateTime": None},
        {"date": "04/03/2026"},
        {"date": ["2026-03-04"], "dateTime": {"day": 4}},
        {"date": "9999-12-31", "dateTime": datetime(9999, 12, 31, 23, tzinfo=UTC)},
    ],
)
def test_what_names_no_day_of_these_is_no_booking_of_these_days(fields):
    assert booking_of("a", {"status": "pending", **fields}, rules(), START) is None
    assert booked({"a": {"status": "pending", **fields}}) == {}


@pytest.mark.parametrize("service", [None, ["Oil"], {"a": 1}, 7, "x" * 1_000_000])
def test_a_service_that_cannot_be_read_is_a_booking_all_the_same(service):
    found = booking_of("a", booking(service=service), rules(), START)

    assert (found.day, found.service) == (date(2026, 3, 4), "")


def test_ten_thousand_bookings_of_a_day_are_cut_and_it_is_said():
    documents = BookedDocuments({f"a{number}": booking() for number in range(10_000)})

    found = read_booked(documents, START, 2, rules())

    assert found.is_cut
    assert documents.reads == found.read == MOST_READ
    assert len(found.bookings) == MOST_READ


def test_a_normal_day_costs_two_reads_a_booking():
    documents = BookedDocuments({f"a{number}": booking() for number in range(20)})

    found = read_booked(documents, START, 2, rules())

    assert (documents.queries, documents.reads, found.is_cut) == (3, 40, False)
    assert found.services() == {"oil change": 20}


def test_days_are_the_shops_across_a_change_of_clocks():
    in_spring = date(2026, 3, 29)  # 23 hours in London
    documents = {
        f"{hour}": {"status": "pending", "dateTime": datetime(2026, 3, 28, 22, tzinfo=UTC) + timedelta(hours=hour)}
        for hour in range(30)
    }

    assert len(booked(documents, days=1, start=in_spring)) == 23
