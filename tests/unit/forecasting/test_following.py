"""Following: the same day, the same forecast as learning; later days, their news at what was learnt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pytest

from restock.errors import DamagedError
from restock.forecasting.demand import Demand
from restock.forecasting.fitting import Fitter
from restock.forecasting.following import Lore, carried_over, follow
from restock.forecasting.methods.base import Base
from restock.forecasting.methods.compact import Compact
from restock.forecasting.methods.forecaster import Forecast, Prior
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.tsb import SlowTSB
from restock.forecasting.train import Trained, train
from restock.stored.artifact import ForecastArtifact, Part
from restock.stored.learnt import Learnt
from restock.stored.service_parts import PartUse, ServiceParts
from tests.unit.forecasting.shops import NOW, TODAY, a_demand, a_history, a_lesson, say_nothing


@dataclass(frozen=True)
class Costly(SlowTSB):
    """What a candidate is like that learns something of the pool: here, the last day it saw."""

    learnt_on: int = 0
    name: str = "costly"
    prior: Prior = Prior(rare=0.5, busy=0.5, lumpy=0.5)
    is_costly: bool = True

    def fit(self, series: OpenSeries, base: Base) -> Costly:
        return Costly(learnt_on=series.days)

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        assert self.learnt_on, "it was never fitted"
        return super().forecast(series, base)


CANDIDATES = (Compact(), Costly())


@pytest.fixture(scope="module")
def demand() -> Demand:
    used = np.random.default_rng(5).poisson(0.6, (12, 240)).astype(float)
    used[:, 5::7] = used[:, 6::7] = 0
    return a_demand(used)


@pytest.fixture(scope="module")
def trained(demand: Demand) -> Trained:
    return train(demand, candidates=CANDIDATES)


def test_following_on_the_day_of_learning_gives_the_learnt_forecast(demand, trained):
    followed = follow(demand, Lore.from_bytes(Lore.of(trained, ServiceParts(), CANDIDATES).to_bytes()), CANDIDATES)

    assert np.allclose(
        followed.distribution.table, trained.distribution.table, rtol=1e-4, atol=1e-3
    )  # a recipe has 6 decimals
    assert np.allclose(followed.distribution.rate, trained.distribution.rate, rtol=1e-4)
    assert followed.scores == trained.scores


def test_news_of_later_days_move_a_followers_levels(demand, trained):
    lore = Lore.of(trained, ServiceParts(), CANDIDATES)
    later = np.concatenate([demand.quantities, np.tile([9.0, 9, 9, 9, 9, 0, 0], (12, 4))], axis=1)

    quiet, busy = follow(demand, lore, CANDIDATES), follow(a_demand(later), lore, CANDIDATES)

    assert busy.distribution.rate.sum() > 3 * quiet.distribution.rate.sum()


def test_costly_candidates_are_not_learnt_again(demand, trained, monkeypatch):
    lore = Lore.of(trained, ServiceParts(), CANDIDATES)
    monkeypatch.setattr(Costly, "fit", lambda *_: pytest.fail("it learnt"))

    assert follow(demand, lore, CANDIDATES).distribution.rate.sum() > 0
    assert lore.costly["costly"].learnt_on == OpenSeries.of(demand).days


def test_where_the_learner_had_too_little_to_learn_from_the_follower_has_as_little(demand, trained):
    lore = Lore(trained.recipe, trained.scores, {})

    followed = follow(demand, lore, CANDIDATES)

    assert not np.array_equal(followed.distribution.table, trained.distribution.table)


@pytest.mark.parametrize("body", [b"", b"no pickle", Lore({"weights": {}}, {}, {}).to_bytes()])
def test_what_cannot_be_opened_or_repeated_is_damage(demand, body):
    with pytest.raises(DamagedError):
        follow(demand, Lore.from_bytes(body))


def test_a_follower_says_what_it_follows_and_is_not_judged_by_scores_it_did_not_make():
    days = [NOW.date() - timedelta(k) for k in range(1, 60)]
    history = a_history(*((day, "p", "P", 1.0) for day in days))
    catalogue = [{"id": "p", "name": "P"}]
    fit = Fitter("UTC", frozenset())
    learner = fit(a_lesson(history, catalogue=catalogue, budget_seconds=600), say_nothing)
    assert learner.learnt is not None
    learnt = Learnt(run=7, learnt_at=NOW.isoformat(), basis="b", rules="rules", libraries={}, body=learner.learnt)

    follower = fit(a_lesson(history, catalogue=catalogue, follows=learnt), say_nothing)

    header = ForecastArtifact.from_bytes(follower.forecast(8, NOW, None)).header
    assert (header.kind, header.follows, header.learnt_at) == ("followed", 7, NOW.isoformat())
    assert ForecastArtifact.from_bytes(learner.forecast(7, NOW, None)).header.kind == "learnt"
    assert follower.learnt is None
    assert follower.scores == learner.scores
    assert follower.evidence().challenger_score is None
    assert any("run 7" in note for note in follower.notes)


def test_what_services_use_is_carried_to_the_rows_that_the_parts_have_now():
    uses = [PartUse(0, 0.5, ((1.0, 1.0),)), PartUse(1, 0.25, ((2.0, 1.0),)), PartUse(2, 0.1, ((1.0, 1.0),))]
    lore = Lore({}, {}, {}, None, ServiceParts(uses, {"Full": uses[1:]}), ["a", "b", "gone"])
    parts = (Part("new", "New"), Part("b", "B"), Part("heir", "A", documents=("a",)))

    found = carried_over(lore, parts)

    assert [(use.row, use.chance) for use in found.any_job] == [(2, 0.5), (1, 0.25)]
    assert [use.row for use in found.of("Full")] == [1]


def test_a_follower_begins_where_the_learner_had_to():
    lore = Lore({}, {}, {}, since=TODAY - timedelta(9))
    usage = {"day": [TODAY - timedelta(20), TODAY], "key": ["p", "p"], "name": ["P", "P"], "quantity": [5.0, 1.0]}

    demand = Demand.from_usage(usage, (), through=TODAY, since=lore.since)

    assert (demand.days, demand.left_out) == (10, 11)
    assert demand.quantities.sum() == 1.0
