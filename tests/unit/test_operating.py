"""What operators do by hand goes through the same conditional writes as the machinery (promises 2, 3 and 4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock import operating
from restock.__main__ import main
from restock.errors import ConflictError, DamagedError, NoModelError
from restock.retraining.publish import prune, read_live
from restock.stored import names
from restock.stored.names import POINTER as NAME
from tests.builders import appointment
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

    pointer = operating.roll_back(shop.objects, first, shop.clock())

    assert live(shop) == pointer
    assert (pointer.version, pointer.history) == (first, second)
    assert shop.used() == {"a1": 1.0, "a2": 1.0}


def test_a_rollback_lasts_until_the_next_publication_unless_pinned():
    shop = trained("a1", "a2")

    operating.roll_back(shop.objects, 1, shop.clock())
    shop.retrain()
    assert live(shop).version == 3
    operating.roll_back(shop.objects, 1, shop.clock(), pin=True)
    shop.retrain()

    assert (live(shop).version, live(shop).pinned) == (1, True)


def test_a_rollback_to_a_version_that_is_not_whole_changes_nothing():
    shop = trained("a1", "a2")
    before = read_live(shop.objects)
    shop.objects.damage("models/1/forecast")

    with pytest.raises(DamagedError, match="models/1/forecast"):
        operating.roll_back(shop.objects, 1, shop.clock())
    with pytest.raises(DamagedError, match="there is no version 77"):
        operating.roll_back(shop.objects, 77, shop.clock())

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
        operating.roll_back(shop.objects, 1, shop.clock())

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
            operating.roll_back(shop.objects, 2, shop.clock(), pin=True)

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
        operating.roll_back(shop.objects, 2, shop.clock(), pin=True)

    assert (live(shop).version, live(shop).pinned) == (12, False)


def test_there_is_nothing_to_pin_before_the_first_publication():
    shop = Shop()

    with pytest.raises(NoModelError):
        operating.pin(shop.objects, shop.clock())


def test_unpinning_looks_at_the_threshold_that_was_crossed_meanwhile():
    shop = trained("a1")
    operating.pin(shop.objects, shop.clock())
    shop.complete(*(f"b{k}" for k in range(shop.settings.retrain_threshold)))
    shop.retrain("threshold")
    for task in shop.queue.due():
        shop.queue.settle(task, 200)

    _, found = operating.unpin(shop.objects, shop.documents, shop.queue, shop.settings.retrain_threshold, shop.clock())

    assert "reached" in found
    assert len(shop.queue.due()) == 1
    assert not live(shop).pinned


def test_the_status_says_where_each_promise_stands():
    shop = trained("a1")
    shop.complete("a2", "a3")

    found = operating.look(shop.documents, shop.objects, shop.settings.retrain_threshold)
    said = operating.described(found, shop.clock() + timedelta(hours=3))

    assert "live       version 1" in said
    assert "3 hours old" in said
    assert "2 pending changes" in said
    assert f"2 of {shop.settings.retrain_threshold} completions await training" in said
    assert "lease      free" in said
    assert "version 1 published" in said


def test_the_status_says_what_the_last_runs_met():
    def out_of_luck():
        raise RuntimeError("out of luck")

    shop = trained("a1")
    shop.clock.advance(days=1)
    shop.retrain("schedule")
    shop.write("dropped", appointment())
    shop.clock.advance(days=2)
    shop.retrain(rebuild=True)
    history = names.history(shop.pointer().history)
    shop.objects.write(history, b"damaged", if_generation=shop.objects.read(history).generation)
    shop.retrain()
    shop.fit.before = out_of_luck
    shop.retrain()

    said = operating.described(operating.look(shop.documents, shop.objects, 10), shop.clock())

    assert "drift 1 (promise 1)" in said
    assert "          differed: dropped\n" in said
    assert "          full read: " in said
    assert "          RuntimeError: out of luck" in said


def test_the_status_of_an_empty_project_says_so():
    shop = Shop()

    said = operating.described(operating.look(shop.documents, shop.objects, 10), shop.clock())

    assert "nothing published yet" in said
    assert "none yet" in said


def test_a_verb_without_any_restock_to_mean_says_how_to_get_one(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)

    status = main(["status"])

    assert status == 2
    assert "GOOGLE_CLOUD_PROJECT is not set" in capsys.readouterr().err
