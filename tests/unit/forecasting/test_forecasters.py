"""One battery of checks for every method and for what is published: nothing a forecast may never do."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from restock.forecasting.classes import classify
from restock.forecasting.combination import Recipe, combine
from restock.forecasting.demand import Demand
from restock.forecasting.laws import violations
from restock.forecasting.methods.base import Base
from restock.forecasting.methods.baselines import BASELINES
from restock.forecasting.methods.candidates import CANDIDATES, fit_candidates
from restock.forecasting.methods.forecaster import Forecast, Prior
from restock.forecasting.methods.negative_binomial import negative_binomial
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.train import Trained, train
from restock.stored.distribution import ARRAYS, HORIZONS, DemandDistribution
from tests.unit.forecasting.shops import MONDAY, a_demand

LEVELS = (0.05, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999)


def published(demand: Demand) -> DemandDistribution:
    return combine(fit_candidates(OpenSeries.of(demand)), classify(demand), Recipe.prior(CANDIDATES))


def method(name: str) -> Callable[[Demand], DemandDistribution]:
    if name == "published":
        return published
    if name in NAMED:
        return lambda demand: fit_candidates(OpenSeries.of(demand), [NAMED[name]]).distribution(name)
    baseline = next(each for each in BASELINES if each.name == name)
    return lambda demand: fit_candidates(OpenSeries.of(demand), []).beside(baseline)


NAMED = {candidate.name: candidate for candidate in CANDIDATES}
METHODS = ("published", *NAMED, *(baseline.name for baseline in BASELINES))
WITHOUT_TREES = tuple(name for name in METHODS if name != "trees")  # too short a history teaches no tree


@pytest.fixture(scope="module")
def small() -> Demand:
    random = np.random.default_rng(7)
    rates = np.exp(random.normal(-1.5, 1.3, 60))
    quantities = random.negative_binomial(rates[:, None] * np.ones(260), 0.6)
    quantities[:, 6::7] = 0
    return a_demand(quantities)


@pytest.fixture(scope="module")
def fitted(small) -> dict[str, DemandDistribution]:
    return {name: method(name)(small) for name in METHODS}


@pytest.mark.parametrize("name", METHODS)
def test_forecasts_are_finite_and_never_negative(name, fitted, small):
    start = small.last_day + timedelta(1)

    for days in (1, 7, 90, 200):
        mean, quantiles = fitted[name].mean(start, days), fitted[name].quantiles(start, days, LEVELS)
        assert np.isfinite(mean).all()
        assert np.isfinite(quantiles).all()
        assert (mean >= 0).all()
        assert (quantiles >= 0).all()


@pytest.mark.parametrize("name", METHODS)
def test_quantiles_grow_with_the_level_and_sums_with_the_days(name, fitted, small):
    paths = fitted[name].quantile_paths(small.last_day + timedelta(1), 100, LEVELS)

    assert (np.diff(paths, axis=1) >= 0).all()
    assert (np.diff(paths, axis=2) >= 0).all()


@pytest.mark.parametrize("name", METHODS)
def test_the_chance_of_exceeding_a_quantile_is_what_its_level_leaves(name, fitted, small):
    start = small.last_day + timedelta(1)

    for level in LEVELS:
        stock = fitted[name].quantiles(start, 8, [level])[:, 0]
        assert (fitted[name].chance_above(start, 8, stock) <= 1 - level + 1e-3).all()


@pytest.mark.parametrize("name", METHODS)
def test_what_is_said_breaks_no_law(name, fitted, small):
    for later in (1, 2, 4, 30):
        assert violations(fitted[name], small.last_day + timedelta(later), int(small.is_open.sum())) == []


class Twice:
    """A further forecaster, and all there is to it: twice what the base expects."""

    name = "twice"
    prior = Prior(rare=0.05, busy=0.05, lumpy=0.05)
    is_costly = False

    def fit(self, series: OpenSeries, base: Base) -> "Twice":
        return self

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        return Forecast(2 * base.rate, negative_binomial(2 * base.rate[:, None] * HORIZONS, np.full((1, 1), 1.5)))


class Learning(Twice):
    """One that takes seconds to learn, and needs a hundred days to learn from."""

    name = "learning"
    is_costly = True

    def __init__(self) -> None:
        self.fits: list[int] = []

    def fit(self, series: OpenSeries, base: Base) -> Twice | None:
        self.fits.append(series.days)
        return self if series.days >= 100 else None


CHEAP = tuple(candidate for candidate in CANDIDATES if not candidate.is_costly)


@pytest.fixture(scope="module")
def without(small) -> Trained:
    return train(small, candidates=CHEAP)


def test_a_further_forecaster_competes_is_scored_and_is_published_with_nothing_changed_elsewhere(small, without):
    trained = train(small, candidates=(*CHEAP, Twice()))

    assert set(trained.scores["candidates"]) == {*without.scores["candidates"], "twice"}
    assert trained.scores["candidates"]["twice"]["loss"] > trained.scores["candidates"]["compact"]["loss"]
    share = Twice.prior.busy / sum(candidate.prior.busy for candidate in (*CHEAP, Twice()))
    assert 0 < trained.recipe["weights"]["busy"]["twice"] < 0.9 * share  # what it said weighed against it
    assert trained.distribution.rate.sum() > without.distribution.rate.sum()


def test_a_recipe_with_a_forecaster_is_repeated_only_where_the_forecaster_is_there(small):
    recipe = train(small, candidates=(*CHEAP, Twice())).recipe

    assert train(small, candidates=(*CHEAP, Twice()), champion=recipe).scores["champion"]
    assert train(small, candidates=CHEAP, champion=recipe).scores["champion"] is None


def test_a_costly_forecaster_learns_once_per_backtest_and_is_given_up_when_time_is_short(small):
    in_time, short_of_time = Learning(), Learning()

    train(small, candidates=(*CHEAP, in_time))
    trained = train(small, candidates=(*CHEAP, short_of_time), budget_seconds=5)

    assert len(in_time.fits) == 2
    assert short_of_time.fits == []
    assert "learning" not in trained.scores["candidates"]


def test_a_forecaster_that_learnt_nothing_leaves_its_weight_to_the_others(small, without):
    class Silent(Twice):
        name = "silent"

        def fit(self, series: OpenSeries, base: Base) -> None:
            return None

    trained = train(small, candidates=(*CHEAP, Silent()))

    assert trained.recipe == without.recipe
    assert (trained.distribution.table == without.distribution.table).all()


@pytest.mark.parametrize("name", METHODS)
def test_a_closed_weekday_is_zero(name, fitted, small):
    sunday = small.last_day + timedelta(6 - small.last_day.weekday() or 7)

    assert fitted[name].mean(sunday, 1).max() == 0
    assert fitted[name].quantiles(sunday, 1, LEVELS).max() == 0


@pytest.mark.parametrize("name", METHODS)
def test_the_forecast_has_the_scale_of_the_demand(name, fitted, small):
    forecast = fitted[name].mean(small.last_day + timedelta(1), 28).sum()

    assert 0.8 < forecast / (small.quantities[:, -84:].sum() / 3) < 1.25


@pytest.mark.parametrize("name", METHODS)
def test_equal_demand_gives_equal_forecasts(name, fitted, small):
    again = method(name)(small)

    for array in ARRAYS:
        assert (getattr(again, array) == getattr(fitted[name], array)).all()


@pytest.mark.parametrize("name", METHODS)
def test_the_future_changes_nothing(name, fitted, small):
    later = np.concatenate([small.quantities, np.full((60, 40), 99.0)], axis=1)

    known = method(name)(replace(small, quantities=later).until(small.days))

    assert (known.table == fitted[name].table).all()
    assert (known.rate == fitted[name].rate).all()


@pytest.mark.parametrize("name", METHODS)
def test_parts_do_not_depend_on_their_order(name, fitted, small):
    order = np.random.default_rng(3).permutation(60)

    shuffled = method(name)(small.only(order))

    np.testing.assert_allclose(shuffled.rate, fitted[name].rate[order], rtol=1e-3)
    np.testing.assert_allclose(shuffled.table, fitted[name].table[order], rtol=0.02, atol=0.02)


@pytest.mark.parametrize("name", WITHOUT_TREES)
@pytest.mark.parametrize(
    "quantities",
    [
        pytest.param(np.array([[3.0]]), id="one part, one day"),
        pytest.param(np.zeros((5, 1)), id="a catalogue that nobody has used yet"),
        pytest.param(np.zeros((5, 400)), id="all zeros"),
        pytest.param(np.ones((1, 2)), id="two days"),
        pytest.param(np.where(np.arange(300) == 150, 1e6, 1.0)[None], id="one enormous outlier"),
        pytest.param(np.full((2, 40), 1e7), id="enormous demand"),
        pytest.param(np.full((2, 60), 0.33), id="fractions"),
        pytest.param(np.zeros((0, 30)), id="no parts"),
    ],
)
def test_odd_shops_are_survived(name, quantities):
    demand = a_demand(quantities)

    forecast = method(name)(demand)

    start = demand.last_day + timedelta(1)
    assert np.isfinite(forecast.mean(start, 30)).all()
    assert np.isfinite(forecast.quantiles(start, 30, LEVELS)).all()
    if quantities.size and not quantities.any():
        assert forecast.quantiles(start, 30, LEVELS).max() == 0


@pytest.mark.parametrize("name", ["published", "compact"])
def test_one_enormous_outlier_moves_neither_its_part_for_ever_nor_the_others(name):
    quantities = np.random.default_rng(1).poisson(0.5, (30, 300)).astype(float)
    clean = method(name)(a_demand(quantities))
    quantities[0, 150] = 5000

    spoilt = method(name)(a_demand(quantities))

    start = MONDAY + timedelta(300)
    assert spoilt.mean(start, 28)[0].sum() < 28 * 0.5 * 8
    others = spoilt.mean(start, 28)[1:].sum() / clean.mean(start, 28)[1:].sum()
    assert others == pytest.approx(1, abs=0.1)


def test_twenty_thousand_parts_are_forecast():
    quantities = (np.random.default_rng(2).random((20_000, 30)) < 0.03).astype(float)

    forecast = published(a_demand(quantities))

    assert forecast.mean(MONDAY + timedelta(30), 28).sum() == pytest.approx(20_000 * 0.03 * 28, rel=0.15)
