"""Calibration of the upper quantiles: at which level of the averaged table does 95 % mean 95 %?

The backtest counts how often each level's continuous quantile was not exceeded; the level whose count equals what is
promised would be read instead (conformal prediction over rolling origins, pooled over parts). Counts are made
continuous by seeded uniform noise, so that on sparse parts, where a quantile of 95 % may have to cover 98, the promise
is the one that the distribution can keep. Less of the correction is proposed in a shop of a few parts, and half as much
where a quantile would shrink: months that were calm say less of the next one than months that were not.

Whether it is made is left to evidence. Origins of one shop share their months, and what was right in them is often
wrong after the next turn: so at each origin the correction that the others propose is tried, and it is made as far as
that would have lowered the loss there. A shop that grows for months needs it; most do not (docs/forecasting.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from restock.forecasting import measures
from restock.forecasting.backtest import Backtest, Origin
from restock.forecasting.combination import Recipe, combine
from restock.stored.distribution import HORIZONS, LEVELS, DemandDistribution, Floats

_GRID = 1 - np.geomspace(0.6, 0.0005, 50)
_TRUST_ROWS = 100.0
_EXTREMES = (0.3, 0.998)
_CONVINCING = 0.02  # the share of the loss to be saved at origins that did not propose it, for the whole correction


@dataclass(frozen=True, eq=False)
class _Seen:
    """What one origin saw of a combination that is not calibrated."""

    origin: Origin
    below: Floats  # [horizons, grid] of how many parts the demand stayed at or below the quantile of each level
    parts: int
    loss: Floats  # [horizons]


def learn_levels(backtest: Backtest, recipe: Recipe, without: int | None = None) -> Floats:
    """Levels [horizons, levels] to read a combined table at, learnt from all origins or from all but one."""
    plain = Recipe(recipe.weights, np.tile(LEVELS, (len(HORIZONS), 1)))
    seen = [_seen(origin, plain, backtest.horizons) for k, origin in enumerate(backtest.origins) if k != without]
    proposed = _logit(_proposed(seen, backtest.horizons))
    made = np.clip(_saved(seen, recipe, backtest.horizons) / _CONVINCING, 0.0, 1.0)[_like(backtest.horizons)]
    return _logistic(_logit(plain.levels) + made[:, None] * (proposed - _logit(plain.levels)))


def _seen(origin: Origin, plain: Recipe, horizons: Sequence[int]) -> _Seen:
    distribution = combine(origin.candidates, origin.classes, plain)
    below = np.empty((len(horizons), len(_GRID)))
    for j, days in enumerate(horizons):
        said = distribution.continuous_quantiles(origin.start, days, _GRID.tolist())
        came = origin.came[:, :days].sum(axis=1) / origin.known.unit - origin.noise[:, j]
        below[j] = (came[:, None] <= said)[origin.used].sum(axis=0)
    return _Seen(origin, below, int(origin.used.sum()), _loss(origin, distribution, horizons))


def _saved(seen: Sequence[_Seen], recipe: Recipe, horizons: Sequence[int]) -> Floats:
    """The share of the loss [horizons] that what the others propose would have saved, on average over the origins."""
    if len(seen) < 2:
        return np.zeros(len(horizons))
    shares = []
    for one in seen:
        levels = _proposed([other for other in seen if other is not one], horizons)
        distribution = combine(one.origin.candidates, one.origin.classes, Recipe(recipe.weights, levels))
        shares.append(1.0 - _loss(one.origin, distribution, horizons) / np.maximum(one.loss, 1e-12))
    saved: Floats = np.mean(shares, axis=0)
    return saved


def _loss(origin: Origin, distribution: DemandDistribution, horizons: Sequence[int]) -> Floats:
    """The mean scaled pinball loss [horizons] at one origin, as it is scored."""
    used, found = origin.used, []
    for days in horizons:
        said = distribution.quantiles(origin.start, days, measures.JUDGED_LEVELS)[used]
        came = origin.came[used, :days].sum(axis=1)
        losses = [measures.pinball(came, said[:, k], level) for k, level in enumerate(measures.JUDGED_LEVELS)]
        found.append((np.mean(losses, axis=0) / origin.scale(days)[used]).sum() / max(int(used.sum()), 1))
    return np.array(found)


def _proposed(seen: Sequence[_Seen], horizons: Sequence[int]) -> Floats:
    """The levels [horizons, levels] at which these origins kept what is promised."""
    parts = sum(one.parts for one in seen)
    covered = np.sum([one.below for one in seen], axis=0) / max(parts, 1)
    covered = np.maximum.accumulate(covered, axis=1) + 1e-9 * np.arange(len(_GRID))
    trust = parts / (parts + _TRUST_ROWS)
    upper = LEVELS >= 0.5
    levels = np.tile(LEVELS, (len(HORIZONS), 1))
    for k, judged in enumerate(_like(horizons)):
        needed = np.clip(np.interp(LEVELS[upper], covered[judged], _GRID), *_EXTREMES)
        trusted = np.where(needed < LEVELS[upper], trust / 2, trust)
        levels[k, upper] = _logistic((1 - trusted) * _logit(LEVELS[upper]) + trusted * _logit(needed))
    return levels


def _like(horizons: Sequence[int]) -> list[int]:
    """Of each published horizon, which of those that are judged is the nearest."""
    judged = np.log(np.array(horizons))
    return [int(np.argmin(np.abs(judged - np.log(days)))) for days in HORIZONS]


def _logit(p: Floats) -> Floats:
    odds: Floats = np.log(p / (1 - p))
    return odds


def _logistic(odds: Floats) -> Floats:
    p: Floats = 1 / (1 + np.exp(-odds))
    return p
