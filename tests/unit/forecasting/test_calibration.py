"""Calibration follows evidence: a correction is made where the other origins' would have helped, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from restock.forecasting.backtest import Backtest
from restock.forecasting.calibration import learn_levels
from restock.forecasting.combination import Recipe
from restock.forecasting.methods.compact import Compact
from restock.stored.distribution import HORIZONS, LEVELS
from tests.unit.forecasting.shops import a_demand

MONTH = list(HORIZONS).index(30)
UPPER = LEVELS >= 0.8
RECIPE = Recipe.prior([Compact()])


@pytest.fixture(scope="module")
def backtest() -> Backtest:
    random = np.random.default_rng(3)
    used = random.poisson(np.exp(random.uniform(-1, 1.5, 120))[:, None] * np.ones(200))
    found = Backtest.run(a_demand(used), [Compact()])
    assert found is not None
    return found


def after(backtest: Backtest, *factors: float) -> Backtest:
    """What came at the origins, times these: more came than was said, or less."""
    origins = zip(backtest.origins, factors, strict=True)
    return replace(backtest, origins=tuple(replace(each, came=np.rint(each.came * by)) for each, by in origins))


def test_where_every_origin_saw_more_than_was_said_the_upper_quantiles_are_read_further_out(backtest):
    levels = learn_levels(after(backtest, 1.2, 1.2, 1.2, 1.2), RECIPE)

    assert (levels[MONTH, UPPER] > LEVELS[UPPER] + 0.3 * (1 - LEVELS[UPPER])).all()
    assert levels[MONTH, LEVELS < 0.5] == pytest.approx(LEVELS[LEVELS < 0.5])


def test_what_chance_alone_proposes_is_hardly_made(backtest):
    levels = learn_levels(backtest, RECIPE)

    assert np.abs(levels - LEVELS).max() < 0.01


def test_a_month_that_the_others_contradict_corrects_nothing(backtest):
    levels = learn_levels(after(backtest, 1.0, 1.0, 1.6, 0.5), RECIPE)

    assert levels[MONTH, UPPER] == pytest.approx(LEVELS[UPPER], abs=0.01)


def test_one_origin_alone_has_no_say(backtest):
    alone = replace(after(backtest, 1.6, 1.6, 1.6, 1.6), origins=backtest.origins[:1])

    assert learn_levels(alone, RECIPE) == pytest.approx(np.tile(LEVELS, (len(HORIZONS), 1)))
