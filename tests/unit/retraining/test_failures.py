"""What a run leaves behind that fails, is stopped, or loses a race."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.errors import StoreUnavailableError
from restock.stored import names
from tests.builders import appointment
from tests.unit.retraining.shop import Shop


def test_promise_2_the_recount_forgets_what_a_crashed_run_had_trained():
    """It died between commit and marking: the live history holds what still looks pending."""
    shop = Shop()
    shop.complete("a1")
    shop.retrain()
    shop.complete("b1", "b2", "b3")
    shop.die_after("commit")
    assert shop.retrain("threshold").status == "failed"
    assert len(shop.pending()) == 3

    outcome = shop.retrain("threshold")

    assert outcome.status == "below_threshold"
    assert shop.pending() == []
    assert len(shop.used()) == 4


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

    shop.change(retrain_deadline_seconds=10**6)
    shop.fit.before = sleep_past_the_lease
    outcome = shop.retrain("manual")

    assert (outcome.status, outcome.http_status) == ("overtaken", 503)
    assert shop.pointer().version == 3
    assert shop.used() == {"a1": 1.0, "b1": 1.0}


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


def test_a_run_stops_itself_before_the_platform_would():
    shop = Shop()
    shop.complete("a1")
    shop.fit.before = lambda: shop.clock.advance(seconds=shop.settings.retrain_deadline_seconds + 1)

    outcome = shop.retrain()

    assert (outcome.status, outcome.http_status) == ("failed", 500)
    assert "RETRAIN_DEADLINE_SECONDS" in outcome.message
    assert names.POINTER not in shop.objects.stored()


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
    shop.die_after(step)
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
