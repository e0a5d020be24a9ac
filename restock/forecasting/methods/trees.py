"""Pooled gradient-boosted trees: which level of a pooled negative binomial is the quantile that was asked for?

One scikit-learn model per quantile level, with pinball loss, learnt from all parts and past days at once. Every past
sum is placed in the negative binomial that the compact level and the pool's spread gave then: the chance u of less (its
randomised probability integral transform, Czado, Gneiting and Held 2009), on the scale -log(1-u), where tails are
straight. What the trees predict is quantiles of that place. So a part's size and drift stay with the compact level, no
tree extrapolates them, and a part of no use in most months is one where u is uniform, not one where a ratio of noise
to nearly nothing is learnt; what the trees know is shape: how a young, quiet, bursty or rising part strays.
The models are evaluated at fit time and become numbers per part; serving never sees a tree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restock.forecasting.methods.base import Base
from restock.forecasting.methods.forecaster import Forecast, Prior
from restock.forecasting.methods.grown import GrownTrees
from restock.forecasting.methods.levels import smoothed
from restock.forecasting.methods.negative_binomial import more_than, negative_binomial, quantile_table
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.sums import Sums, between, chances
from restock.stored.distribution import HORIZONS, LEVELS, Floats

LEARNT_LEVELS = np.array([0.25, 0.5, 0.8, 0.95, 0.99])
LEARNT_HORIZONS = (7, 14, 30)
_WARM_UP_DAYS = 60
_ROWS = 30_000
_FEWEST_ROWS = 3_000
_SPANS = (7, 14, 28, 56, 91, 182)
_LOOKS = np.array([0, 1, 2, 3])  # days ago: a tree jumps when a part's record crosses one of its limits
_FARTHEST = 16.0  # a place beyond 1 - 1e-7 is a slip of the pen, or a level gone wrong


class Trees:
    """Learns what all parts share, from at most 30,000 past sums; the costliest candidate."""

    name = "trees"
    prior = Prior(rare=0.35, busy=0.75, lumpy=0.35)
    is_costly = True

    def fit(self, series: OpenSeries, base: Base) -> FittedTrees | None:
        """Learn from the pool; None if the history is too short to learn shapes from."""
        whole_weeks = series.until(series.days // 7 * 7)  # so that most days learn what the day before learnt
        if whole_weeks.days < _WARM_UP_DAYS:
            return None
        base, pool = Base.of(whole_weeks), whole_weeks.pool()
        level, apart = base.history(pool)
        inputs, places, turns = [], [], []
        for days in LEARNT_HORIZONS:
            origins = np.arange(_WARM_UP_DAYS + 1, pool.days - days + 1, 7)  # those of yesterday, and one more a week
            if len(origins) < 4:
                continue
            features, scale, noise = _features(pool, level, apart, origins)
            mean = scale * pool.spans(origins, days)
            came = np.rint(pool.sums(origins, days))
            by_chance, turn = np.random.default_rng(days).random((len(origins), len(pool), 2)).T
            place = _place(came, mean, _ratio(base, mean, noise, days), by_chance)
            known = pool.total[:, origins] > 0
            inputs.append(np.concatenate([features, np.full((*scale.shape, 1), days)], axis=-1)[known])
            places.append(place[known])
            turns.append(turn[known])
        if sum(map(len, places)) < _FEWEST_ROWS:
            return None
        x, y = np.concatenate(inputs), np.concatenate(places)
        if len(y) > _ROWS:
            kept = np.sort(np.argpartition(np.concatenate(turns), _ROWS)[:_ROWS])
            x, y = x[kept], y[kept]
        x[:, np.isnan(x).all(axis=0)] = 0.0  # scikit-learn can't bin a feature that nobody has
        from restock.forecasting.methods.growing import grown  # and with it scikit-learn, which learning alone needs

        return FittedTrees(grown(x, y, LEARNT_LEVELS))


@dataclass(frozen=True, eq=False)
class FittedTrees:
    """One model per learnt level."""

    models: GrownTrees

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        """The pooled negative binomials, read where the trees say."""
        found = Sums.empty(len(series))
        for rows, portion in series.chunks():
            level, apart = base.history(portion)
            looks = np.maximum(portion.days - _LOOKS, min(_WARM_UP_DAYS, portion.days))
            features, scale, noise = _features(portion, level, apart, looks)
            places = np.mean([self._places(features[:, k]) for k in range(len(looks))], axis=0)
            mean = scale[:, :1] * HORIZONS
            ratio = np.column_stack([_ratio(base, mean[:, k], noise[:, 0], int(d)) for k, d in enumerate(HORIZONS)])
            found[rows] = _read(mean, ratio, places)
        return Forecast(base.rate, found)

    def _places(self, features: Floats) -> Floats:
        """Where [parts, learnt horizons, learnt levels] the quantiles lie, on the scale -log(1-u)."""
        found = []
        for days in LEARNT_HORIZONS:
            asked = np.column_stack([features, np.full(len(features), days)])
            found.append(np.sort(self.models.predict(asked), axis=1))
        return np.stack(found, axis=1)


def _ratio(base: Base, mean: Floats, noise: Floats, days: int) -> Floats:
    """The pool's variance/mean ratio of sums with these means; ``noise`` is the experts' disagreement per day."""
    drift, square, apart = base.spread[int(np.flatnonzero(days == HORIZONS)[0])]
    ratio: Floats = np.maximum(drift + square * mean + apart * noise * days**2 / np.maximum(mean, 1e-9), 1.02)
    return ratio


def _place(came: Floats, mean: Floats, ratio: Floats, random: Floats) -> Floats:
    """-log(1-u) of sums that came: u lies by chance between the chances of fewer and of at most so many."""
    size, success = mean / (ratio - 1.0), 1.0 / ratio
    above = more_than(came, size, success)
    least = more_than(came - 1, size, success)
    place: Floats = -np.log(np.maximum(above + random * (least - above), np.exp(-_FARTHEST)))
    return place


def _read(mean: Floats, ratio: Floats, places: Floats) -> Sums:
    """Negative binomials [parts, horizons] read where the quantiles lie: the nearest learnt horizon's places hold."""
    nearest = [min(range(len(LEARNT_HORIZONS)), key=lambda k: abs(LEARNT_HORIZONS[k] - days)) for days in HORIZONS]
    to = np.maximum.accumulate(np.maximum(places[:, nearest], 1e-6), axis=-1)
    asked = -np.log1p(-LEARNT_LEVELS)
    zero = np.zeros((*to.shape[:-1], 1))
    to = np.concatenate([zero, to, 3 * to[..., -1:]], axis=-1)  # beyond the last level in proportion
    to += 1e-6 * np.arange(to.shape[-1])
    asked = np.concatenate([[0.0], asked, 3 * asked[-1:]])
    asked = np.broadcast_to(asked, to.shape)
    table = between(asked, to, np.broadcast_to(-np.log1p(-LEVELS), (*mean.shape, len(LEVELS))))
    plain = negative_binomial(mean, ratio)
    return Sums(
        quantile_table(mean, ratio, -np.expm1(-np.minimum(table, _FARTHEST))),
        chances(between(to, asked, plain.first_places)),
    )


def _features(
    series: OpenSeries, level: Floats, apart: Floats, origins: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats]:
    """Features [parts, origins, features] known before each origin; the level they are relative to; disagreement."""
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
    return np.stack(found, axis=-1), scale, apart[:, origins - 1]


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
