"""The compact method: a drifting level, weekday factors, and negative-binomial spread per horizon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restock.forecasting.methods.levels import expert_rates, levels, pooled_weights
from restock.forecasting.methods.negative_binomial import quantile_table
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.spread import pooled_spread, spread
from restock.stored.distribution import HORIZONS, Floats

OUTLIER_CUT = 15.0


@dataclass(frozen=True, eq=False)
class Compact:
    """What the pool taught (``weights``, ``spread``) and what it says of every part on the last day."""

    weights: Floats
    spread: Floats
    rate: Floats  # [parts]
    apart: Floats  # [parts] the experts' disagreement
    table: Floats

    def history(self, series: OpenSeries) -> tuple[Floats, Floats]:
        """The level and the disagreement [parts, days] of some parts, as they were known day by day."""
        return levels(series, expert_rates(series), self.weights)


def fit(series: OpenSeries) -> Compact:
    """Learn from the pool, then evaluate every part."""
    pool = series.pool()
    rates = expert_rates(pool)
    weights = pooled_weights(pool, rates)
    pooled = pooled_spread(pool, *levels(pool, rates, weights), OUTLIER_CUT)
    rate, apart = np.empty(len(series)), np.empty(len(series))
    ratio = np.empty((len(series), len(HORIZONS)))
    for rows, portion in series.chunks():
        level, disagreement = levels(portion, expert_rates(portion), weights)
        rate[rows], apart[rows] = level[:, -1], disagreement[:, -1]
        ratio[rows] = spread(portion, level, disagreement, pooled, OUTLIER_CUT)
    return Compact(weights, pooled, rate, apart, quantile_table(rate[:, None] * HORIZONS, ratio))
