"""What operators do by hand goes through the same conditional writes as the machinery (promises 2, 3 and 4)."""

from __future__ import annotations

import json

import pytest

from restock.errors import ConflictError, DamagedError, NoModelError
from restock.operating import verbs
from restock.retraining.lease import acquire
from restock.retraining.publish import prune
from restock.stored import names
from restock.stored.names import POINTER as NAME
from restock.stored.published import read_live
from tests.unit.retraining.models import reads
from tests.unit.retraining.shop import Shop


def trained(*runs: str) -> Shop:
    shop = Shop()
    for id in runs:
        shop.complete(id)
        shop.retrain()
    return shop


def live(shop: Shop):
    return read_live(shop.objects).pointer


def test_a_rollback_makes_an_older_version_live_with_the_history_as_it_is():
    shop = trained("a1", "a2")
    first, second = 1, 2

    pointer = verbs.roll_back(shop.objects, first, shop.clock(), reads)

    assert live(shop) == pointer
    assert (pointer.version, pointer.history) == (first, second)
    assert shop.used() == {"a1": 1.0, "a2": 1.0}


def test_a_rollback_lasts_until_the_next_publication_unless_pinned():
    shop = trained("a1", "a2")

    verbs.roll_back(shop.objects, 1, shop.clock(), reads)
    shop.retrain()
    assert live(shop).version == 3
    verbs.roll_back(shop.objects, 1, shop.clock(), reads, pin=True)
    shop.retrain()

    assert (live(shop).version, live(shop).pinned) == (1, True)


def test_a_rollback_to_a_version_that_is_not_whole_changes_nothing():
    shop = trained("a1", "a2")
    before = read_live(shop.objects)
    shop.objects.damage("models/1/forecast")

    with pytest.raises(DamagedError, match="models/1/forecast"):
        verbs.roll_back(shop.objects, 1, shop.clock(), reads)
    with pytest.raises(DamagedError, match="there is no version 77"):
        verbs.roll_back(shop.objects, 77, shop.clock(), reads)

    assert read_live(shop.objects) == before


def test_a_rollback_that_a_retrain_overtook_says_so():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.retrain()

    def overtake(effect):
        if effect == f"write {NAME}":
            shop.objects.before = lambda effect: None
            shop.retrain()

    shop.objects.before = overtake
    with pytest.raises(ConflictError, match="look again"):
        verbs.roll_back(shop.objects, 1, shop.clock(), reads)

    assert shop.pointer().version == 3


def with_an_old_version() -> Shop:
    shop = trained(*(f"a{n}" for n in range(12)))
    shop.clock.advance(days=100)
    shop.complete("b")
    return shop


def test_a_version_rolled_back_to_while_old_ones_are_pruned_stays():
    shop = with_an_old_version()

    def roll_back_meanwhile(effect):
        if effect == "list models/" and live(shop).version != 2:
            verbs.roll_back(shop.objects, 2, shop.clock(), reads, pin=True)

    shop.objects.before = roll_back_meanwhile
    assert shop.retrain().status == "published"

    assert (live(shop).version, live(shop).pinned) == (2, True)
    assert shop.objects.read(names.forecast(2)) is not None
    assert shop.objects.read(names.forecast(1)) is None


def test_a_rollback_to_a_version_pruned_meanwhile_is_taken_back():
    shop = with_an_old_version()

    def prune_meanwhile(effect):
        if effect == f"write {NAME}":
            shop.objects.before = lambda effect: None
            prune(shop.objects, shop.clock(), 90)

    shop.objects.before = prune_meanwhile
    with pytest.raises(DamagedError, match="pruned just now; version 12 stays live"):
        verbs.roll_back(shop.objects, 2, shop.clock(), reads, pin=True)

    assert (live(shop).version, live(shop).pinned) == (12, False)


def test_there_is_nothing_to_pin_before_the_first_publication():
    shop = Shop()

    with pytest.raises(NoModelError):
        verbs.pin(shop.objects, shop.clock())


def test_unpinning_looks_at_the_threshold_that_was_crossed_meanwhile():
    shop = trained("a1")
    verbs.pin(shop.objects, shop.clock())
    shop.complete(*(f"b{k}" for k in range(shop.settings.retrain_threshold)))
    shop.retrain("threshold")
    for task in shop.queue.due():
        shop.queue.settle(task, 200)

    _, found = verbs.unpin(shop.objects, shop.documents, shop.queue, shop.settings.retrain_threshold, shop.clock())

    assert "reached" in found
    assert len(shop.queue.due()) == 1
    assert not live(shop).pinned


@pytest.mark.parametrize("is_pinned", [False, True])
def test_a_rollback_to_what_serving_cannot_read_is_refused(is_pinned):
    shop = trained("a1", "a2")
    before = read_live(shop.objects)

    def of_another_layout(forecast, pointer):
        raise DamagedError("its schema is 2")

    with pytest.raises(DamagedError, match="models/1/forecast cannot be served: its schema is 2"):
        verbs.roll_back(shop.objects, 1, shop.clock(), of_another_layout, pin=is_pinned)

    assert read_live(shop.objects) == before


@pytest.mark.parametrize("trained_at", ["yesterday", ""])
def test_a_rollback_to_a_manifest_that_would_make_no_pointer_is_refused(trained_at):
    shop = trained("a1", "a2")
    before = read_live(shop.objects)
    name = names.manifest(1)
    found = shop.objects.read(name)
    manifest = json.loads(found.data) | {"trained_at": trained_at}
    shop.objects.write(name, json.dumps(manifest).encode(), if_generation=found.generation)

    with pytest.raises(DamagedError):
        verbs.roll_back(shop.objects, 1, shop.clock(), reads)

    assert read_live(shop.objects) == before


def test_the_lease_of_a_run_that_died_is_freed_and_the_next_run_trains():
    shop = trained("a1")
    acquire(shop.documents, "died", "schedule", shop.clock(), seconds=1900)
    shop.complete("a2")
    assert shop.retrain().status == "busy"

    run, lease = verbs.free_lease(shop.documents)

    assert (run, lease.reason, lease.holder) == (2, "schedule", "died")
    assert shop.retrain().status == "published"
    assert shop.used() == {"a1": 1.0, "a2": 1.0}
    assert verbs.free_lease(shop.documents) is None


def test_a_run_whose_lease_was_freed_under_it_publishes_or_is_overtaken_and_never_both():
    shop = trained("a1")
    shop.complete("a2")

    def free_and_train():
        shop.fit.before = lambda: None
        verbs.free_lease(shop.documents)
        assert shop.retrain().status == "published"

    shop.fit.before = free_and_train
    assert shop.retrain().status == "overtaken"

    assert shop.used() == {"a1": 1.0, "a2": 1.0}
    assert shop.state().get("lease") is None
