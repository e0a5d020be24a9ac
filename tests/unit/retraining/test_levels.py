"""``restock_levels/current`` is that of the live version, whoever made it live."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from restock.errors import ConflictError, StoreUnavailableError
from restock.operating import verbs
from restock.retraining.level_figures import POLICY
from restock.retraining.levels import follow_levels
from restock.serving.inventory import advise
from restock.stored import levels as stored
from restock.stored import names
from restock.stored.artifact import Part
from tests.builders import NOON
from tests.fakes import FakeClock, FakeDocuments, FakeObjects
from tests.published import PublishedShelf, artifact
from tests.unit.retraining.shop import Shop

DAY = date(2026, 5, 1)


class Bucket(PublishedShelf):
    """Models of the test's own, as a run finds them."""

    def __init__(self, version: int = 1, **daily: float) -> None:
        super().__init__()
        self.forecast = artifact(daily or {"Oil": 2.0, "Belt": 0.1}, version=version)
        self.generation = self.publish(self.forecast)


def follow(documents: FakeDocuments, bucket: Any) -> str | None:
    return follow_levels(documents, bucket, DAY, NOON)


@pytest.fixture
def documents() -> FakeDocuments:
    return FakeDocuments(FakeClock(NOON))


def current(documents: FakeDocuments) -> dict[str, Any]:
    found = documents.get(names.CURRENT_LEVELS)
    assert found
    return dict(found.fields)


def test_the_live_versions_levels_are_written_and_say_by_which_policy(documents):
    bucket = Bucket()

    done = follow(documents, bucket)

    found = current(documents)
    assert done == "levels of version 1 written for 2 parts"
    assert (found["generation"], found["version"], found["documents"]) == (bucket.generation, 1, 1)
    assert found["policy"]["lead_time_days"] == 7
    advice = advise(bucket.forecast, DAY, POLICY, on_hand=0)
    row = [part.key for part in bucket.forecast.parts].index("oil")
    assert found["parts"]["oil"] == {
        "reorder_point": advice.reorder_point[row],
        "order_up_to": advice.order_up_to[row],
        "expected_7_days": pytest.approx(14),
        "expected_30_days": pytest.approx(60),
    }


def test_levels_that_are_the_live_versions_are_left_alone(documents):
    bucket = Bucket()
    follow(documents, bucket)
    before, reads_before = documents.get(names.CURRENT_LEVELS), documents.reads

    assert follow(documents, bucket) is None
    assert documents.reads - reads_before == 1
    assert documents.get(names.CURRENT_LEVELS).update_time == before.update_time


def test_a_rollback_is_followed_as_a_publication_is(documents):
    bucket = Bucket()
    first = bucket.forecast
    follow(documents, bucket)
    bucket.publish(artifact({"Oil": 5.0}, version=2))
    follow(documents, bucket)
    newer = current(documents)
    again = bucket.publish(first)
    follow(documents, bucket)

    assert (newer["version"], set(newer["parts"])) == (2, {"oil"})
    assert (current(documents)["version"], current(documents)["generation"]) == (1, again)
    assert set(current(documents)["parts"]) == {"oil", "belt"}


def test_a_pointer_that_moves_meanwhile_is_left_to_whoever_moved_it(documents):
    bucket = Bucket()
    moved = []

    def spoil(name, found):
        if name.endswith("/forecast") and not moved:
            moved.append(bucket.publish(artifact({"Oil": 9.0}, version=2)))
        return found

    bucket.spoil = spoil

    assert follow(documents, bucket) is None
    assert documents.get(names.CURRENT_LEVELS) is None


def test_of_two_runs_the_one_that_read_first_does_not_overwrite_the_other(documents):
    bucket = Bucket()
    documents.create(names.CURRENT_LEVELS, {"generation": 1, "schema": 1})
    real = documents.update

    def late(update):
        documents.update = real
        bucket.publish(artifact({"Oil": 9.0}, version=2))
        follow(documents, bucket)
        return real(update)

    documents.update = late

    assert follow(documents, bucket) is None
    assert current(documents)["version"] == 2


def test_of_more_than_a_thousand_parts_the_rest_stands_beside_and_current_is_written_last(documents):
    many = [(Part(f"part-{n:04d}", f"Part {n:04d}"), 0.5) for n in range(2500)]
    bucket = Bucket()
    bucket.publish(artifact(many, version=3))
    written: list[str] = []
    documents.after = written.append

    follow(documents, bucket)

    pieces = [documents.get(path).fields for path in ("restock_levels/current", "restock_levels/current-2",
                                                      "restock_levels/current-3")]  # fmt: skip
    assert [len(piece["parts"]) for piece in pieces] == [1000, 1000, 500]
    assert {(piece["generation"], piece["documents"]) for piece in pieces} == {(pieces[0]["generation"], 3)}
    assert [effect.split()[-1] for effect in written if "levels" in effect and not effect.startswith("get")] == [
        "restock_levels/current-3", "restock_levels/current-2", "restock_levels/current",
    ]  # fmt: skip


def test_parts_that_the_catalogue_lists_no_more_and_names_that_no_map_holds_are_left_out(documents):
    bucket = Bucket()
    parts = [(Part("oil", "Oil"), 1.0), (Part("gone", "Gone", active=False), 1.0), (Part("__x__", "X"), 1.0)]
    bucket.publish(artifact(parts, version=2))

    follow(documents, bucket)

    assert set(current(documents)["parts"]) == {"oil"}


def test_levels_that_cannot_be_read_are_written_anew(documents):
    documents.set(names.CURRENT_LEVELS, {"generation": "many", "old": 1})

    follow(documents, Bucket())

    assert current(documents)["version"] == 1
    assert "old" not in current(documents)


def test_without_a_model_nothing_is_written(documents):
    assert follow_levels(documents, FakeObjects(), DAY, NOON) is None


def run_with(shop: Shop, levels: Any, reason: str = "manual") -> Any:
    tools = shop.tools
    shop.tools = lambda **changed: tools(levels=levels, **changed)
    try:
        return shop.retrain(reason)
    finally:
        shop.tools = tools


def test_every_run_follows_pinned_ones_and_those_below_the_threshold_too():
    shop, asked = Shop(), []
    shop.complete("a1")

    def note(documents, objects, day, now):
        asked.append((documents, objects))

    outcomes = [run_with(shop, note)]
    outcomes.append(run_with(shop, note, "threshold"))
    verbs.pin(shop.objects, shop.clock())
    outcomes.append(run_with(shop, note))

    assert [outcome.status for outcome in outcomes[::2]] == ["published", "pinned"]
    assert asked == [(shop.documents, shop.objects)] * 3


@pytest.mark.parametrize("failure", [StoreUnavailableError("down"), ConflictError("late"), KeyError("ours")])
def test_levels_that_cannot_be_written_change_no_runs_end(failure):
    shop = Shop()
    shop.complete("a1")

    def fail(*_):
        raise failure

    assert run_with(shop, fail).status == "published"
    assert shop.errors() == []


def test_a_stored_level_of_another_layout_is_damage():
    with pytest.raises(Exception, match="restock_levels/current"):
        stored.generation_of({"generation": 1, "schema": 99})
