"""Scores of one way of forecasting on a backtest, overall and per class, as the run record and /v1/model show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restock.forecasting import measures
from restock.forecasting.backtest import Backtest
from restock.forecasting.classes import CLASSES
from restock.stored.distribution import DemandDistribution, Floats


def score(backtest: Backtest, forecasts: Sequence[DemandDistribution]) -> dict[str, Any]:
    """Losses (lower is better), bias and coverage of one forecast per origin; ``loss`` is what the gate compares.

    ``rmsse`` is per part and origin, over the longest horizon's days, scaled by the steps of the days known then.
    Coverage is what came at or below each quantile, beside what the distribution itself implies: a count's 95 %
    quantile covers more than 95 %.
    """
    rows = [_Rows(backtest, forecasts, days) for days in backtest.horizons]
    found: dict[str, Any] = _summary(rows, np.ones(len(rows[0].classes), bool))
    if backtest.demand.season == 7:
        found["cost"] = _round(_cost(backtest, forecasts))
    found["classes"] = {
        name: _summary(rows, rows[0].classes == name) for name in CLASSES if (rows[0].classes == name).any()
    }
    return found


class _Rows:
    """Everything about one horizon, one row per part and origin."""

    def __init__(self, backtest: Backtest, forecasts: Sequence[DemandDistribution], days: int) -> None:
        self.days = days
        mean, came, scale, quantile, implied, classes, errors, size = [], [], [], [], [], [], [], []
        for origin, forecast in zip(backtest.origins, forecasts, strict=True):
            used = origin.used
            daily = forecast.mean(origin.start, days)[used]
            actual = origin.came[used, :days]
            quantiles = forecast.quantiles(origin.start, days, measures.JUDGED_LEVELS)
            above = [forecast.chance_above(origin.start, days, column)[used] for column in quantiles.T]
            steps = np.diff(origin.known.quantities[used], axis=1)
            mean.append(daily.sum(axis=1))
            came.append(actual.sum(axis=1))
            scale.append(origin.scale(days)[used])
            quantile.append(quantiles[used])
            implied.append(1 - np.stack(above, axis=1))
            classes.append(origin.classes[used])
            errors.append(np.sqrt(((daily - actual) ** 2).mean(axis=1)))
            size.append(np.sqrt(np.maximum((steps**2).mean(axis=1), 1e-4)))
        self.mean, self.came, self.scale = np.concatenate(mean), np.concatenate(came), np.concatenate(scale)
        self.quantile, self.implied = np.concatenate(quantile), np.concatenate(implied)
        self.classes, self.rmsse = np.concatenate(classes), np.concatenate(errors) / np.concatenate(size)
        losses = [measures.pinball(self.came, self.quantile[:, k], p) for k, p in enumerate(measures.JUDGED_LEVELS)]
        self.loss: Floats = np.mean(losses, axis=0) / self.scale


def _summary(rows: Sequence[_Rows], kept: NDArray[np.bool_]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "rows": int(kept.sum()),
        "loss": _round(np.mean([row.loss[kept].mean() for row in rows])),
        "rmsse": _round(rows[-1].rmsse[kept].mean()),
    }
    for row in rows:
        came = row.came[kept]
        found[f"spl_{row.days}"] = _round(row.loss[kept].mean())
        found[f"bias_{row.days}"] = _round((row.mean[kept] - came).sum() / max(came.sum(), 1e-9))
        found[f"coverage_{row.days}"] = {
            f"{level:g}": {
                "covered": _round((came <= row.quantile[kept, k] + 1e-9).mean()),
                "implied": _round(row.implied[kept, k].mean()),
            }
            for k, level in enumerate(measures.JUDGED_LEVELS)
        }
    return found


def _cost(backtest: Backtest, forecasts: Sequence[DemandDistribution]) -> float:
    levels = np.column_stack(
        [
            forecast.quantiles(origin.start, measures.LEAD_DAYS + 1, [measures.SERVICE_LEVEL])[:, 0]
            for origin, forecast in zip(backtest.origins, forecasts, strict=True)
        ]
    )
    first = backtest.origins[0]
    stock, backorders = measures.order_up_to(
        backtest.demand.quantities, [origin.known.days for origin in backtest.origins], levels
    )
    cost = (stock + measures.PENALTY * backorders) / first.scale(measures.LEAD_DAYS + 1)
    return float(cost[first.used].mean()) if first.used.any() else 0.0


def _round(value: Any) -> float:
    return round(float(value), 5)
