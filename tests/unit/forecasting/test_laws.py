"""The five laws of every published distribution, over whatever a forecaster may say (restock/forecasting/laws.py)."""

from datetime import timedelta

import numpy as np
import pytest

from restock.forecasting.laws import lawful, means_apart, violations
from restock.forecasting.methods.forecaster import Forecast
from restock.forecasting.methods.negative_binomial import negative_binomial
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.sums import Sums
from restock.stored.distribution import FIRST, HORIZONS, LEVELS, DemandDistribution
from tests.unit.forecasting.shops import MONDAY, a_demand

PARTS = 150
SHAPE = (PARTS, len(HORIZONS))


def series(random: np.random.Generator, days: int) -> OpenSeries:
    """What a distribution takes from its history: weekdays, units, closed days and how long it is."""
    counts = random.poisson(np.exp(random.uniform(-4, 1, PARTS))[:, None] * np.ones(days)).astype(float)
    counts[:, 6::7] = 0
    counts *= random.choice([0.5, 1.0, 4.0], (PARTS, 1))
    closed = frozenset({MONDAY + timedelta(days + 3)}) if random.random() < 0.5 else frozenset()
    return OpenSeries.of(a_demand(counts, closed_days=closed))


def wild(random: np.random.Generator, mean: np.ndarray) -> Sums:
    """Numbers that no thought went into."""
    return Sums(random.gamma(0.3, 5.0, (*SHAPE, len(LEVELS))) - 1, random.gamma(0.5, 1.0, (*SHAPE, FIRST)))


def noisy(random: np.random.Generator, mean: np.ndarray) -> Sums:
    """About right, but neither growing nor agreeing."""
    table = mean[..., None] * -np.log1p(-LEVELS) * random.lognormal(0, 0.5, (*SHAPE, len(LEVELS)))
    return Sums(table, mean[..., None] * np.array([1, 0.5, 0.2, 0.1]) * random.lognormal(0, 0.5, (*SHAPE, FIRST)))


def of_another_mean(random: np.random.Generator, mean: np.ndarray) -> Sums:
    """Sound by itself, and up to twenty times too much or too little."""
    return negative_binomial(mean * np.exp(random.uniform(-3, 3, (PARTS, 1))), np.full(SHAPE, 1.0 + random.gamma(1, 2)))


def wide(random: np.random.Generator, mean: np.ndarray) -> Sums:
    """Tails that explode where nothing has been seen yet."""
    return negative_binomial(mean, 1.5 + (HORIZONS / 7) ** 2 * random.gamma(1, 2, (PARTS, 1)))


@pytest.mark.parametrize("days", [3, 40, 120, 400])
@pytest.mark.parametrize("kind", [wild, noisy, of_another_mean, wide])
def test_whatever_a_forecaster_says_what_is_published_breaks_no_law(kind, days):
    random = np.random.default_rng(days)
    known = series(random, days)
    rate = np.exp(random.uniform(-7, 4, PARTS)) * (random.random(PARTS) > 0.03)

    published = lawful(known, Forecast(rate, kind(random, rate[:, None] * HORIZONS)))

    for later in (0, 1, 5, 90):
        assert violations(published, MONDAY + timedelta(days + later), known.days) == []


def test_what_is_lawful_already_is_hardly_moved():
    random = np.random.default_rng(1)
    known = series(random, 400)
    rate = np.exp(random.uniform(-6, 3, PARTS))
    said = negative_binomial(rate[:, None] * HORIZONS, np.full(SHAPE, 1.6))

    published = lawful(known, Forecast(rate, said))

    np.testing.assert_allclose(np.exp(-published.first), np.exp(-said.first), atol=0.01)
    np.testing.assert_allclose(published.table[..., 2:], said.table[..., 2:], rtol=0.02, atol=0.05)


@pytest.mark.parametrize("rate", [0.003, 0.026, 0.1, 0.6, 4.0])
def test_a_true_poisson_rate_is_read_back_as_its_own_chances_over_any_days(rate):
    from scipy.stats import poisson

    known = series(np.random.default_rng(2), 400)
    rates = np.full(PARTS, rate)
    served = lawful(known, Forecast(rates, negative_binomial(rates[:, None] * HORIZONS, np.full(SHAPE, 1.0))))
    served = DemandDistribution(rates, np.ones((PARTS, 7)), np.ones(PARTS), served.table, first=served.first)

    for days in (1, 2, 3, 5, 7, 10, 14, 21, 30, 67):
        for units in (1, 2, 3):
            said = served.chance_above(MONDAY, days, float(units - 1))[0]
            assert said == pytest.approx(poisson.sf(units - 1, rate * days), abs=0.001 if units == 1 else 0.015)


def test_broken_laws_are_named():
    rate, ones = np.full(2, 0.1), np.ones((2, 7))
    said = negative_binomial(rate[:, None] * HORIZONS, np.full((2, len(HORIZONS)), 1.5))
    another_mean = DemandDistribution(3 * rate, ones, np.ones(2), said.table, first=said.first)
    shrinking = DemandDistribution(rate, ones, np.ones(2), said.table, first=said.first[:, ::-1])
    exploding = DemandDistribution(
        rate, ones, np.ones(2), said.table * np.where(HORIZONS > 30, 9.0, 1.0)[:, None], first=said.first
    )

    assert "imply another mean" in " ".join(violations(another_mean, MONDAY, 400))
    assert "less is said" in " ".join(violations(shrinking, MONDAY, 400))
    assert "wider than 90 days of history support" in " ".join(violations(exploding, MONDAY, 90))
    assert means_apart(another_mean).all()
