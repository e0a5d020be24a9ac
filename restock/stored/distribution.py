"""The predictive distribution of demand, as numbers per part: what every method fits and what serving evaluates.

Demand is counted in a part's unit (1, or the step its quantities come in: 0.5 litres). A part's numbers are a daily
rate, a factor per weekday, and a table of quantiles of the demand summed over 1 to 90 open days. Two ideas keep it
small and exact:

* Operational time. A run of days lasts as long as its weekday factors add up to: a closed Sunday takes no time,
  a busy Monday more than a day. The table is read at that time, so sums never shrink as days are added.
* Continuous counts. The table holds quantiles of a continuous variable x whose distribution function passes through
  F(k) at every count k and is linear between, starting from -1. So ``ceil(x)`` is exactly the quantile of the
  count, and the chance of exceeding a stock of k is read back without loss. (Machado and Santos Silva, 2005,
  use the same device to estimate quantiles of counts.)

Markov's inequality holds whatever the table says: no chance of k units exceeds mean / k.

numpy alone: this module is imported where forecasts are served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVELS = np.array([0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99])
HORIZONS = np.array([1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 90.0])  # open days

_HIGHEST_LEVEL = 0.9999
_ROUNDING = 1e-5  # float32 tables: a quantile this close above a count is that count
_LEVEL_KNOTS = -np.log1p(
    -np.concatenate([[0.0], LEVELS, [_HIGHEST_LEVEL]])
)  # where tails of counts are nearly straight
_TIME_KNOTS = np.concatenate([[0.0], HORIZONS])


@dataclass(frozen=True, eq=False)
class DemandDistribution:
    """Predictive distributions of many parts at once. Arrays are stored as float32, evaluated as float64."""

    rate: NDArray[np.floating[Any]]  # [parts] mean demand of an average open day
    weekday: NDArray[np.floating[Any]]  # [parts, 7] Monday first; averages 1 over the open weekdays, 0 where closed
    unit: NDArray[np.floating[Any]]  # [parts] the step quantities come in
    table: NDArray[np.floating[Any]]  # [parts, horizons, levels] continuous quantiles of the sum, in units
    closed_days: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        for name in ("rate", "weekday", "unit", "table"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float32))

    def __len__(self) -> int:
        return len(self.rate)

    def mean(self, start: date, days: int) -> Floats:
        """Mean demand per part and day."""
        mean: Floats = self.rate.astype(float)[:, None] * self._pace(start, days)
        return mean

    def quantiles(self, start: date, days: int, levels: Sequence[float]) -> Floats:
        """Quantiles [parts, levels] of the demand summed over the days."""
        time = self._pace(start, days).sum(axis=1)
        counts = self._counts(_at_levels(self._at_time(time), levels), self.unit.astype(float)[:, None])
        return np.minimum(counts, self._most(time, levels))

    def continuous_quantiles(self, start: date, days: int, levels: Sequence[float]) -> Floats:
        """The same before they become counts, in units: what methods are averaged and calibrated by."""
        return _at_levels(self._at_time(self._pace(start, days).sum(axis=1)), levels)

    def quantile_paths(self, start: date, days: int, levels: Sequence[float]) -> Floats:
        """Quantiles [parts, levels, days] of the demand summed over the first 1, 2, ... days."""
        time = np.cumsum(self._pace(start, days), axis=1)
        knots = self._at_time(time)
        paths = self._counts(_at_levels(knots, levels), self.unit.astype(float)[:, None, None])
        return np.moveaxis(np.minimum(paths, self._most(time, levels)), 1, 2)

    def chance_above(self, start: date, days: int, stock: Any) -> Floats:
        """The probability that the demand summed over the days exceeds a stock level, per part."""
        time = self._pace(start, days).sum(axis=1)
        knots = self._at_time(time)
        count = np.floor(np.broadcast_to(np.asarray(stock, float), (len(self),)) / self.unit + _ROUNDING)
        upper = np.clip((knots <= count[:, None]).sum(axis=1), 1, knots.shape[1] - 1)
        part = np.arange(len(self))
        low, high = knots[part, upper - 1], knots[part, upper]
        share = np.maximum(count - low, 0.0) / np.maximum(high - low, 1e-9)
        z = _LEVEL_KNOTS[upper - 1] + share * (_LEVEL_KNOTS[upper] - _LEVEL_KNOTS[upper - 1])
        mean = self.rate.astype(float) / self.unit * time
        more = np.minimum(np.exp(-np.minimum(z, 50.0)), mean / np.maximum(count + 1.0, 1.0))  # Markov's inequality
        chance: Floats = np.where(count < 0, 1.0, np.where(time > 0, more, 0.0))
        return chance

    @cached_property
    def _knots(self) -> Floats:
        """The table with its edges: at time 0 all mass lies on the count 0, level 0 is -1, and the tail goes on."""
        knots = np.empty((len(self), len(_TIME_KNOTS), len(_LEVEL_KNOTS)))
        knots[:, :, 0] = -1.0
        knots[:, 0, 1:-1] = LEVELS - 1.0
        knots[:, 1:, 1:-1] = self.table
        knots[:, :, -1] = np.maximum.accumulate(_tail(knots[:, :, 1:-1]), axis=1)
        return knots

    def _pace(self, start: date, days: int) -> Floats:
        """How much operational time each day takes, per part."""
        pace: Floats = self.weekday.astype(float)[:, (start.weekday() + np.arange(days)) % 7]
        if self.closed_days:
            pace[:, [start + timedelta(k) in self.closed_days for k in range(days)]] = 0.0
        return pace

    def _at_time(self, time: Floats) -> Floats:
        """The table [parts, ..., 1 + levels] read at operational times [parts, ...], level 0 first."""
        inside = np.minimum(time, _TIME_KNOTS[-1])
        upper = np.clip(np.searchsorted(_TIME_KNOTS, inside), 1, len(_TIME_KNOTS) - 1)
        share = ((inside - _TIME_KNOTS[upper - 1]) / (_TIME_KNOTS[upper] - _TIME_KNOTS[upper - 1]))[..., None]
        part = np.arange(len(self)).reshape((-1,) + (1,) * (time.ndim - 1))
        read: Floats = self._knots[part, upper - 1] * (1 - share) + self._knots[part, upper] * share
        if np.any(time > _TIME_KNOTS[-1]):  # beyond the table: the mean grows with time, the spread with its root
            growth = np.maximum(time / _TIME_KNOTS[-1], 1.0)[..., None]
            mean = (self.rate / self.unit).astype(float).reshape(part.shape)[..., None] * _TIME_KNOTS[-1]
            read[..., 1:] = np.maximum(read[..., 1:], mean * growth + (read[..., 1:] - mean) * np.sqrt(growth))
        return read

    def _most(self, time: Floats, levels: Sequence[float]) -> Floats:
        """The greatest quantiles [parts, ..., levels] of a positive variable with this mean, by Markov's inequality.

        A table of quantiles can't hold small counts well enough to keep to it by itself.
        """
        unit = self.unit.astype(float).reshape((-1,) + (1,) * time.ndim)
        mean = (self.rate.astype(float) / self.unit).reshape((-1,) + (1,) * (time.ndim - 1)) * time
        asked = np.clip(np.asarray(levels, float), 0.0, _HIGHEST_LEVEL)
        most: Floats = np.maximum(np.ceil(mean[..., None] / (1.0 - asked) - 1.0 - 1e-9), 0.0) * unit
        return most

    @staticmethod
    def _counts(x: Floats, unit: Floats) -> Floats:
        counts: Floats = np.maximum(np.ceil(x - _ROUNDING - 1e-6 * np.abs(x)), 0.0) * unit
        return counts


def _at_levels(knots: Floats, levels: Sequence[float]) -> Floats:
    """Continuous quantiles at any levels, from those at the knots."""
    z = -np.log1p(-np.clip(np.asarray(levels, float), 0.0, _HIGHEST_LEVEL))
    upper = np.clip(np.searchsorted(_LEVEL_KNOTS, z), 1, len(_LEVEL_KNOTS) - 1)
    share = (z - _LEVEL_KNOTS[upper - 1]) / (_LEVEL_KNOTS[upper] - _LEVEL_KNOTS[upper - 1])
    found: Floats = knots[..., upper - 1] * (1 - share) + knots[..., upper] * share
    return found


def _tail(table: Floats) -> Floats:
    """The quantile at the highest level: where the last two lead, or, where all of them are the count 0, near it."""
    ahead = (_LEVEL_KNOTS[-1] - _LEVEL_KNOTS[-2]) / (_LEVEL_KNOTS[-2] - _LEVEL_KNOTS[-3])
    straight = table[..., -1] + ahead * (table[..., -1] - table[..., -2])
    tail: Floats = np.where(table[..., -1] < 0, _HIGHEST_LEVEL / LEVELS[-1] * (1.0 + table[..., -1]) - 1.0, straight)
    return tail


def read_at(table: Floats, levels: Floats) -> Floats:
    """A table [parts, horizons, levels] with its quantiles replaced by those at other levels [horizons, levels]."""
    knots = np.concatenate([np.full((*table.shape[:-1], 1), -1.0), table, _tail(table)[..., None]], axis=-1)
    return np.stack([_at_levels(knots[:, k], tuple(levels[k])) for k in range(table.shape[1])], axis=1)


def monotone(table: Floats) -> Floats:
    """The nearest-from-above table whose quantiles grow with the level and with time."""
    grown: Floats = np.maximum.accumulate(np.maximum.accumulate(np.maximum(table, LEVELS - 1.0), axis=-1), axis=-2)
    return grown
