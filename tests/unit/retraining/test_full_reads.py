"""When a run reads all appointments, what it makes of them, and when it does not believe them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from restock.retraining import found
from restock.stored import names
from tests.builders import appointment
from tests.unit.retraining.shop import Shop


def test_promise_1_a_full_read_beside_more_changes_than_one_run_takes_reports_no_drift(monkeypatch):
    monkeypatch.setattr(found, "read_pending", partial(found.read_pending, most=1))
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.complete("a2", "a3")

    outcome = shop.retrain(rebuild=True)

    assert shop.record(outcome.run).get("drift") is None
    assert set(shop.used()) == {"a1", "a2", "a3"}
    assert shop.pending() == ["a3"]
    assert shop.retrain().status == "published"
    assert shop.pending() == []


def test_promise_1_a_damaged_history_is_rebuilt_by_itself():
    shop = Shop()
    shop.complete("a1", "a2")
    shop.retrain()
    shop.objects.damage("history/1.parquet")
    shop.complete("b1")

    outcome = shop.retrain("threshold")  # whatever it was asked for, and below the threshold

    assert outcome.status == "published"
    assert shop.used() == {"a1": 1.0, "a2": 1.0, "b1": 1.0}
    assert any("history/1.parquet" in message for message in shop.errors())


def test_promise_1_a_missing_history_is_rebuilt_by_itself():
    shop = Shop()
    shop.complete("a1", "a2")
    shop.retrain()
    shop.objects.delete("history/1.parquet")

    assert shop.retrain("schedule").status == "published"
    assert len(shop.used()) == 2


def test_other_counting_rules_rebuild_by_themselves():
    shop = Shop()
    shop.complete("a1")
    shop.happen("a2", appointment("done"))
    shop.retrain()
    shop.change(completed_statuses=frozenset({"done"}))

    shop.retrain("schedule")

    assert shop.used() == {"a2": 1.0}
    assert any("rules changed" in note for note in shop.record(2)["notes"])


def test_what_on_appointment_passed_over_by_the_old_rules_is_found_by_the_next_days_run():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.change(completed_statuses=frozenset({"completed", "done"}))
    shop.retrain("schedule")
    shop.write("a2", appointment("done"))  # on_appointment still counts by the old rules: its event leaves nothing
    shop.clock.advance(minutes=50)

    shop.retrain("schedule")
    assert shop.used() == {"a1": 1.0}  # the deploy may not be through yet
    shop.clock.advance(minutes=10)
    shop.retrain("schedule")

    assert shop.used() == {"a1": 1.0, "a2": 1.0}
    assert shop.record(4)["drift"] == {"differing": 0, "in_flight": 1, "examples": []}
    assert shop.errors() == []


def test_a_full_read_asked_for_while_the_deploy_ran_does_not_replace_the_one_after_it():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.clock.advance(minutes=5)
    shop.retrain(rebuild=True)
    shop.write("a2", appointment())  # its event meets an on_appointment that passes it over
    shop.clock.advance(days=2)

    shop.retrain("schedule")

    assert shop.used() == {"a1": 1.0, "a2": 1.0}
    assert shop.record(3)["drift"] == {"differing": 0, "in_flight": 1, "examples": []}  # found, and nobody's fault


def test_changes_counted_by_other_rules_are_no_reason_to_distrust_the_full_read():
    shop = Shop(completed_statuses=frozenset({"completed", "done"}))
    old, new = shop.settings, replace(shop.settings, completed_statuses=frozenset({"completed"}))
    shop.complete(*(f"a{n}" for n in range(40)))
    shop.retrain()
    shop.settings = new
    shop.retrain()
    shop.settings = old  # on_appointment's part of the deploy failed
    for n in range(8):
        shop.happen(f"d{n}", appointment("done"))
    shop.settings = new

    assert shop.retrain("schedule").status == "published"
    assert len(shop.used()) == 40
    assert shop.pending() == []


def test_after_a_first_training_the_schedule_reads_everything_once_more_and_then_weekly():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    full_reads = []
    for day in range(10):
        shop.clock.advance(days=1)
        shop.retrain("schedule")
        full_reads += [day] if "drift" in shop.record(day + 2) else []

    assert full_reads == [0, 7]


def test_a_change_by_the_old_rules_after_the_recount_shows_that_the_deploy_was_not_through():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    old, new = shop.settings, replace(shop.settings, completed_statuses=frozenset({"completed", "done"}))
    is_recount = []
    for counted_by in (new, old, new):
        shop.settings = counted_by
        shop.complete(f"a{len(is_recount) + 2}")
        shop.settings = new
        shop.retrain("schedule")
        is_recount.append(shop.history().is_recount)
        shop.clock.advance(days=1)

    assert is_recount == [True, True, False]


@pytest.mark.parametrize("mistake", ["status", "history start", "damaged history"])
def test_promise_4_a_recount_that_lost_most_usage_is_refused(mistake):
    shop = Shop()
    shop.complete(*(f"a{n}" for n in range(20)))
    shop.retrain()
    if mistake == "status":
        shop.change(completed_statuses=frozenset({"done"}))
    elif mistake == "history start":
        shop.change(history_start=date(2062, 1, 1))
    else:
        for n in range(20):
            shop.write(f"a{n}", None)  # as a broken read finds it
        history = names.history(1)
        shop.objects.write(history, b"damaged", if_generation=shop.objects.read(history).generation)
    shop.complete("b1", "b2", "b3")

    outcome = shop.retrain("schedule")

    assert (outcome.status, outcome.http_status) == ("refused", 200)
    assert "the live version was trained on 20" in outcome.message
    assert (shop.pointer().version, shop.pointer().history) == (1, 1)
    assert shop.retrain(rebuild=True, force=True).status == "published"


def test_a_full_read_is_due_weekly_on_the_schedule():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.retrain(rebuild=True)
    shop.clock.advance(days=7)

    shop.retrain("schedule")

    assert shop.record(3)["drift"] == {"differing": 0, "in_flight": 0, "examples": []}


def test_the_weekly_full_read_can_be_switched_off():
    shop = Shop(rebuild_every_days=0)
    shop.complete("a1")
    shop.retrain()
    for _ in range(2):
        shop.clock.advance(days=700)
        shop.retrain("schedule")

    assert "drift" in shop.record(2)  # the once more after a first training
    assert "drift" not in shop.record(3)


def test_promise_1_drift_is_repaired_and_every_difference_reported():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.clock.advance(hours=2)
    shop.retrain("schedule")
    shop.write("dropped by the platform", appointment())
    shop.clock.advance(days=2)
    shop.write("still under way", appointment())

    shop.retrain(rebuild=True)

    assert shop.record(3)["drift"] == {"differing": 1, "in_flight": 1, "examples": ["dropped by the platform"]}
    assert any("drift" in message for message in shop.errors())
    assert len(shop.used()) == 3


def test_promise_4_a_full_read_that_lost_many_appointments_is_not_believed():
    shop = Shop()
    shop.complete(*(f"a{n}" for n in range(20)))
    shop.retrain()
    for n in range(8):
        shop.write(f"a{n}", None)  # and no event of it arrives

    outcome = shop.retrain(rebuild=True)

    assert (outcome.status, outcome.http_status) == ("failed", 500)
    assert "vanished" in outcome.message
    assert shop.pointer().version == 1
    assert shop.retrain(rebuild=True, force=True).status == "published"
    assert len(shop.used()) == 12


def test_deleted_bookings_with_their_events_delivered_are_believed_however_many():
    shop = Shop()
    shop.complete(*(f"a{n}" for n in range(20)))
    shop.retrain()
    for n in range(19):
        shop.happen(f"a{n}", None)

    assert shop.retrain(rebuild=True).status == "published"
    assert shop.used() == {"a19": 1.0}
