"""Plain forecasts that the published one has to beat, scored beside it in every run."""

from __future__ import annotations

import numpy as np

from restock.forecasting.methods.negative_binomial import quantile_table
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.spread import window_ratio
from restock.stored.distribution import HORIZONS, DemandDistribution


def mean_28(series: OpenSeries) -> DemandDistribution:
    """The mean of the last 28 open days goes on."""
    return _steady(series, max(series.days - 28, 0), series.days)


def oldest_80(series: OpenSeries) -> DemandDistribution:
    """The mean of the oldest four fifths of the history: all that the system before Restock learnt from."""
    return _steady(series, 0, max(int(series.days * 0.8), 1))


BASELINES = {"mean_28": mean_28, "oldest_80": oldest_80}


def _steady(series: OpenSeries, begin: int, end: int) -> DemandDistribution:
    rate = (series.total[:, end] - series.total[:, begin]) / max(series.time[end] - series.time[begin], 1e-9)
    return series.distribution(rate, quantile_table(np.outer(rate, HORIZONS), window_ratio(series)))
