"""The story of one retrain, told by what it leaves behind."""

from __future__ import annotations

import json
from datetime import date, timedelta
from functools import partial

import pytest

from restock.errors import StoreUnavailableError
from restock.history.stock_seen import StockSeen
from restock.retraining import found, publish
from restock.retraining.gate import Evidence
from restock.stored import names
from tests.builders import appointment, part
from tests.unit.retraining.models import ABSURD, GOOD
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


def test_promise_2_the_recount_forgets_what_a_crashed_run_had_trained():
    """It died between commit and marking: the live history holds what still looks pending."""
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.complete("b1", "b2", "b3")
    die_after(shop, "commit")
    assert shop.retrain("threshold").status == "failed"
    assert len(shop.pending()) == 3

    outcome = shop.retrain("threshold")

    assert outcome.status == "below_threshold"
    assert shop.pending() == []
    assert len(shop.used()) == 4


def die_after(shop, step):
    """Let the next run end there; a real process dies in tests/emulator/test_crash_points.py."""
    tools = shop.tools

    def after(done):
        if done == step:
            shop.tools = tools
            raise KeyError("died")

    shop.tools = lambda: tools(after=after)


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


def test_a_held_lease_answers_503_so_that_the_queue_comes_again():
    shop = Shop()
    shop.complete("a1")
    inner = []
    shop.fit.before = lambda: inner.append(shop.retrain("schedule"))

    outer = shop.retrain()

    assert [(one.status, one.http_status) for one in inner] == [("busy", 503)]
    assert outer.status == "published"


def test_promise_3_a_holder_that_wakes_up_after_another_published_changes_nothing():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.complete("b1")

    def sleep_past_the_lease():
        shop.fit.before = lambda: None
        shop.clock.advance(seconds=shop.settings.lease_seconds)
        assert shop.retrain("schedule").status == "published"

    shop.settings = with_settings(shop, retrain_deadline_seconds=10**6)
    shop.fit.before = sleep_past_the_lease
    outcome = shop.retrain("manual")

    assert (outcome.status, outcome.http_status) == ("overtaken", 503)
    assert shop.pointer().version == 3
    assert shop.used() == {"a1": 1.0, "b1": 1.0}


def with_settings(shop, **changed):
    from dataclasses import replace

    return replace(shop.settings, **changed)


def test_failing_3_a_failed_run_consumes_nothing_and_is_retried_later_each_time():
    shop = Shop()
    shop.complete("a1", "a2", "a3")

    def explode():
        raise RuntimeError("no memory left")

    shop.fit.before = explode
    waits = []
    for _ in range(3):
        outcome = shop.retrain("threshold")
        assert (outcome.status, outcome.http_status) == ("failed", 500)
        waits.append(shop.state()["retry_at"] - shop.clock())

    first = timedelta(seconds=shop.settings.retry_after_failure_seconds)
    assert waits == [first, 2 * first, 4 * first]
    assert "no memory left" in shop.state()["last_error"]
    assert "no memory left" in shop.record(1)["error"]
    assert "in explode" in shop.record(1)["trace"]
    assert any("no memory left" in message for message in shop.errors())
    assert len(shop.pending()) == 3
    shop.fit.before = lambda: None
    assert shop.retrain("threshold").status == "published"
    assert {"retry_at", "last_error", "failures"}.isdisjoint(shop.state())


def test_the_backoff_has_an_end():
    shop = Shop()
    shop.complete("a1")
    shop.fit.before = lambda: 1 / 0

    for _ in range(20):
        shop.retrain()

    assert shop.state()["retry_at"] - shop.clock() == timedelta(hours=6)


def test_promise_4_a_refused_model_leaves_the_old_version_and_the_changes():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.complete("b1", "b2", "b3")
    before = shop.objects.stored()
    shop.fit.judged = ABSURD

    outcome = shop.retrain("threshold")

    assert (outcome.status, outcome.http_status) == ("refused", 200)
    assert shop.objects.stored() == before
    assert len(shop.pending()) == 3
    assert "not finite" in shop.record(2)["decision"]
    assert shop.state()["retry_at"] > shop.clock()
    assert any("not published" in message for message in shop.errors())
    shop.fit.judged = GOOD
    assert shop.retrain("threshold").status == "published"


def test_promise_4_force_publishes_what_the_gate_refuses_and_notes_it():
    shop = Shop()
    shop.complete("a1")
    shop.fit.judged = ABSURD

    assert shop.retrain(force=True).status == "published"
    assert any("by force" in note for note in shop.record(1)["notes"])


def test_a_refused_full_read_still_commits_its_history_with_the_old_version():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.write("never delivered", appointment())
    shop.fit.judged = ABSURD

    outcome = shop.retrain(rebuild=True)

    assert outcome.status == "refused"
    assert (shop.pointer().version, shop.pointer().history) == (1, 2)
    assert shop.used() == {"a1": 1.0, "never delivered": 1.0}


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
    shop.settings = with_settings(shop, completed_statuses=frozenset({"done"}))

    shop.retrain("schedule")

    assert shop.used() == {"a2": 1.0}
    assert any("rules changed" in note for note in shop.record(2)["notes"])


def test_what_on_appointment_passed_over_by_the_old_rules_is_found_by_the_next_days_run():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.settings = with_settings(shop, completed_statuses=frozenset({"completed", "done"}))
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
    old, new = shop.settings, with_settings(shop, completed_statuses=frozenset({"completed"}))
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


def test_after_the_state_was_lost_runs_go_on_after_the_newest_version():
    shop = Shop()
    for n in range(5):
        shop.complete(f"a{n}")
        shop.retrain()
    for path in [path for path in shop.documents._documents if path.startswith("restock_")]:
        shop.documents.delete(path)
    shop.complete("b1")

    first, second = shop.retrain(rebuild=True), shop.retrain(rebuild=True)

    assert (first.status, first.http_status) == ("overtaken", 503)
    assert first.message == "run 1 has been before; runs go on after 5"
    assert (second.status, second.version) == ("published", 6)
    assert len(shop.used()) == 6


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
    old, new = shop.settings, with_settings(shop, completed_statuses=frozenset({"completed", "done"}))
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
        shop.settings = with_settings(shop, completed_statuses=frozenset({"done"}))
    elif mistake == "history start":
        shop.settings = with_settings(shop, history_start=date(2062, 1, 1))
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


def test_promise_4_a_catalogue_that_lost_most_parts_is_not_believed():
    shop = Shop()
    shop.complete("a1")
    shop.fit.active_parts = 30
    shop.retrain()
    shop.fit.active_parts = 3

    outcome = shop.retrain()

    assert outcome.status == "refused"
    assert "catalogue has 3 parts and had 30" in outcome.message
    assert shop.retrain(force=True).status == "published"


def test_deleted_bookings_with_their_events_delivered_are_believed_however_many():
    shop = Shop()
    shop.complete(*(f"a{n}" for n in range(20)))
    shop.retrain()
    for n in range(19):
        shop.happen(f"a{n}", None)

    assert shop.retrain(rebuild=True).status == "published"
    assert shop.used() == {"a19": 1.0}


def test_a_run_stops_itself_before_the_platform_would():
    shop = Shop()
    shop.complete("a1")
    shop.fit.before = lambda: shop.clock.advance(seconds=shop.settings.retrain_deadline_seconds + 1)

    outcome = shop.retrain()

    assert (outcome.status, outcome.http_status) == ("failed", 500)
    assert "RETRAIN_DEADLINE_SECONDS" in outcome.message
    assert names.POINTER not in shop.objects.stored()


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


def test_promise_8_a_change_that_cannot_be_read_stops_nothing():
    shop = Shop()
    shop.complete("a1")
    shop.documents.set("restock_changes/broken", {"pending": True, "awaiting": True, "schema": 99})

    assert shop.retrain().status == "published"
    assert shop.record(1)["rejected"] == {"change unreadable": 1}


@pytest.mark.parametrize("step", ["pointer", "history", "changes", "settled", "applied", "fitted", "files", "commit"])
def test_promise_1_after_a_failure_past_any_step_the_next_run_finds_everything(step):
    shop = Shop()
    shop.complete("a1", "a2", "a3")
    shop.retrain()
    shop.happen("a1", appointment("cancelled"))
    shop.complete("b1", "b2", "b3")
    die_after(shop, step)
    assert shop.retrain("threshold").status == "failed"

    shop.retrain("manual")

    assert shop.used() == dict.fromkeys(["a2", "a3", "b1", "b2", "b3"], 1.0)
    assert shop.pending() == []


def test_a_store_that_is_away_fails_the_run_and_nothing_else():
    shop = Shop()
    shop.complete("a1")

    def away(effect):
        raise StoreUnavailableError("Cloud Storage is away")

    shop.objects.before = away
    assert shop.retrain().status == "failed"
    shop.objects.before = lambda effect: None
    assert shop.retrain().status == "published"


def test_no_lease_without_firestore_is_an_answer_not_a_crash():
    shop = Shop()

    def away(effect):
        raise StoreUnavailableError("Firestore is away")

    shop.documents.before = away

    outcome = shop.retrain()

    assert (outcome.status, outcome.http_status) == ("failed", 500)
    assert any("Firestore is away" in message for message in shop.errors())


def test_a_run_record_that_cannot_be_stored_hides_nothing():
    shop = Shop()
    shop.complete("a1")
    shop.fit.scores = {"loss": object()}

    outcome = shop.retrain()

    assert outcome.status == "published"
    assert shop.state().get("lease") is None
    assert any("no run record" in message for message in shop.errors())


def test_changes_that_could_not_be_marked_are_settled_by_the_next_run():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.complete("b1", "b2", "b3")

    def away(effect):
        if effect.startswith("update restock_changes"):
            raise StoreUnavailableError("away")

    shop.documents.before = away
    assert shop.retrain("threshold").status == "published"
    shop.documents.before = lambda effect: None

    assert len(shop.pending()) == 3
    assert shop.retrain("threshold").status == "below_threshold"
    assert shop.pending() == []


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


def test_the_evidence_of_a_worse_challenger_is_in_the_record():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.fit.judged = Evidence(is_finite=True, forecast_28=1, recent_28=(), challenger_score=2, champion_score=1)

    assert shop.retrain().status == "refused"
    assert "scores 2.0000 where the champion scores 1.0000" in shop.record(2)["decision"]


@pytest.mark.parametrize("had", [None, 1, 5, 30])
def test_promise_4_a_catalogue_that_reads_as_empty_is_always_refused(had):
    shop = Shop()
    shop.complete("a1")
    if had:
        shop.fit.active_parts = had
        shop.retrain()
    shop.fit.active_parts = 0

    outcome = shop.retrain()

    assert outcome.status == "refused"
    assert "catalogue reads as empty" in outcome.message
    assert shop.retrain(force=True).status == "published"


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


def stock_seen(shop: Shop) -> StockSeen:
    stored = shop.objects.read(names.stock_seen(shop.pointer().stock_seen or 0))
    assert stored
    return StockSeen.from_bytes(stored.data)


def test_every_published_run_adds_what_it_saw_in_stock_to_what_was_seen_before_at_no_extra_read():
    shop = Shop()
    shop.documents.set("spare_parts/p1", {"name": "Oil Filter", "stock": 0})
    shop.complete("a1")
    shop.retrain()
    shop.clock.advance(days=1)
    before = shop.documents.reads

    shop.retrain()

    (out,) = stock_seen(shop).documents["p1"].out
    assert out.until - out.since == timedelta(days=1)
    assert shop.fit.lessons[-1].seen == stock_seen(shop)
    assert shop.documents.reads - before <= 1 + 20  # promise 6: the catalogue and a little


def test_without_what_was_seen_before_a_run_goes_on_and_says_so():
    shop = Shop()
    shop.documents.set("spare_parts/p1", {"name": "Oil Filter", "stock": 0})
    shop.complete("a1")
    shop.retrain()
    shop.objects.damage("stock_seen/1.json")
    shop.clock.advance(days=1)

    outcome = shop.retrain()

    assert outcome.status == "published"
    assert "the stock seen so far is lost" in shop.lines.getvalue()
    assert stock_seen(shop).documents["p1"].out[0].since == shop.clock()


def test_a_pointer_of_before_names_no_stock_seen():
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    fields = json.loads(shop.pointer().to_bytes())
    del fields["stock_seen"], fields["stock_seen_sha256"]
    shop.objects.write(
        names.POINTER, json.dumps(fields).encode(), if_generation=shop.objects.read(names.POINTER).generation
    )

    assert shop.pointer().stock_seen is None
    assert shop.retrain().status == "published"
    assert shop.pointer().stock_seen == 2
