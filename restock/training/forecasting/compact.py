"""The compact method: a drifting level, weekday factors, and negative-binomial spread per horizon."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls
from scipy.signal import lfilter

from restock.distribution import HORIZONS, DemandDistribution, Floats
from restock.training.demand import Demand
from restock.training.forecasting.negative_binomial import quantile_table
from restock.training.forecasting.weekdays import weekday_factors

HALF_LIVES = (7.0, 28.0, 91.0, 365.0, np.inf)
_DEFAULT_WEIGHTS = np.array([0.2, 0.3, 0.2, 0.15, 0.15])
_POOL_UNITS = 20.0


def fit(demand: Demand) -> DemandDistribution:
    """Fit all parts at once."""
    pool, weekday = weekday_factors(demand)
    counts = demand.quantities[:, demand.is_open] / demand.unit[:, None]
    pace = np.maximum(pool[demand.weekdays[demand.is_open]], 0.05) if demand.season == 7 else np.ones(counts.shape[1])
    levels = _levels(counts, pace)
    origins = np.arange(counts.shape[1] - 29, max(counts.shape[1] // 3, 28), -7)
    weights = _weights(counts, pace, levels, origins)
    rate = levels @ weights
    table = quantile_table(rate[:, -1:] * HORIZONS, _dispersion(counts, pace, rate))
    return DemandDistribution(rate[:, -1] * demand.unit, weekday, demand.unit, table, demand.closed_days)


def _levels(counts: Floats, pace: Floats) -> Floats:
    """Exponentially weighted daily rates [parts, days, half-lives], each known at the end of its day."""
    out = np.empty((*counts.shape, len(HALF_LIVES)))
    for k, half_life in enumerate(HALF_LIVES):
        decay = 0.5 ** (1.0 / half_life)
        out[:, :, k] = lfilter([1.0], [1.0, -decay], counts, axis=1) / lfilter([1.0], [1.0, -decay], pace)
    return out


def _weights(counts: Floats, pace: Floats, levels: Floats, origins: Floats) -> Floats:
    if len(origins) < 4 or not counts.any():
        return _DEFAULT_WEIGHTS
    scale = np.sqrt((counts**2).mean(axis=1))
    used = scale > 0
    seen = np.stack([levels[used, o - 1] for o in origins], axis=1) / scale[used, None, None]
    ahead = np.stack([counts[used, o : o + 28].sum(axis=1) / pace[o : o + 28].sum() for o in origins], axis=1)
    weights, _ = nnls(seen.reshape(-1, len(HALF_LIVES)), (ahead / scale[used, None]).ravel())
    found: Floats = weights / weights.sum() if weights.sum() > 0 else _DEFAULT_WEIGHTS
    return found


def _dispersion(counts: Floats, pace: Floats, rate: Floats) -> Floats:
    """Variance/mean ratio [parts, horizons] of past errors of this very rate, shrunk to the pool's."""
    n, days = counts.shape
    total = np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)
    time = np.cumsum(np.pad(pace, (1, 0)))
    out = np.empty((n, len(HORIZONS)))
    for k, horizon in enumerate(HORIZONS.astype(int)):
        origins = np.arange(days - horizon, max(days // 4, 7), -3)
        if len(origins) < 3:
            out[:, k] = out[:, k - 1] if k else 1.5
            continue
        mean = rate[:, origins - 1] * (time[origins + horizon] - time[origins])
        squares = ((total[:, origins + horizon] - total[:, origins] - mean) ** 2).mean(axis=1)
        mean = mean.mean(axis=1)
        used = mean > 0
        pooled = np.median(squares[used] / mean[used]) if used.any() else 1.5
        own = (squares + pooled * _POOL_UNITS / len(origins)) / (mean + _POOL_UNITS / len(origins))
        out[:, k] = np.maximum(own, 1.05)
    return out
