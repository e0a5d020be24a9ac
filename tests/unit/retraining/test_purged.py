"""Shops that purge old bookings keep their usage, whatever happens to the history that alone remembers it."""

from __future__ import annotations

import pytest

from restock.stored import names
from tests.builders import appointment
from tests.unit.retraining.shop import Shop


@pytest.fixture
def shop():
    """Of eight old bookings three were purged; two versions know of it."""
    shop = Shop(keep_usage_when_deleted_after_days=2)
    shop.complete(*(f"a{n}" for n in range(8)))
    shop.retrain()
    shop.clock.advance(days=5)
    for id in ("a0", "a1", "a2"):
        shop.happen(id, None)
    shop.complete("b1")
    shop.retrain()
    assert len(shop.used()) == 9
    return shop


def test_promise_1_a_damaged_history_is_rebuilt_with_what_the_one_before_knew_of_purged_bookings(shop):
    shop.objects.damage(names.history(2))

    assert shop.retrain("schedule").status == "published"

    assert len(shop.used()) == 9
    assert "the usage of deleted bookings was taken from history/1.parquet" in shop.record(3)["notes"]


def test_promise_4_without_any_readable_history_it_refuses_and_says_what_to_do(shop):
    for version in (1, 2):
        stored = shop.objects.read(names.history(version))
        shop.objects.write(names.history(version), b"damaged", if_generation=stored.generation)
    before = shop.objects.stored()

    outcome = shop.retrain("schedule")

    assert (outcome.status, outcome.http_status) == ("refused", 200)
    assert any("no history can be read" in line for line in shop.errors())
    assert shop.objects.stored() == before
    assert shop.retrain(rebuild=True, force=True).status == "published"
    assert len(shop.used()) == 6


def test_promise_1_with_state_and_pointer_lost_the_newest_history_remembers(shop):
    shop.objects.delete(names.POINTER)
    for path in [path for path in shop.documents._documents if path.startswith("restock_")]:
        shop.documents.delete(path)

    shop.retrain()

    assert shop.retrain().status == "published"
    assert len(shop.used()) == 9


def test_a_pointer_put_back_does_not_forget_what_was_purged_since(shop):
    shop.complete("c1")
    older = shop.bucket_as_now()
    shop.retrain()
    shop.clock.advance(days=5)
    shop.happen("c1", None)
    shop.retrain()
    shop.put_back(older, names_only=[names.POINTER])

    assert shop.retrain("schedule").status == "published"

    assert len(shop.used()) == 10


def test_a_purged_booking_made_anew_without_completing_keeps_its_usage_in_counting_and_rebuild_alike(shop):
    shop.happen("a0", appointment("pending"))
    shop.retrain()
    counted = shop.used()
    shop.retrain(rebuild=True)

    assert counted == shop.used()
    assert counted["a0"] == 1.0
    assert shop.record(4)["drift"]["differing"] == 0


def test_a_booking_that_was_never_purged_loses_its_usage_when_it_is_taken_back(shop):
    shop.write("a7", appointment("pending"))  # and its event is dropped by the platform
    shop.retrain(rebuild=True)

    assert "a7" not in shop.used()


def test_a_purged_booking_made_anew_and_completed_counts_as_the_new_one(shop):
    shop.happen("a0", appointment("pending"))
    shop.happen("a0", appointment())
    shop.retrain()
    counted = shop.used()
    shop.retrain(rebuild=True)

    assert counted == shop.used()
    assert len(counted) == 9
