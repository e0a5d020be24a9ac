"""What every forecaster may stand on: a drifting level per part and how far its sums stray from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from restock.forecasting.methods.levels import expert_rates, levels, pooled_weights
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.spread import pooled_spread, spread
from restock.stored.distribution import HORIZONS, Floats

OUTLIER_CUT = 15.0

Pooled = tuple[Floats, Floats]
"""What the pool taught: the weights of the experts, and the coefficients of the spread."""


@dataclass(frozen=True, eq=False)
class Base:
    """What the pool taught (``weights``, ``spread``) and what it says of every part on the last day."""

    weights: Floats
    spread: Floats  # [horizons, 3] coefficients of the variance of sums
    rate: Floats  # [parts]
    ratio: Floats  # [parts, horizons] variance over mean of the sums

    @classmethod
    def of(cls, series: OpenSeries, pooled: Pooled | None = None) -> Base:
        """Learn from the pool, unless that has been done, then evaluate every part."""
        weights, of_pool = pooled or _pooled(series.pool())
        rate, ratio = np.empty(len(series)), np.empty((len(series), len(HORIZONS)))
        for rows, portion in series.chunks():
            level, apart = levels(portion, expert_rates(portion), weights)
            rate[rows] = level[:, -1]
            ratio[rows] = spread(portion, level, apart, of_pool, OUTLIER_CUT)
        return cls(weights, of_pool, rate, ratio)

    @property
    def pooled(self) -> Pooled:
        return self.weights, self.spread

    def history(self, series: OpenSeries) -> tuple[Floats, Floats]:
        """The level and the experts' disagreement [parts, days] of some parts, as they were known day by day."""
        return levels(series, expert_rates(series), self.weights)


def _pooled(pool: OpenSeries) -> Pooled:
    rates = expert_rates(pool)
    weights = pooled_weights(pool, rates)
    return weights, pooled_spread(pool, *levels(pool, rates, weights), OUTLIER_CUT)
