"""Change documents that cannot be read: the next run of any kind makes them anew from their appointments."""

from __future__ import annotations

import pytest

from restock.errors import DamagedError
from restock.stored import names
from restock.stored.change import READABLE_SCHEMAS, Change
from tests.builders import appointment, part
from tests.unit.retraining.shop import Shop

SPOILED = {
    "schema of a later release": {"schema": READABLE_SCHEMAS[-1] + 1},
    "no schema": {"schema": None},
    "usage by hand": {"usage": "two belts"},
    "a part without key": {"usage": [{"name": "Belt", "quantity": 1.0}]},
    "a key that is a number": {"usage": [{"key": 5, "name": "Belt", "quantity": 1.0}]},
    "a quantity in words": {"usage": [{"key": "b", "name": "Belt", "quantity": "2 pcs"}]},
    "a quantity that is no number": {"usage": [{"key": "b", "name": "Belt", "quantity": float("nan")}]},
    "a day that is none": {"day": "2026-13-01"},
    "a moment as text": {"source_time": "2026-03-02T12:00:00Z"},
    "rules that are a number": {"rules": 5},
}


def spoil(shop, id, **fields):
    found = shop.documents.get(names.change(id))
    shop.documents.set(names.change(id), {**found.fields, **fields})


@pytest.fixture
def shop():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    return shop


@pytest.mark.parametrize("how", SPOILED)
def test_promise_1_and_2_a_completion_whose_change_was_spoiled_is_counted_and_trained(shop, how):
    shop.complete("b1", "b2", "b3")
    spoil(shop, "b2", **SPOILED[how])

    assert shop.retrain("threshold").status == "published"

    assert shop.used() == {"a1": 1.0, "b1": 1.0, "b2": 1.0, "b3": 1.0}
    assert shop.pending() == []
    assert shop.record(2)["rejected"] == {"change unreadable": 1}
    assert any("made anew" in line for line in shop.errors())
    assert shop.retrain("threshold").status == "below_threshold"


def test_promise_2_below_the_threshold_it_is_made_anew_and_goes_on_awaiting(shop):
    shop.complete("b1")
    spoil(shop, "b1", schema=READABLE_SCHEMAS[-1] + 1)

    assert shop.retrain("threshold").status == "below_threshold"

    change = Change.from_fields("b1", shop.documents.get(names.change("b1")).fields)
    assert change.is_awaiting
    shop.complete("b2", "b3")
    assert shop.retrain("threshold").status == "published"


def test_promise_2_a_trained_completion_does_not_count_again(shop):
    spoil(shop, "a1", schema=READABLE_SCHEMAS[-1] + 1, pending=True, awaiting=True)

    assert shop.retrain("threshold").message == "0 of 3 completions await training"

    assert shop.pending() == []


@pytest.mark.parametrize("what", ["edit", "withdrawal", "deletion"])
def test_promise_1_what_was_written_meanwhile_is_delivered_again_and_not_lost(shop, what):
    spoil(shop, "a1", schema=READABLE_SCHEMAS[-1] + 1)
    fields = {"edit": appointment(parts=[part("Belt", 7)]), "withdrawal": appointment("cancelled"), "deletion": None}
    event = shop.write("a1", fields[what])
    with pytest.raises(DamagedError):
        shop.deliver(event)

    shop.retrain("schedule")
    shop.deliver(event)

    assert shop.used() == ({"a1": 7.0} if what == "edit" else {})
    assert shop.pending() == []


def test_somebody_who_writes_it_meanwhile_is_not_overwritten(shop):
    shop.complete("b1")
    spoil(shop, "b1", schema=READABLE_SCHEMAS[-1] + 1)
    before = shop.documents.before

    def another(effect):
        if effect == "get appointments/b1":
            shop.documents.before = before
            spoil(shop, "b1", note="by hand")

    shop.documents.before = another
    shop.retrain("schedule")

    assert shop.documents.get(names.change("b1")).fields["note"] == "by hand"
    assert "b1" not in shop.used()
    shop.retrain("schedule")
    assert shop.used()["b1"] == 1.0


def test_promise_6_more_than_can_be_read_one_by_one_are_a_full_read(shop, monkeypatch):
    monkeypatch.setattr("restock.retraining.found.MOST_READ_ALONE", 2)
    shop.complete("b1", "b2", "b3")
    shop.happen("a1", appointment("cancelled"))
    for id in ("a1", "b1", "b2"):
        spoil(shop, id, schema=READABLE_SCHEMAS[-1] + 1)

    assert shop.retrain("threshold").status == "published"

    assert "full read: 3 change documents cannot be read" in shop.record(2)["notes"]
    assert shop.used() == {"b1": 1.0, "b2": 1.0, "b3": 1.0}
    assert shop.pending() == []
    assert shop.retrain("threshold").status == "below_threshold"


def test_what_a_deleted_booking_used_is_kept_where_the_shop_keeps_it():
    shop = Shop(keep_usage_when_deleted_after_days=2)
    shop.complete("old")
    shop.retrain()
    shop.clock.advance(days=5)
    shop.happen("old", None)
    shop.documents.set(names.change("old"), {"schema": READABLE_SCHEMAS[-1] + 1, "pending": True})

    shop.retrain("schedule")

    assert shop.used() == {"old": 1.0}
    assert shop.pending() == []
