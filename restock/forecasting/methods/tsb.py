"""Slow TSB: the chance that a day brings demand and the size it then has, smoothed apart (Teunter et al. 2011).

The chance is updated every day, so a part that is no longer used fades, which Croston's method does not see.
"""

from __future__ import annotations

import numpy as np

from restock.forecasting.methods.base import Base
from restock.forecasting.methods.discounted import discounted
from restock.forecasting.methods.forecaster import Forecast, Prior
from restock.forecasting.methods.negative_binomial import negative_binomial
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.spread import window_ratio
from restock.stored.distribution import HORIZONS, Floats

_CHANCE, _SIZE = 0.02, 0.05


class SlowTSB:
    """Nothing is shared: each part is smoothed by itself."""

    name = "tsb"
    prior = Prior(rare=0.01, busy=0.01, lumpy=0.15)
    is_costly = False

    def fit(self, series: OpenSeries, base: Base) -> SlowTSB:
        return self

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        rate = _rate(series)
        return Forecast(rate, negative_binomial(rate[:, None] * HORIZONS, window_ratio(series)))


def _rate(series: OpenSeries) -> Floats:
    used = series.counts > 0
    chance = discounted(_CHANCE * used.astype(float), 1 - _CHANCE, used.mean(axis=1).astype(float))[:, -1]
    later: Floats = np.cumsum(used[:, ::-1], axis=1)[:, ::-1] - used  # demands that came after: the older, the lighter
    weight = np.where(used, (1 - _SIZE) ** later, 0.0)
    size = (weight * series.counts).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    rate: Floats = chance * size / max(float(series.pace.mean()), 1e-9)
    return rate
