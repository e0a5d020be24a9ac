"""What every forecaster may stand on: a drifting level per part and how far its sums stray from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restock.forecasting.methods.levels import expert_rates, levels, pooled_weights
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.spread import pooled_spread, spread
from restock.stored.distribution import HORIZONS, Floats

OUTLIER_CUT = 15.0


@dataclass(frozen=True, eq=False)
class Base:
    """What the pool taught (``weights``, ``spread``) and what it says of every part on the last day."""

    weights: Floats
    spread: Floats  # [horizons, 3] coefficients of the variance of sums
    rate: Floats  # [parts]
    ratio: Floats  # [parts, horizons] variance over mean of the sums

    @classmethod
    def of(cls, series: OpenSeries) -> Base:
        """Learn from the pool, then evaluate every part."""
        pool = series.pool()
        rates = expert_rates(pool)
        weights = pooled_weights(pool, rates)
        pooled = pooled_spread(pool, *levels(pool, rates, weights), OUTLIER_CUT)
        rate, ratio = np.empty(len(series)), np.empty((len(series), len(HORIZONS)))
        for rows, portion in series.chunks():
            level, apart = levels(portion, expert_rates(portion), weights)
            rate[rows] = level[:, -1]
            ratio[rows] = spread(portion, level, apart, pooled, OUTLIER_CUT)
        return cls(weights, pooled, rate, ratio)

    def history(self, series: OpenSeries) -> tuple[Floats, Floats]:
        """The level and the experts' disagreement [parts, days] of some parts, as they were known day by day."""
        return levels(series, expert_rates(series), self.weights)
