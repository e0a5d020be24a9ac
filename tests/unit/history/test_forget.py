"""Privacy: what was deleted leaves the history, and what a shop keeps of purged bookings can be forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.counting.appointments import CountingRules
from restock.errors import BadRequestError
from restock.history.forget import forget
from tests.builders import appointment, part
from tests.unit.retraining.shop import Shop


def purged(**settings) -> Shop:
    """A shop with a booking it purged long after its day, and one it still has."""
    shop = Shop(keep_usage_when_deleted_after_days=30, **settings)
    shop.complete("old", "other")
    shop.retrain()
    shop.clock.advance(days=100)
    shop.happen("old", None)
    return shop


def forgotten(shop: Shop, id: str) -> bool:
    return forget(id, shop.documents, shop.objects, CountingRules.of(shop.settings).digest)


def test_deleting_an_appointment_removes_its_usage_at_the_next_run():
    shop = Shop()
    shop.complete("a1", "a2")
    shop.retrain()
    shop.clock.advance(days=400)
    shop.happen("a1", None)

    shop.retrain("schedule")

    assert shop.used() == {"a2": 1.0}
    assert "a1" not in shop.history().rows["appointment"].to_pylist()


def test_purging_old_bookings_keeps_their_demand_through_counting_and_rebuild():
    shop = purged()

    shop.retrain()
    assert set(shop.used()) == {"old", "other"}
    shop.retrain(rebuild=True)
    assert set(shop.used()) == {"old", "other"}
    assert shop.record(3)["drift"]["differing"] == 0


def test_a_young_booking_is_withdrawn_though_old_ones_are_kept():
    shop = Shop(keep_usage_when_deleted_after_days=30)
    shop.complete("young", "other")
    shop.retrain()
    shop.clock.advance(days=3)
    shop.happen("young", None)

    shop.retrain(rebuild=True)

    assert set(shop.used()) == {"other"}


def test_forgetting_removes_what_is_kept_for_good():
    shop = purged()

    assert forgotten(shop, "old")
    shop.retrain()
    assert set(shop.used()) == {"other"}
    shop.retrain(rebuild=True)
    assert set(shop.used()) == {"other"}
    (told,) = shop.errors()  # and no drift
    assert told.startswith("nothing was learnt")  # for a hundred days


def test_forgetting_does_not_count_towards_the_threshold():
    shop = purged(retrain_threshold=1)

    forgotten(shop, "old")

    assert shop.retrain("threshold").status == "below_threshold"


def test_a_late_delivery_does_not_bring_back_what_was_forgotten():
    shop = purged()
    event = shop.write("again", appointment())
    shop.deliver(event)
    deletion = shop.write("again", None)
    shop.deliver(deletion)
    forgotten(shop, "again")
    shop.retrain()

    shop.clock.advance(hours=20)
    shop.deliver(event)
    shop.deliver(deletion)
    shop.retrain()

    assert "again" not in shop.used()


def test_an_edit_and_a_purge_still_on_their_way_do_not_bring_back_what_was_forgotten():
    shop = Shop(keep_usage_when_deleted_after_days=30)
    shop.complete("old", "other")
    shop.retrain()
    shop.clock.advance(days=100)
    edited = shop.write("old", appointment(parts=[part("Oil Filter", 9)]))
    deleted = shop.write("old", None)

    assert forgotten(shop, "old")
    shop.retrain()
    shop.deliver(edited)
    shop.deliver(deleted)
    shop.retrain()

    assert set(shop.used()) == {"other"}


def test_what_exists_is_deleted_first():
    shop = Shop()
    shop.complete("a1")

    with pytest.raises(BadRequestError, match="still exists"):
        forgotten(shop, "a1")


def test_forgetting_what_is_unknown_or_forgotten_changes_nothing():
    shop = purged()

    assert not forgotten(shop, "never seen")
    assert forgotten(shop, "old")
    writes = shop.documents.writes
    assert not forgotten(shop, "old")
    assert shop.documents.writes == writes


def test_a_change_not_trained_yet_is_forgotten_too():
    shop = Shop(keep_usage_when_deleted_after_days=1)
    shop.complete("a1")
    shop.clock.advance(days=2)
    shop.happen("a1", None)  # kept: its day is old enough

    assert forgotten(shop, "a1")
    assert shop.retrain().status == "empty"


def test_an_appointment_created_anew_after_being_forgotten_counts():
    shop = purged()
    forgotten(shop, "old")
    shop.clock.advance(hours=1)

    shop.happen("old", appointment(date=(shop.clock() - timedelta(days=1)).date().isoformat()))
    shop.retrain()

    assert set(shop.used()) == {"old", "other"}
