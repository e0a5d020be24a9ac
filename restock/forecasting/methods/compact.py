"""The compact method: a drifting level, weekday factors, and negative-binomial spread per horizon."""

from __future__ import annotations

from restock.forecasting.methods.base import Base
from restock.forecasting.methods.forecaster import Forecast, Prior
from restock.forecasting.methods.negative_binomial import negative_binomial
from restock.forecasting.methods.series import OpenSeries
from restock.stored.distribution import HORIZONS


class Compact:
    """The base by itself."""

    name = "compact"
    prior = Prior(rare=0.4, busy=0.12, lumpy=0.15)
    is_costly = False

    def fit(self, series: OpenSeries, base: Base) -> Compact:
        return self

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        return Forecast(base.rate, negative_binomial(base.rate[:, None] * HORIZONS, base.ratio))
