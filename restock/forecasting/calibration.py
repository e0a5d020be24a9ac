"""Calibration of the upper quantiles: at which level of the averaged table does 95 % mean 95 %?

The backtest counts how often each level's continuous quantile was not exceeded; the level whose count equals what is
promised is read instead (conformal prediction over rolling origins, pooled over parts). Counts are made continuous
by seeded uniform noise, so that on sparse parts, where a quantile of 95 % may have to cover 98, the promise is the
one that the distribution can keep. Origins of one shop share their months, so at most four fifths of the correction
are made, less in a shop of a few parts, and half as much where a quantile would shrink: months that were calm say less
of the next one than months that were not (measured; see docs/forecasting.md).
"""

from __future__ import annotations

import numpy as np

from restock.forecasting.backtest import Backtest
from restock.forecasting.combination import Recipe, combine
from restock.stored.distribution import HORIZONS, LEVELS, Floats

_GRID = 1 - np.geomspace(0.6, 0.0005, 50)
_TRUST, _TRUST_ROWS = 0.8, 100.0
_EXTREMES = (0.3, 0.998)


def learn_levels(backtest: Backtest, recipe: Recipe, without: int | None = None) -> Floats:
    """Levels [horizons, levels] to read a combined table at, learnt from all origins or from all but one."""
    covered = _coverage(backtest, recipe, without)
    rows = sum(int(origin.used.sum()) for origin in backtest.origins)
    trust = _TRUST * rows / (rows + _TRUST_ROWS)
    upper = LEVELS >= 0.5
    levels = np.tile(LEVELS, (len(HORIZONS), 1))
    for k, days in enumerate(HORIZONS):
        nearest = min(range(len(backtest.horizons)), key=lambda j: abs(np.log(backtest.horizons[j] / days)))
        needed = np.clip(np.interp(LEVELS[upper], covered[nearest], _GRID), *_EXTREMES)
        trusted = np.where(needed < LEVELS[upper], trust / 2, trust)
        logit = (1 - trusted) * _logit(LEVELS[upper]) + trusted * _logit(needed)
        levels[k, upper] = 1 / (1 + np.exp(-logit))
    return levels


def _coverage(backtest: Backtest, recipe: Recipe, without: int | None) -> Floats:
    """How often [horizons, grid] the demand stayed at or below the quantile of each level."""
    covered: list[list[Floats]] = [[] for _ in backtest.horizons]
    for k, origin in enumerate(backtest.origins):
        if k == without:
            continue
        distribution = combine(origin.candidates, origin.classes, recipe)
        for j, days in enumerate(backtest.horizons):
            said = distribution.continuous_quantiles(origin.start, days, _GRID.tolist())
            came = origin.came[:, :days].sum(axis=1) / origin.known.unit - origin.noise[:, j]
            covered[j].append((came[:, None] <= said)[origin.used])
    rates = np.stack([np.concatenate(rows).mean(axis=0) for rows in covered])
    rising: Floats = np.maximum.accumulate(rates, axis=1) + 1e-9 * np.arange(len(_GRID))
    return rising


def _logit(p: Floats) -> Floats:
    odds: Floats = np.log(p / (1 - p))
    return odds
