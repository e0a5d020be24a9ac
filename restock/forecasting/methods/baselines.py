"""Plain forecasts that the published one has to beat, scored beside it in every run."""

from __future__ import annotations

import numpy as np

from restock.forecasting.methods.base import Base
from restock.forecasting.methods.forecaster import Baseline, Forecast
from restock.forecasting.methods.negative_binomial import negative_binomial
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.spread import window_ratio
from restock.stored.distribution import HORIZONS


class Mean28:
    """The mean of the last 28 open days goes on."""

    name = "mean_28"

    def fit(self, series: OpenSeries, base: Base) -> Mean28:
        return self

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        return _steady(series, max(series.days - 28, 0), series.days)


class Oldest80:
    """The mean of the oldest four fifths of the history: all that the system before Restock learnt from."""

    name = "oldest_80"

    def fit(self, series: OpenSeries, base: Base) -> Oldest80:
        return self

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        return _steady(series, 0, max(int(series.days * 0.8), 1))


BASELINES: tuple[Baseline, ...] = (Mean28(), Oldest80())


def _steady(series: OpenSeries, begin: int, end: int) -> Forecast:
    rate = (series.total[:, end] - series.total[:, begin]) / max(series.time[end] - series.time[begin], 1e-9)
    return Forecast(rate, negative_binomial(np.outer(rate, HORIZONS), window_ratio(series)))
