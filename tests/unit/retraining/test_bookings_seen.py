"""What learning runs see in the book, kept from one to the next; what it costs is bounded (promise 6)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from restock.counting.bookings import MOST_READ, Booked
from restock.errors import DamagedError, StoreUnavailableError
from restock.history.booked_seen import MOST_SERVICES, MOST_SIGHTINGS, OTHERS, BookedSeen
from restock.stored import names
from restock.stored.near_days import DAYS
from tests.booked import BookedDocuments
from tests.builders import TODAY
from tests.unit.retraining.shop import Shop


def booking(days_ahead, service="Oil\nChange", **more):
    day = (TODAY + timedelta(days_ahead)).isoformat()
    return {"date": day, "service": service, "status": "pending", **more}


def a_shop(bookings):
    shop = Shop()
    shop.tools = partial(shop.tools, bookings=bookings)
    shop.complete("a1")
    return shop


def seen(shop):
    stored = shop.objects.read(names.booked_seen(shop.pointer().booked_seen or 0))
    return BookedSeen.from_bytes(stored.data)


def test_every_learning_run_adds_what_stands_in_the_book_and_counts_what_it_reads():
    book = BookedDocuments({"b1": booking(1), "b2": booking(1, "oil change"), "b3": booking(13, "Tyres")})
    book.documents |= {"b4": booking(2, status="cancelled"), "b5": booking(40), "b6": booking(0, status="completed")}
    shop = a_shop(book)
    shop.retrain()
    without = Shop()
    without.complete("a1")
    without.retrain()

    assert seen(shop).sightings == {
        TODAY: {"oil change": (1, 2, *[0] * 12), "tyres": (*[0] * 13, 1)},
    }
    assert shop.fit.lessons[-1].booked == seen(shop)
    read = shop.record(1)["documents"]["read"] - without.record(1)["documents"]["read"]
    assert read == book.reads == 5
    assert book.queries == 3


def test_what_was_seen_before_is_kept_and_a_second_look_of_a_day_takes_the_place_of_the_first():
    book = BookedDocuments({"b1": booking(1)})
    shop = a_shop(book)
    shop.retrain()
    book.documents["b2"] = booking(1)
    shop.retrain()
    shop.clock.advance(days=1)
    shop.retrain()

    assert {day: its["oil change"][:2] for day, its in seen(shop).sightings.items()} == {
        TODAY: (0, 2),
        TODAY + timedelta(1): (2, 0),
    }


def test_a_run_that_follows_reads_no_bookings_and_leaves_what_was_seen():
    book = BookedDocuments({"b1": booking(1)})
    shop = a_shop(book)
    shop.retrain()
    queries = book.queries
    shop.complete("a2", "a3", "a4")

    outcome = shop.retrain("threshold")

    assert (outcome.status, shop.record(2)["kind"]) == ("published", "follow")
    assert book.queries == queries
    assert shop.pointer().booked_seen == 1


@pytest.mark.parametrize("trouble", ["unreadable", "too many"])
def test_a_book_that_cannot_be_read_or_is_beyond_all_bounds_costs_no_training(trouble):
    class Unreadable(BookedDocuments):
        def between(self, *_):
            raise StoreUnavailableError("the index is switched off")

    many = BookedDocuments({f"b{k}": booking(1) for k in range(2 * MOST_READ)})
    shop = a_shop(Unreadable() if trouble == "unreadable" else many)

    outcome = shop.retrain()

    assert outcome.status == "published"
    assert shop.pointer().booked_seen is None
    assert "bookings" in " ".join(shop.record(1)["notes"])
    assert shop.fit.lessons[-1].booked is None
    assert many.reads <= MOST_READ


def test_without_what_was_seen_before_a_run_begins_anew_and_says_so():
    shop = a_shop(BookedDocuments({"b1": booking(1)}))
    shop.retrain()
    shop.objects.damage("booked_seen/1.json")

    assert shop.retrain().status == "published"
    assert "the bookings seen so far are lost" in shop.lines.getvalue()
    assert list(seen(shop).sightings) == [TODAY]


def test_a_pointer_of_before_names_no_bookings_seen():
    shop = a_shop(BookedDocuments({"b1": booking(1)}))
    shop.retrain()
    shop.pointer_of_before("booked_seen", "booked_seen_sha256")

    assert shop.pointer().booked_seen is None
    assert shop.retrain().status == "published"
    assert shop.pointer().booked_seen == 2


def test_what_is_kept_is_bounded_in_days_and_services():
    shop = a_shop(BookedDocuments({f"b{k}": booking(1, f"service {k}") for k in range(MOST_SERVICES + 5)}))
    shop.retrain()
    (sighting,) = seen(shop).sightings.values()
    many = BookedSeen({TODAY + timedelta(day): {} for day in range(MOST_SIGHTINGS + 9)})

    assert len(sighting) == MOST_SERVICES + 1
    assert sighting[OTHERS] == (0, 5, *[0] * (DAYS - 2))
    assert len(many.sighted(TODAY, Booked(())).sightings) == MOST_SIGHTINGS


@pytest.mark.parametrize(
    "stored", [b"", b"[]", b'{"schema": 9}', b'{"schema": 1, "sightings": {"2026-01-01": {"oil": [1]}}}']
)
def test_anything_else_is_no_record_of_bookings(stored):
    with pytest.raises(DamagedError):
        BookedSeen.from_bytes(stored)
