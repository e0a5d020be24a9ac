"""Pooled gradient-boosted trees: how the demand of a run of days is spread, relative to the compact level.

One scikit-learn model per quantile level, with pinball loss, learnt from all parts and past days at once. What they
predict is the *ratio* of the summed demand to the compact method's mean, so a part's size and drift stay with the
compact level and no tree has to extrapolate them; what they learn is shape: how much a young, quiet, bursty or
rising part strays. Counts are made continuous by subtracting uniform noise, as the published table wants them.
The models are evaluated at fit time and become numbers per part; serving never sees a tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from restock.forecasting.methods.base import Base
from restock.forecasting.methods.forecaster import Forecast, Prior
from restock.forecasting.methods.levels import smoothed
from restock.forecasting.methods.series import OpenSeries
from restock.stored.distribution import HORIZONS, LEVELS, Floats

LEARNT_LEVELS = np.array([0.25, 0.5, 0.8, 0.95, 0.99])
LEARNT_HORIZONS = (7, 14, 30)
_WARM_UP_DAYS = 60
_ROWS = 30_000
_FEWEST_ROWS = 3_000
_SPANS = (7, 14, 28, 56, 91, 182)


@dataclass(frozen=True, eq=False)
class FittedTrees:
    """One model per learnt level."""

    models: tuple[HistGradientBoostingRegressor, ...]

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        """The compact table moved to where the trees see the quantiles."""
        moved = np.empty_like(base.table)
        for rows, portion in series.chunks():
            level, apart = base.history(portion)
            features, scale = _features(portion, level, apart, np.array([series.days]))
            with threadpool_limits(1, user_api="openmp"):
                moved[rows] = _move(base.table[rows], self._quantiles(features[:, 0], scale))
        return Forecast(base.rate, moved)

    def _quantiles(self, features: Floats, scale: Floats) -> Floats:
        found = []
        for days in LEARNT_HORIZONS:
            asked = np.column_stack([features, np.full(len(features), days)])
            ratios = np.column_stack([model.predict(asked) for model in self.models])
            found.append(np.sort(ratios, axis=1) * scale * days)
        return np.stack(found, axis=1)


class Trees:
    """Learns what all parts share; the costliest candidate, and the one that weighs most."""

    name = "trees"
    prior = Prior(usual=0.66, lumpy=0.35)
    is_costly = True

    def fit(self, series: OpenSeries, base: Base) -> FittedTrees | None:
        """Learn from the pool; None if the history is too short to learn shapes from."""
        pool = series.pool()
        level, apart = base.history(pool)
        inputs, ratios, weights = [], [], []
        random = np.random.default_rng(0)
        for days in LEARNT_HORIZONS:
            origins = np.arange(pool.days - days, _WARM_UP_DAYS, -7)
            if len(origins) < 4:
                continue
            features, scale = _features(pool, level, apart, origins)
            mean = scale * pool.spans(origins, days)
            ratio = (pool.sums(origins, days) - random.random(mean.shape)) / mean
            known = pool.total[:, origins] > 0
            inputs.append(np.concatenate([features, np.full((*scale.shape, 1), days)], axis=-1)[known])
            ratios.append(ratio[known])
            weights.append((mean / (np.sqrt(mean) + 0.3 * mean))[known])  # about the size of a window's usual change
        if sum(map(len, ratios)) < _FEWEST_ROWS:
            return None
        x, y, weight = np.concatenate(inputs), np.concatenate(ratios), np.concatenate(weights)
        if len(y) > _ROWS:
            kept = random.choice(len(y), _ROWS, replace=False)
            x, y, weight = x[kept], y[kept], weight[kept]
        x[:, np.isnan(x).all(axis=0)] = 0.0  # scikit-learn can't bin a feature that nobody has
        with threadpool_limits(1, user_api="openmp"):  # one thread: sums in one order, the same model every time
            return FittedTrees(tuple(_model(level).fit(x, y, sample_weight=weight) for level in LEARNT_LEVELS))


def _model(level: float) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        loss="quantile", quantile=level, max_iter=60, learning_rate=0.1, max_leaf_nodes=12, min_samples_leaf=60,
        l2_regularization=1.0, max_bins=64, early_stopping=False, random_state=0,
    )  # fmt: skip


def _features(series: OpenSeries, level: Floats, apart: Floats, origins: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Features [parts, origins, features] known before each origin, and the level they are relative to."""
    counts, total = series.counts, series.total
    scale = np.maximum(level[:, origins - 1], 0.1 * counts.mean(axis=1, keepdims=True) + 1e-3)
    found = []
    for span in _SPANS:
        begins = np.maximum(origins - span, 0)
        time = np.maximum(series.time[origins] - series.time[begins], 1e-9)
        found.append((total[:, origins] - total[:, begins]) / time / scale)
    found.append(total[:, origins] / series.time[origins] / scale)
    found.append(_year_ago(series, origins) / scale)

    used = counts > 0
    last = np.maximum.accumulate(np.where(used, np.arange(1, series.days + 1), 0), axis=1)
    first = np.where(used.any(axis=1), used.argmax(axis=1), series.days)[:, None]
    found += [np.log1p(origins - last[:, origins - 1]), np.log1p(np.maximum(origins - first, 0))]
    days_used = np.cumsum(np.pad(used, ((0, 0), (1, 0))), axis=1)
    for span in (28, 91):
        begins = np.maximum(origins - span, 0)
        found.append((days_used[:, origins] - days_used[:, begins]) / (origins - begins))
    squares = np.cumsum(np.pad(counts**2, ((0, 0), (1, 0))), axis=1)
    begins = np.maximum(origins - 91, 0)
    units = np.maximum(total[:, origins] - total[:, begins], 1.0)
    found.append(np.log((squares[:, origins] - squares[:, begins]) / units + 0.1))

    for days in (7, 28):
        found += _restlessness(series, level, origins, days)
    found.append(np.log(np.sqrt(apart[:, origins - 1]) / scale + 0.05))
    found.append(np.log(scale))
    return np.stack(found, axis=-1), scale


def _year_ago(series: OpenSeries, origins: NDArray[np.int64]) -> Floats:
    """The rate of the thirty days that began a year before each origin; unknown in the first year."""
    found = np.full((len(series), len(origins)), np.nan)
    known = (origins >= series.year_days) & (series.year_days > 30)
    begins = origins[known] - series.year_days
    found[:, known] = series.sums(begins, 30) / series.spans(begins, 30)
    return found


def _restlessness(series: OpenSeries, level: Floats, origins: NDArray[np.int64], days: int) -> Sequence[Floats]:
    """Log variance ratios of past windows: around their mean over all history and half a year, and around the level."""
    sums = series.total[:, days:] - series.total[:, :-days]
    first = np.cumsum(np.pad(sums, ((0, 0), (1, 0))), axis=1)
    second = np.cumsum(np.pad(sums**2, ((0, 0), (1, 0))), axis=1)
    found = []
    ends = np.maximum(origins - days + 1, 1)
    for span in (series.days, 182):
        begins = np.maximum(ends - span, 0)
        mean = (first[:, ends] - first[:, begins]) / (ends - begins)
        variance = (second[:, ends] - second[:, begins]) / (ends - begins) - mean**2
        found.append(np.log(np.maximum(variance / np.maximum(mean, 1e-9), 0.0) + 0.2))
    foreseen = np.maximum(level[:, :-days] * days, 1e-3)
    errors = smoothed((sums[:, 1:] - foreseen) ** 2, 56.0) / smoothed(foreseen, 56.0)
    found.append(np.log(errors[:, np.maximum(origins - days - 1, 0)] + 0.2))
    return found


def _move(table: Floats, quantiles: Floats) -> Floats:
    """Shift the table by what the trees say at their levels and horizons, and in proportion between and beyond."""
    at = [int(np.flatnonzero(level == LEVELS)[0]) for level in LEARNT_LEVELS]
    rows = [int(np.flatnonzero(days == HORIZONS)[0]) for days in LEARNT_HORIZONS]
    shift = quantiles - table[:, rows][:, :, at]
    known, asked = -np.log1p(-LEARNT_LEVELS), -np.log1p(-LEVELS)
    upper = np.clip(np.searchsorted(known, asked), 1, len(known) - 1)
    share = np.clip((asked - known[upper - 1]) / (known[upper] - known[upper - 1]), 0.0, 1.0)
    shift = shift[..., upper - 1] * (1 - share) + shift[..., upper] * share
    nearest = [min(range(len(rows)), key=lambda k: abs(LEARNT_HORIZONS[k] - days)) for days in HORIZONS]
    growth = np.array([days / LEARNT_HORIZONS[k] for days, k in zip(HORIZONS, nearest, strict=True)])
    moved: Floats = table + shift[:, nearest] * growth[:, None]
    return moved
