"""Two speeds: who learns, who follows what, and what becomes of it when something is lost, rolled back or fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from restock.errors import DamagedError, StoreUnavailableError
from restock.history.history import parquet
from restock.history.importing import NAME as IMPORTED
from restock.operating import verbs
from restock.retraining.publish import NEWEST_KEPT, prune, prune_learnt
from restock.retraining.run import retrain
from restock.stored import names
from restock.stored.manifest import Manifest
from restock.stored.retrain_request import RetrainRequest
from tests.unit.retraining.models import ABSURD, GOOD, reads
from tests.unit.retraining.shop import Shop


@pytest.fixture
def shop() -> Shop:
    """It has learnt once, by run 1."""
    shop = Shop()
    shop.complete("a0")
    shop.retrain()
    return shop


def cross(shop: Shop, number: int) -> int:
    """Complete as many as the threshold, and run; which run it was."""
    shop.complete(*(f"a{number}-{k}" for k in range(3)))
    outcome = shop.retrain("threshold")
    assert outcome.status == "published"
    assert outcome.run
    return outcome.run


def kind(shop: Shop, run: int) -> tuple[str, int]:
    record = shop.record(run)
    return record["kind"], record["follows"]


def manifest(shop: Shop, version: int) -> Manifest:
    stored = shop.objects.read(names.manifest(version))
    assert stored
    return Manifest.from_bytes(stored.data)


def test_a_threshold_follows_what_the_pointer_names_and_names_it_on():
    shop = Shop()
    shop.complete("a0")
    shop.retrain()
    learnt = shop.pointer().learnt_sha256

    runs = [cross(shop, number) for number in (1, 2)]

    assert [kind(shop, run) for run in (1, *runs)] == [("learn", 1), ("follow", 1), ("follow", 1)]
    pointer = shop.pointer()
    assert (pointer.version, pointer.learnt, pointer.learnt_sha256) == (runs[-1], 1, learnt)
    assert manifest(shop, runs[-1]).learnt_sha256 == learnt
    assert [found.name for found in shop.objects.list(names.LEARNT)] == ["learnt/1"]
    assert set(shop.used()) >= {"a0", "a1-0", "a2-2"}


def test_a_schedule_learns_although_a_threshold_published_the_same_day(shop):
    shop.clock.advance(days=1)
    followed = cross(shop, 1)

    learnt = shop.retrain("schedule")

    assert kind(shop, followed) == ("follow", 1)
    assert (learnt.status, kind(shop, learnt.run)) == ("published", ("learn", learnt.run))
    assert shop.pointer().learnt == learnt.run
    assert shop.retrain("schedule").status == "unchanged"


def test_a_schedule_with_changes_follows_what_was_learnt_earlier_that_day(shop):
    shop.complete("a1")

    outcome = shop.retrain("schedule")

    assert kind(shop, outcome.run) == ("follow", 1)


def test_who_asks_by_hand_learns(shop):
    outcome = shop.retrain("manual")

    assert kind(shop, outcome.run) == ("learn", outcome.run)


def test_a_rollback_goes_back_to_what_that_version_followed(shop):
    learnt = shop.pointer().learnt_sha256
    shop.clock.advance(days=1)
    shop.retrain("schedule")
    assert shop.pointer().learnt == 2

    verbs.roll_back(shop.objects, 1, shop.clock(), reads)
    followed = cross(shop, 1)

    assert kind(shop, followed) == ("follow", 1)
    assert shop.pointer().learnt_sha256 == learnt


def test_after_a_rollback_to_a_version_of_before_the_next_run_learns(shop):
    older = replace(manifest(shop, 1), learnt=None, learnt_sha256=None, learnt_at=None)
    shop.put_back({names.manifest(1): older.to_bytes()})
    shop.retrain()

    verbs.roll_back(shop.objects, 1, shop.clock(), reads)
    assert shop.pointer().learnt is None

    assert kind(shop, cross(shop, 1)) == ("learn", 3)


def lose(shop: Shop) -> None:
    shop.objects.delete(names.learnt(1))


def damage(shop: Shop) -> None:
    shop.objects.damage(names.learnt(1))


def change_settings(shop: Shop) -> None:
    shop.settings = replace(shop.settings, closed_days=frozenset({date(2026, 12, 25)}))


def import_usage(shop: Shop) -> None:
    found = shop.history().rows.slice(0, 1)
    shop.objects.write(IMPORTED, parquet(found, {}), if_generation=0)


@pytest.mark.parametrize("spoil", [lose, damage, change_settings, import_usage])
def test_what_is_lost_damaged_or_learnt_otherwise_is_learnt_anew(shop, spoil):
    spoil(shop)

    run = cross(shop, 1)

    assert kind(shop, run) == ("learn", run)
    assert any(note.startswith("learns: ") for note in shop.record(run)["notes"])
    assert kind(shop, cross(shop, 2)) == ("follow", run)


def test_a_newer_learnt_file_that_nothing_names_is_not_followed(shop):
    """As a run leaves that was overtaken."""
    stored = shop.objects.read(names.learnt(1))
    shop.objects.write(names.learnt(99), stored.data, if_generation=0)

    assert kind(shop, cross(shop, 1)) == ("follow", 1)


def test_what_cannot_be_opened_is_learnt_anew(shop):
    fit = shop.fit

    def opens_nothing(lesson, progress):
        if lesson.follows:
            raise DamagedError("what was learnt cannot be opened")
        return fit(lesson, progress)

    shop.complete("a1", "a2", "a3")
    outcome = retrain(RetrainRequest("threshold"), shop.tools(fit=opens_nothing))

    assert kind(shop, outcome.run) == ("learn", outcome.run)
    assert "learns anew: what was learnt cannot be opened" in shop.record(outcome.run)["notes"]


def test_a_run_that_read_everything_learns(shop):
    shop.objects.damage(names.history(1))

    assert kind(shop, cross(shop, 1))[0] == "learn"


def test_failures_to_learn_are_kept_apart_and_only_learning_clears_them(shop):
    shop.clock.advance(days=1)
    shop.fit.judged = ABSURD
    assert shop.retrain("schedule").status == "refused"
    shop.clock.advance(hours=1)
    shop.fit.before = lambda: (_ for _ in ()).throw(StoreUnavailableError("away"))
    assert shop.retrain("schedule").status == "failed"
    shop.fit.judged, shop.fit.before = GOOD, lambda: None

    cross(shop, 1)

    assert (shop.state()["learn_failures"], "failures" in shop.state()) == (2, False)
    assert shop.retrain("schedule").status == "published"
    assert "learn_failures" not in shop.state()
    assert shop.state()["learnt_at"] == shop.clock()


def test_a_follower_that_is_refused_is_no_failure_to_learn(shop):
    shop.complete("a1", "a2", "a3")
    shop.fit.judged = ABSURD

    outcome = shop.retrain("threshold")

    assert outcome.status == "refused"
    assert shop.pointer().version == 1
    assert shop.state()["failures"] == 1
    assert "learn_failures" not in shop.state()


def test_overdue_learning_alarms_and_the_next_run_of_any_kind_learns(shop):
    shop.clock.advance(days=3)

    run = cross(shop, 1)

    assert kind(shop, run) == ("learn", run)
    assert any("nothing was learnt since" in message for message in shop.errors())


def test_what_could_not_be_renewed_lately_is_followed_beyond_its_age_with_a_note(shop):
    shop.clock.advance(days=3)
    shop.fit.judged = ABSURD
    shop.retrain("schedule")
    shop.clock.advance(hours=2)
    shop.fit.judged = GOOD

    run = cross(shop, 1)

    assert kind(shop, run) == ("follow", 1)
    assert any("beyond its age" in note for note in shop.record(run)["notes"])


def test_what_is_learnt_is_pruned_only_when_no_kept_version_follows_it(shop):
    first = shop.clock()
    followed = cross(shop, 1)
    shop.clock.advance(days=1)
    shop.retrain("schedule")
    assert shop.pointer().learnt == 3
    later = first + timedelta(days=100)

    assert prune_learnt(shop.objects, later, days=90) == []
    shop.objects.delete(names.manifest(1))
    assert prune_learnt(shop.objects, later, days=90) == []  # the follower is still there
    shop.objects.delete(names.manifest(followed))

    assert prune_learnt(shop.objects, later, days=90) == ["learnt/1"]
    assert [found.name for found in shop.objects.list(names.LEARNT)] == ["learnt/3"]


def test_pruning_versions_leaves_what_they_followed_to_whoever_still_does(shop):
    for number in range(NEWEST_KEPT + 1):
        cross(shop, number)

    deleted = prune(shop.objects, shop.clock() + timedelta(days=100), days=90)

    assert names.manifest(1) in deleted
    assert [found.name for found in shop.objects.list(names.LEARNT)] == ["learnt/1"]
    assert prune_learnt(shop.objects, shop.clock() + timedelta(days=100), days=90) == []


def test_a_pointer_of_before_leads_to_learning(shop):
    older = replace(shop.pointer(), learnt=None, learnt_sha256=None, learnt_at=None)
    shop.put_back({names.POINTER: older.to_bytes()})

    assert shop.retrain("schedule").status == "published"
    assert shop.pointer().learnt == 2
