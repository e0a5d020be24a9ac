"""The part's own past: quantiles of its window sums in the last year, rescaled to the level.

Where one demand is a lot (ten to a thousand units at once) no smooth family has the right shape; the part's own
sums have. They say little about unit demand, so the backtest decides where this voice counts.
"""

from __future__ import annotations

import numpy as np

from restock.forecasting.methods.base import Base
from restock.forecasting.methods.forecaster import Forecast, Prior
from restock.forecasting.methods.series import OpenSeries
from restock.stored.distribution import HORIZONS, LEVELS, Floats

_YEAR = 365


class Windows:
    """Nothing is shared: each part has its own past."""

    name = "windows"
    prior = Prior(usual=0.01, lumpy=0.2)
    is_costly = False

    def fit(self, series: OpenSeries, base: Base) -> Windows:
        return self

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        return Forecast(base.rate, _table(series, base))


def _table(series: OpenSeries, base: Base) -> Floats:
    """Quantile tables of the window sums, moved half way to the compact level; the compact ones where none fit."""
    found = base.table.copy()
    total = series.total[:, -_YEAR - 1 :]
    for k, days in enumerate(HORIZONS.astype(int)):
        if total.shape[1] < 3 * days:
            continue
        sums = total[:, days:] - total[:, :-days]
        random = np.random.default_rng(days).random(sums.shape[1])
        quantiles = np.quantile(sums - random, LEVELS, axis=1).T
        scale = np.clip(base.rate * days / np.maximum(sums.mean(axis=1), 1e-9), 0.25, 4.0)[:, None]
        found[:, k] = np.where(quantiles > 0, quantiles * scale, quantiles)
    return found
