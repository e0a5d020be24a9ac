"""IMAPA-like smoothing: simple exponential smoothing of demand added up to 1 to 28 days, averaged.

Aggregation turns intermittent demand into a smoother series (Nikolopoulos et al. 2011; Petropoulos and Kourentzes
2015). Each part and aggregation takes the smoothing constant that foresaw its own past best. The spread is that of
past window sums around their mean, so it is wide where demand has moved: the cautious voice among the candidates.
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

_AGGREGATIONS = (1, 2, 3, 5, 7, 14, 28)
_CONSTANTS = (0.05, 0.1, 0.2, 0.3, 0.5)


class Aggregation:
    """Nothing is shared: each part is smoothed by itself."""

    name = "aggregation"
    prior = Prior(rare=0.23, busy=0.11, lumpy=0.15)
    is_costly = False

    def fit(self, series: OpenSeries, base: Base) -> Aggregation:
        return self

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        rates = [_smooth(series, days) for days in _AGGREGATIONS if series.days >= 4 * days]
        rate = np.mean(rates, axis=0) if rates else series.total[:, -1] / max(series.time[-1], 1e-9)
        return Forecast(rate, negative_binomial(rate[:, None] * HORIZONS, window_ratio(series)))


def _smooth(series: OpenSeries, days: int) -> Floats:
    begins = np.arange(series.days % days, series.days, days)
    uses = (series.counts > 0).sum(axis=1)
    launched = (series.launched * uses / (uses + 1.0))[:, None]  # one use soon after a launch says little of its rate
    time = np.cumsum(np.pad(series.pace * (series.total[:, 1:] > 0), ((0, 0), (1, 0))), axis=1)
    span = time[:, begins + days] - time[:, begins]
    mean = series.total[:, -1:] / np.maximum(time[:, -1:], 1e-9)
    sums = series.sums(begins, days)
    if_launched = np.where(span > 0, sums / np.maximum(span, 1e-9), mean)  # the time before says nothing of the part
    buckets = launched * if_launched + (1.0 - launched) * sums / series.spans(begins, days)
    best, least = np.zeros(len(series)), np.full(len(series), np.inf)
    for constant in _CONSTANTS:
        smooth = discounted(constant * buckets, 1 - constant, buckets[:, 0])
        error = ((buckets[:, 1:] - smooth[:, :-1]) ** 2).sum(axis=1)
        best, least = np.where(error < least, smooth[:, -1], best), np.minimum(error, least)
    return best
