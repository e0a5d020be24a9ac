"""The part's own past: its window sums in the last year, rescaled to the level.

Where one demand is a lot (ten to a thousand units at once) no smooth family has the right shape; the part's own
sums have. They say little about unit demand, so the backtest decides where this voice counts.
"""

from __future__ import annotations

import numpy as np

from restock.forecasting.methods.base import Base
from restock.forecasting.methods.forecaster import Forecast, Prior
from restock.forecasting.methods.negative_binomial import negative_binomial
from restock.forecasting.methods.series import OpenSeries
from restock.stored.distribution import FIRST, HORIZONS, LEVELS

_YEAR = 365


class Windows:
    """Nothing is shared: each part has its own past."""

    name = "windows"
    prior = Prior(rare=0.01, busy=0.01, lumpy=0.2)
    is_costly = False

    def fit(self, series: OpenSeries, base: Base) -> Windows:
        return self

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        """The window sums, moved towards the compact level; the compact forecast where no three windows fit."""
        found = negative_binomial(base.rate[:, None] * HORIZONS, base.ratio)
        total = series.total[:, -_YEAR - 1 :]
        for k, days in enumerate(HORIZONS.astype(int)):
            if total.shape[1] < 3 * days:
                continue
            sums = total[:, days:] - total[:, :-days]
            random = np.random.default_rng(days).random(sums.shape[1])
            scale = np.clip(base.rate * days / np.maximum(sums.mean(axis=1), 1e-9), 0.25, 4.0)[:, None]
            quantiles = np.quantile(sums - random, LEVELS, axis=1).T
            found.table[:, k] = np.where(quantiles > 0, quantiles * scale, quantiles)
            at_most = np.stack([(sums <= count).mean(axis=1) for count in range(FIRST)], axis=1)
            found.first[:, k] = -np.log(np.maximum(at_most, 1e-12)) * np.minimum(scale, 1.0)
        return Forecast(base.rate, found)
