"""A workshop whose truth is known: 165 parts that come by chance, most of them once in a while, closed Sundays.

Every part that was used at all is kept: choosing parts by their number of uses makes the past look busier than it was.
"""

from datetime import timedelta

import numpy as np
import pytest

from restock.forecasting.demand import Demand
from restock.forecasting.laws import lawful
from restock.forecasting.methods.forecaster import Forecast
from restock.forecasting.methods.negative_binomial import negative_binomial
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.train import train
from restock.stored.distribution import HORIZONS
from tests.unit.forecasting.shops import a_demand

OPEN_DAYS_OF_A_WEEK = 6


@pytest.fixture(scope="module")
def shop() -> tuple[Demand, np.ndarray]:
    """Its demand, and the true rates per open day."""
    random = np.random.default_rng(1)
    rates = np.exp(random.uniform(np.log(0.006), np.log(0.6), 165))
    units = random.poisson(rates[:, None] * np.ones(495))
    units[:, a_demand(units).weekdays == 6] = 0
    used = units.any(axis=1)
    return a_demand(units[used]), rates[used]


def test_rare_parts_are_said_to_be_used_as_often_as_they_are(shop):
    demand, rates = shop
    rare = rates * OPEN_DAYS_OF_A_WEEK < 1 / 6
    start = demand.last_day + timedelta(1)

    said = train(demand).distribution

    chance, mean = said.chance_above(start, 7, 0), said.mean(start, 7).sum(axis=1)
    assert chance[rare].mean() == pytest.approx(-np.expm1(-rates[rare] * OPEN_DAYS_OF_A_WEEK).mean(), abs=0.015)
    assert (chance <= mean * (1 + 1e-6)).all()


def test_who_is_told_the_true_rates_says_the_true_chances(shop):
    demand, rates = shop
    start = demand.last_day + timedelta(1)

    said = lawful(OpenSeries.of(demand), Forecast(rates, negative_binomial(rates[:, None] * HORIZONS, np.ones((1, 1)))))

    for weeks in (1, 2, 4, 9):
        true = -np.expm1(-rates * OPEN_DAYS_OF_A_WEEK * weeks)
        assert said.chance_above(start, 7 * weeks, 0) == pytest.approx(true, abs=0.003)
