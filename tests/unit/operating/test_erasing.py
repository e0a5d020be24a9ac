"""Deleting a customer's data loses nothing else, whatever the shop is doing meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from restock.counting.appointments import CountingRules
from restock.errors import BadRequestError, NoModelError, RestockError
from restock.operating import erasing, verbs
from restock.retraining.lease import acquire
from restock.retraining.run import retrain
from restock.stored import names
from restock.stored.retrain_request import RetrainRequest
from tests.builders import appointment
from tests.unit.retraining.models import ABSURD, reads
from tests.unit.retraining.shop import Shop


def let_the_queue_call(shop: Shop) -> None:
    """Pass a minute, in which the queue calls retrain with whatever is due."""
    shop.clock.advance(minutes=1)
    for task in shop.queue.due():
        shop.queue.settle(task, retrain(RetrainRequest(**task.body), shop.tools()).http_status)


def erase(shop: Shop, id: str = "gone", purge: Callable[[datetime], None] = lambda _before: None) -> str:
    rules = CountingRules.of(shop.settings)
    acted_on = erasing.ErasingTools(
        shop.documents, shop.objects, shop.queue, rules, purge, shop.clock, wait=lambda: let_the_queue_call(shop)
    )
    return erasing.erase(id, acted_on)


def with_a_deleted_booking(**settings) -> Shop:
    """Two versions, whose histories both name the booking; then the app deleted it."""
    shop = Shop(**settings)
    shop.complete("gone", "a1")
    shop.retrain()
    shop.complete("a2")
    shop.retrain()
    shop.happen("gone", None)
    return shop


def histories_left(shop: Shop) -> list[str]:
    return [name for name in shop.objects.ever_stored() if name.startswith((names.HISTORIES, names.FULL_READS))]


def assert_only_the_live_history_is_left(shop: Shop) -> None:
    assert histories_left(shop) == [names.history(shop.pointer().history)]
    assert "gone" not in shop.used()


def test_every_copy_goes_and_all_other_usage_stays():
    shop = with_a_deleted_booking()

    said = erase(shop)

    assert_only_the_live_history_is_left(shop)
    assert shop.used() == {"a1": 1.0, "a2": 1.0}
    assert shop.retrain("schedule").status in {"published", "unchanged"}
    assert "appointment gone is forgotten" in said
    assert "2 older copies deleted" in said


def test_dead_letters_are_purged_and_what_only_they_told_is_read_from_the_appointments():
    shop = with_a_deleted_booking()
    shop.retrain()
    shop.write("a3", appointment("completed"))  # its event was given up
    purged: list[datetime] = []

    erase(shop, purge=purged.append)

    assert shop.used() == {"a1": 1.0, "a2": 1.0, "a3": 1.0}
    assert len(purged) == 1
    assert shop.history().rebuilt_at > purged[0]


def test_a_run_that_only_takes_the_appointment_out_is_not_enough_for_what_was_purged_is_read_too():
    shop = with_a_deleted_booking()
    shop.write("a3", appointment("completed"))  # its event was given up

    def train_first(_before: datetime) -> None:
        shop.retrain()
        assert "gone" not in shop.used()

    erase(shop, purge=train_first)

    assert shop.used() == {"a1": 1.0, "a2": 1.0, "a3": 1.0}


def test_a_refusal_comes_before_dead_letters_are_purged():
    shop = with_a_deleted_booking()
    verbs.pin(shop.objects, shop.clock())
    purged: list[datetime] = []

    with pytest.raises(BadRequestError, match="make unpin"):
        erase(shop, purge=purged.append)
    with pytest.raises(BadRequestError):
        erase(shop, "a1", purge=purged.append)

    assert purged == []


def test_what_remains_is_said_with_its_day():
    shop = with_a_deleted_booking()

    said = erase(shop)

    today = shop.clock()
    for stays in (erasing.SOFT_DELETED_FOR, erasing.LOGS_STAY, erasing.RECORDS_STAY):
        assert f"until {today + stays:%Y-%m-%d}" in said


def test_a_pinned_version_is_refused_before_anything_is_changed():
    shop = with_a_deleted_booking()
    verbs.pin(shop.objects, shop.clock())
    before = shop.objects.stored(), shop.documents.stored(names.CHANGES)

    with pytest.raises(BadRequestError, match="make unpin"):
        erase(shop)

    assert (shop.objects.stored(), shop.documents.stored(names.CHANGES)) == before
    assert shop.queue.due() == []


def test_the_history_of_an_overtaken_run_goes_though_it_is_newer_than_the_live_one():
    shop = with_a_deleted_booking()

    def overtake(step):
        if step == "files":
            verbs.pin(shop.objects, shop.clock())
            verbs.unpin(shop.objects, shop.documents, shop.queue, 3, shop.clock())

    assert retrain(RetrainRequest("manual", rebuild=True), shop.tools(after=overtake)).status == "overtaken"
    orphan = max(histories_left(shop), key=names.version_of)
    assert names.version_of(orphan) > shop.pointer().history

    erase(shop)

    assert_only_the_live_history_is_left(shop)
    assert orphan not in shop.objects.ever_stored() or shop.pointer().history == names.version_of(orphan)
    assert shop.used() == {"a1": 1.0, "a2": 1.0}


def test_after_a_rollback_the_live_history_is_kept_not_the_rolled_back_ones():
    shop = with_a_deleted_booking()
    verbs.roll_back(shop.objects, 1, shop.clock(), reads)

    erase(shop)

    assert_only_the_live_history_is_left(shop)
    assert shop.used() == {"a1": 1.0, "a2": 1.0}


def test_usage_of_other_purged_bookings_is_kept_where_the_shop_keeps_it():
    shop = Shop(keep_usage_when_deleted_after_days=30)
    shop.complete("purged", "gone", "a1")
    shop.retrain()
    shop.clock.advance(days=60)
    shop.happen("purged", None)
    shop.happen("gone", None)
    shop.retrain()
    assert shop.used() == {"purged": 1.0, "gone": 1.0, "a1": 1.0}

    erase(shop)

    assert_only_the_live_history_is_left(shop)
    assert shop.used() == {"purged": 1.0, "a1": 1.0}


def test_a_retrain_at_work_is_waited_for():
    shop = with_a_deleted_booking()
    shop.retrain()
    acquire(shop.documents, "at work", "schedule", shop.clock(), seconds=300)

    erase(shop)

    assert_only_the_live_history_is_left(shop)
    assert shop.state().get("lease") is None


def test_a_run_that_was_frozen_while_copies_were_deleted_can_no_longer_publish_its_own():
    shop = with_a_deleted_booking(retrain_deadline_seconds=86_400)

    def freeze(step):
        if step == "files":
            shop.clock.advance(hours=1)  # its lease is over
            erase(shop)

    frozen = retrain(RetrainRequest("manual", rebuild=True), shop.tools(after=freeze))

    assert frozen.status == "overtaken"
    assert_only_the_live_history_is_left(shop)
    assert shop.used() == {"a1": 1.0, "a2": 1.0}


def test_a_model_that_is_refused_hinders_nothing_for_the_history_is_committed_alone():
    shop = with_a_deleted_booking()
    shop.fit.judged = ABSURD

    erase(shop)

    assert_only_the_live_history_is_left(shop)
    assert shop.pointer().version == 2


def test_nothing_is_deleted_while_no_run_publishes_and_it_can_be_begun_again():
    def out_of_luck():
        raise RuntimeError("out of luck")

    shop = with_a_deleted_booking()
    before = histories_left(shop)
    shop.fit.before = out_of_luck

    with pytest.raises(RestockError, match="nothing was deleted yet"):
        erase(shop)
    assert set(before) <= set(histories_left(shop))

    shop.fit.before = lambda: None
    erase(shop)
    assert_only_the_live_history_is_left(shop)


def test_an_appointment_that_still_exists_is_refused():
    shop = with_a_deleted_booking()

    with pytest.raises(BadRequestError, match="still exists"):
        erase(shop, "a1")


def test_without_a_published_version_there_is_nothing_to_erase_from():
    with pytest.raises(NoModelError):
        erase(Shop())
