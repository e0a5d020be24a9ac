"""The story of one retrain, told by what it leaves behind."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from restock.retraining import found, publish
from tests.builders import appointment, part
from tests.unit.retraining.shop import Shop


def test_with_no_completed_appointment_it_says_so_and_publishes_nothing():
    shop = Shop()
    shop.happen("a1", appointment("pending"))

    outcome = shop.retrain()

    assert (outcome.status, outcome.http_status) == ("empty", 200)
    assert "no completed appointment" in outcome.message
    assert shop.objects.stored() == {}


def test_failing_10_one_completed_appointment_is_enough():
    shop = Shop()
    shop.complete("a1")

    outcome = shop.retrain()

    assert (outcome.status, outcome.version) == ("published", 1)
    assert shop.used() == {"a1": 1.0}
    assert shop.pending() == []


def test_the_first_training_reads_everything_whether_counted_or_not():
    shop = Shop()
    shop.write("before the trigger was live", appointment())
    shop.complete("after")

    shop.retrain()

    assert shop.used() == {"before the trigger was live": 1.0, "after": 1.0}
    assert any("full read" in note for note in shop.record(1)["notes"])


def test_promise_4_a_version_is_all_its_files_and_a_pointer_with_their_digests():
    shop = Shop()
    shop.complete("a1")

    shop.retrain()

    pointer, stored = shop.pointer(), shop.objects.stored()
    assert sorted(stored) == [
        "history/1.parquet",
        "learnt/1",
        "models/1/forecast",
        "models/1/manifest.json",
        "models/1/model.joblib",
        "models/current.json",
        "stock_seen/1.json",
    ]
    assert publish.sha256(stored["models/1/forecast"].data) == pointer.forecast_sha256
    assert publish.sha256(stored["models/1/manifest.json"].data) == pointer.manifest_sha256
    assert publish.sha256(stored["history/1.parquet"].data) == pointer.history_sha256
    assert publish.sha256(stored["stock_seen/1.json"].data) == pointer.stock_seen_sha256
    assert (pointer.version, pointer.run, pointer.history, pointer.pinned) == (1, 1, 1, False)


def test_promise_6_a_second_training_reads_changes_and_catalogue_not_appointments():
    shop = Shop()
    shop.complete(*(f"old{n}" for n in range(60)))
    shop.retrain()
    shop.complete(*(f"new{n}" for n in range(10)))

    outcome = shop.retrain("threshold")

    assert outcome.status == "published"
    catalogue = 1
    assert shop.record(2)["documents"]["read"] <= 10 + catalogue + 20
    assert len(shop.used()) == 70


def test_promise_6_what_is_pending_beyond_a_runs_share_is_left_to_the_next(monkeypatch):
    monkeypatch.setattr(found, "read_pending", partial(found.read_pending, most=2))
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.complete("a2", "a3", "a4")

    first = shop.retrain()

    assert shop.used() == {"a1": 1.0, "a2": 1.0, "a3": 1.0}
    assert shop.pending() == ["a4"]
    assert any("the others are left to the next run" in note for note in shop.record(first.run)["notes"])
    assert shop.retrain().status == "published"
    assert shop.pending() == []
    assert set(shop.used()) == {"a1", "a2", "a3", "a4"}


def test_failing_2_edits_and_withdrawals_are_applied_by_the_next_run_of_any_kind():
    shop = Shop()
    shop.complete("edited", "cancelled", "deleted", "stays")
    shop.retrain()
    shop.happen("edited", appointment(parts=[part("Belt", 7)]))
    shop.happen("cancelled", appointment("cancelled"))
    shop.happen("deleted", None)

    assert shop.retrain("schedule").status == "published"
    assert shop.used() == {"edited": 7.0, "stays": 1.0}


def test_promise_2_below_the_threshold_a_threshold_run_ends_without_training():
    shop = Shop()
    shop.complete("a1", "a2", "a3")
    shop.retrain()
    shop.complete("b1", "b2")

    outcome = shop.retrain("threshold")

    assert (outcome.status, outcome.http_status) == ("below_threshold", 200)
    assert sorted(shop.pending()) == ["b1", "b2"]
    assert shop.state().get("lease") is None


def test_a_scheduled_run_without_changes_refits_once_a_day():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.clock.advance(hours=2)
    shop.retrain(rebuild=True)

    assert shop.retrain("schedule").status == "unchanged"
    shop.clock.advance(days=1)
    assert shop.retrain("schedule").status == "published"
    assert shop.pointer().version == 4
    assert shop.pointer().history == 2  # the same history, not written again


def test_who_asks_by_hand_always_gets_a_fit():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()

    assert shop.retrain("manual").status == "published"


def test_the_champions_recipe_competes():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()

    shop.retrain()

    assert [lesson.champion for lesson in shop.fit.lessons] == [None, {"method": "constant"}]


def test_without_a_readable_manifest_there_is_no_champion_and_training_goes_on():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.objects.damage("models/1/manifest.json")

    assert shop.retrain().status == "published"
    assert [lesson.champion for lesson in shop.fit.lessons] == [None, None]


def test_a_pinned_version_ends_a_run_without_training():
    from restock.operating import verbs

    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    verbs.pin(shop.objects, shop.clock())
    shop.complete("b1", "b2", "b3")

    outcome = shop.retrain("threshold")

    assert (outcome.status, outcome.http_status) == ("pinned", 200)
    assert shop.pointer().version == 1
    shop.queue.tasks.clear()
    _, found = verbs.unpin(shop.objects, shop.documents, shop.queue, 3, shop.clock())
    assert "asked for a retrain" in found
    assert shop.retrain("threshold").status == "published"


def test_promise_8_rejected_inputs_are_counted_with_their_reasons_in_the_run_record():
    shop = Shop()
    shop.complete("a1", parts=[part("Oil", "two"), part("Belt", 1)])
    shop.complete("a2", date="31/12/2025", createdAt=None)
    shop.retrain()
    shop.complete("b1", parts=[part("Oil", -1), part("Belt", 1)])
    shop.retrain()

    assert shop.record(1)["rejected"] == {
        "spareParts.quantity is not a number": 1,
        "date is not a date": 1,
        "date no usable day in any date field": 1,
    }
    assert shop.record(2)["rejected"] == {"spareParts.quantity is not positive": 1}
    assert shop.record(2)["rejected_examples"] == ["restock_changes/b1: spareParts.quantity is not positive"]


def test_after_publishing_it_looks_once_more_at_the_threshold():
    shop = Shop()
    shop.complete("a1")
    shop.fit.before = lambda: shop.complete("b1", "b2", "b3")
    shop.queue.remembers = timedelta(0)

    shop.retrain()

    assert any("run-1" in task for task in shop.queue.tasks)


def test_everything_withdrawn_is_published_too():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.happen("a1", None)

    assert shop.retrain().status == "published"
    assert shop.used() == {}


def test_what_a_run_logs_holds_no_customer_data():
    shop = Shop()
    shop.complete("a1", userId="Jane Doe", service="Private", parts=[part("Secret Part", 1), part("Other", "x")])
    shop.retrain()

    assert not any(word in shop.lines.getvalue() for word in ("Jane", "Private", "Secret"))


def test_promise_8_a_typing_error_is_told_once_naming_part_and_appointment():
    shop = Shop()
    shop.complete(*(f"a{n}" for n in range(6)))
    shop.retrain()
    shop.complete("typo", parts=[part("Oil Filter", 1_000_000, id="p1")])

    shop.retrain()
    shop.retrain(rebuild=True)

    (line,) = [note for note in shop.record(2)["notes"] if "unusual" in note]
    assert "appointments/typo uses 1,000,000 of p1" in line
    assert shop.errors() == ["unusual quantity"]
    assert not any("unusual" in note for note in shop.record(3)["notes"])
