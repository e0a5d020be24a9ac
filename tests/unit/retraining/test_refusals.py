"""What the gate keeps from being published, and what a run does then."""

from __future__ import annotations

import pytest

from restock.retraining.gate import Evidence
from tests.builders import appointment
from tests.unit.retraining.models import ABSURD, GOOD
from tests.unit.retraining.shop import Shop


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
