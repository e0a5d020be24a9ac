"""A rare part's first use is not its launch: levels must neither jump at it nor wait for a year."""

from datetime import timedelta

import numpy as np
import pytest

from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.train import train
from tests.unit.forecasting.shops import a_demand


def launched(first_use: int, used_days: int, days: int = 200) -> float:
    quantities = np.zeros((2, days))
    quantities[0, np.linspace(first_use, days - 1, used_days).astype(int)] = 1
    quantities[1] = 1
    return float(OpenSeries.of(a_demand(quantities)).launched[0])


def test_a_part_used_daily_after_a_long_silence_was_launched_and_one_used_from_the_start_was_not():
    assert launched(first_use=189, used_days=11) > 0.999
    assert launched(first_use=0, used_days=11) == 0
    assert launched(first_use=15, used_days=11) < 0.2


def test_the_later_and_the_more_often_it_is_used_the_likelier_was_a_launch():
    later = [launched(first_use, used_days=3) for first_use in (20, 60, 120, 180)]
    more = [launched(first_use=120, used_days=used) for used in (1, 2, 4, 8)]

    assert later == sorted(later)
    assert more == sorted(more)
    assert 0 < more[0] < 0.5 < more[-1]


@pytest.mark.parametrize(("days", "rate"), [(30, 0.03), (60, 0.03), (120, 0.01)])
def test_a_young_shop_of_rare_parts_is_forecast_as_busy_as_it_is(days, rate):
    quantities = np.random.default_rng(2).random((3000, days)) < rate

    trained = train(a_demand(quantities), budget_seconds=8)
    forecast = trained.distribution.mean(trained.demand.last_day + timedelta(1), 28).sum()

    assert forecast == pytest.approx(3000 * rate * 28, rel=0.07)
