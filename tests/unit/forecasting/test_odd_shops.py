"""Shops that could mislead: some weeks old, closed on Sundays but for an emergency, shrunken, with a huge catalogue."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from scipy.stats import poisson

from restock.forecasting.backtest import Backtest
from restock.forecasting.methods.compact import Compact
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.train import Trained, train
from tests.unit.forecasting.shops import a_demand


def trained(quantities: np.ndarray) -> Trained:
    return train(a_demand(quantities), budget_seconds=8)


def next_days(found: Trained) -> date:
    return found.demand.last_day + timedelta(1)


@pytest.mark.parametrize(("days", "horizon"), [(7, 30), (14, 14), (25, 14)])
def test_the_ranges_of_a_shop_some_weeks_old_are_those_of_its_demand(days, horizon):
    random = np.random.default_rng(1)
    rates = random.lognormal(-1.5, 1.0, 40)
    found = trained(random.poisson(rates[:, None] * np.ones(days)))

    median, high = found.distribution.quantiles(next_days(found), horizon, [0.5, 0.95]).T

    exact = poisson(rates * horizon).ppf(0.95)
    assert exact.sum() * 0.9 < high.sum() < exact.sum() * 1.7
    assert 0.35 < poisson(rates * horizon).cdf(median).mean() < 0.75


def test_a_job_on_a_closed_sunday_counts_as_one_on_a_saturday():
    random = np.random.default_rng(1)
    quantities = random.poisson(random.lognormal(-1, 1, 60)[:, None] * np.ones(420))
    quantities[:, 6::7] = 0
    quantities[0] = 0
    quantities[0, :400:40] = 1
    quantities[0, 6::7] = 0

    def expected_after(weekday: int) -> float:
        with_job = quantities.copy()
        with_job[0, 413 + weekday] += 4
        found = trained(with_job)
        return float(found.distribution.mean(next_days(found), 7)[0].sum())

    assert expected_after(6) == pytest.approx(expected_after(5), rel=0.25)


def test_a_part_that_ended_is_not_forecast_on_because_the_shop_grew_quiet():
    random = np.random.default_rng(1)
    quantities = np.stack([random.poisson(3.0, 420), random.poisson(0.1, 420)])
    quantities[0, 300:] = 0

    found = trained(quantities)

    ended, going_on = found.distribution.mean(next_days(found), 28).sum(axis=1)
    assert ended < 8
    assert going_on < 6


def test_a_huge_catalogue_does_not_keep_the_used_parts_from_being_learnt_from():
    quantities = np.zeros((20_000, 120))
    used = np.random.default_rng(2).choice(20_000, 12, replace=False)
    quantities[used] = np.random.default_rng(3).poisson(0.5, (12, 120))

    assert set(OpenSeries.of(a_demand(quantities)).pool().keys) == {f"p{row}" for row in used}
    assert len(Backtest.run(a_demand(quantities), [Compact()]).demand.parts) == 12


@pytest.mark.parametrize(
    ("usual", "odd", "unit"),
    [([1.0, 2.0], [1.33], 1.0), ([4.0], [1.0], 1.0), ([0.5, 1.0], [0.3], 0.5), ([1.0], [0.5] * 4, 0.5)],
)
def test_one_odd_quantity_does_not_change_the_step_a_part_comes_in(usual, odd, unit):
    quantities = np.resize(usual, 60)
    quantities[: len(odd)] = odd

    assert a_demand(quantities[None]).unit.tolist() == [unit]
