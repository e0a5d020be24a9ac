"""The predictive distribution of demand, as numbers per part: what every method fits and what serving evaluates.

Demand is counted in a part's unit (1, or the step its quantities come in: 0.5 litres). A part's numbers are a daily
rate, a factor per weekday, and what is said of the demand summed over 1 to 90 open days, twice: the distribution
function at the first counts, for the many parts that a week rarely needs, and quantiles at nine levels, for those that
it needs many of. Five ideas keep it small and exact:

* Operational time. A run of days lasts as long as its weekday factors add up to: a closed Sunday takes no time,
  a busy Monday more than a day. The numbers are read at that time, so sums never shrink as days are added.
* First counts are read in time as powers of it, -log F(k) straight on logarithmic scales, which is exact for the
  chance of any use of what comes at a steady rate, and nearly so for two and more: no table of quantiles can hold a
  chance of 5 % in three days and 11 % in seven.
* Continuous counts. The quantiles are those of a continuous variable x whose distribution function passes through
  F(k) at every count k and is linear between, starting from -1. So ``ceil(x)`` is exactly the quantile of the
  count. (Machado and Santos Silva, 2005, use the same device to estimate quantiles of counts.)
* What is booked for the next days lengthens or shortens those days (``near_days.py``): nothing else changes.
* Markov's inequality holds by construction: no chance of k units is ever said that exceeds mean / k.

numpy alone: this module is imported where forecasts are served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restock.stored.near_days import NearDays

Floats = NDArray[np.float64]

LEVELS = np.array([0.1, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99])
HORIZONS = np.array([1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 90.0])  # open days
FIRST = 4  # the counts 0, 1, 2 and 3 whose chances are stored

HIGHEST_LEVEL = 0.9999
_ROUNDING = 1e-5  # float32 tables: a quantile this close above a count is that count
level_knots = -np.log1p(-np.concatenate([[0.0], LEVELS, [HIGHEST_LEVEL]]))  # where tails of counts are nearly straight
_TIME_KNOTS = np.concatenate([[0.0], HORIZONS])
ARRAYS = ("rate", "weekday", "unit", "table", "first")
_RAREST = 1e-12
_MORE = 1e-4  # than a count: enough for the quantile to be the next one


@dataclass(frozen=True, eq=False)
class DemandDistribution:
    """Predictive distributions of many parts at once. Arrays are stored as float32, evaluated as float64."""

    rate: NDArray[np.floating[Any]]  # [parts] mean demand of an average open day
    weekday: NDArray[np.floating[Any]]  # [parts, 7] Monday first; averages 1 over the open weekdays, 0 where closed
    unit: NDArray[np.floating[Any]]  # [parts] the step quantities come in
    table: NDArray[np.floating[Any]]  # [parts, horizons, levels] continuous quantiles of the sum, in units
    closed_days: frozenset[date] = frozenset()
    first: NDArray[np.floating[Any]] = field(default_factory=lambda: np.empty(0))
    """[parts, horizons, first] -log of the chance that the sum is at most 0, 1, 2, 3 units; left out: read from the
    table, as artifacts of the layout before this one must be."""
    near: NearDays | None = None
    """What is booked, if that is known to help."""

    def __post_init__(self) -> None:
        table = np.asarray(self.table, np.float32)
        if self.first.ndim != 3:
            object.__setattr__(self, "first", first_counts(table.astype(float)))
        for name in ARRAYS:
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float32))

    def __len__(self) -> int:
        return len(self.rate)

    def only(self, rows: Any) -> DemandDistribution:
        """Some of the parts."""
        near = self.near and self.near.only(rows)
        return replace(self, near=near, **{name: getattr(self, name)[rows] for name in ARRAYS})

    def with_near(self, near: NearDays | None) -> DemandDistribution:
        """The same with other bookings."""
        return replace(self, near=near)

    def mean(self, start: date, days: int) -> Floats:
        """Mean demand per part and day."""
        mean: Floats = self.rate.astype(float)[:, None] * self._pace(start, days)
        return mean

    def quantiles(self, start: date, days: int, levels: Sequence[float]) -> Floats:
        """Quantiles [parts, levels] of the demand summed over the days."""
        return self._quantiles(self._pace(start, days).sum(axis=1), levels)

    def continuous_quantiles(self, start: date, days: int, levels: Sequence[float]) -> Floats:
        """The same before they become counts, in units: what methods are averaged and calibrated by."""
        return self._continuous(self._pace(start, days).sum(axis=1), np.asarray(levels, float))

    def quantile_paths(self, start: date, days: int, levels: Sequence[float]) -> Floats:
        """Quantiles [parts, levels, days] of the demand summed over the first 1, 2, ... days."""
        paths = self._quantiles(np.cumsum(self._pace(start, days), axis=1), levels)
        return np.moveaxis(paths, 1, 2)

    def chance_above(self, start: date, days: int, stock: Any) -> Floats:
        """The probability that the demand summed over the days exceeds a stock level, per part."""
        time = self._pace(start, days).sum(axis=1)
        count = np.floor(np.broadcast_to(np.asarray(stock, float), (len(self),)) / self.unit + _ROUNDING)
        part = np.arange(len(self))
        knots, first = self._at_time(time)
        upper = np.clip((knots <= count[:, None]).sum(axis=1), 1, knots.shape[1] - 1)
        low, high = knots[part, upper - 1], knots[part, upper]
        share = np.clip((count - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
        beyond = np.maximum(count - knots[:, -1], 0.0) / last_step(self._knots[:, -1])
        z = level_knots[upper - 1] + (share + beyond) * (level_knots[upper] - level_knots[upper - 1])
        few = -np.expm1(-first[part, np.clip(count, 0, FIRST - 1).astype(int)])
        chance = np.where(count < FIRST, few, np.minimum(np.exp(-np.minimum(z, 50.0)), few))
        chance = np.minimum(chance, self._units(time) / np.maximum(count + 1.0, 1.0))
        said: Floats = np.where(count < 0, 1.0, np.where(time > 0, chance, 0.0))
        return said

    @cached_property
    def _knots(self) -> Floats:
        """The table with its edges: at time 0 all mass lies on the count 0, level 0 is -1, and the tail goes on."""
        return edged(from_the_start(self.table.astype(float)))

    @cached_property
    def _log_first(self) -> Floats:
        logs: Floats = np.log(np.maximum(self.first.astype(float), _RAREST))
        return logs

    def _pace(self, start: date, days: int) -> Floats:
        """How much operational time each day takes, per part."""
        pace: Floats = self.weekday.astype(float)[:, (start.weekday() + np.arange(days)) % 7]
        if self.closed_days:
            pace[:, [start + timedelta(k) in self.closed_days for k in range(days)]] = 0.0
        if self.near:
            pace *= self.near.of(start, days)
        return pace

    def _units(self, time: Floats) -> Floats:
        """Mean demand [parts, ...] of operational times [parts, ...], in units."""
        per_time = (self.rate.astype(float) / self.unit).reshape((-1,) + (1,) * (time.ndim - 1))
        units: Floats = per_time * time
        return units

    def _at_time(self, time: Floats) -> tuple[Floats, Floats]:
        """The table [parts, ..., 1 + levels + 1], level 0 first, and the first counts, at operational times."""
        read, first = at_time(self._knots, self._log_first, time)
        if np.any(time > _TIME_KNOTS[-1]):  # beyond the table: the mean grows with time, the spread with its root
            growth = np.maximum(time / _TIME_KNOTS[-1], 1.0)[..., None]
            mean = self._units(np.full(time.shape, _TIME_KNOTS[-1]))[..., None]
            read[..., 1:] = np.maximum(read[..., 1:], mean * growth + (read[..., 1:] - mean) * np.sqrt(growth))
        return read, first

    def _continuous(self, time: Floats, levels: Floats) -> Floats:
        """Continuous quantiles [parts, ..., levels] at operational times [parts, ...]."""
        knots, first = self._at_time(time)
        chance = np.exp(-first)  # of at most 0, 1, 2, 3
        many = np.maximum(_at_levels(knots, levels), FIRST - 1 + _MORE)
        found: Floats = many
        for count in range(FIRST - 1, -1, -1):
            below = chance[..., count - 1 : count] if count else np.zeros_like(chance[..., :1])
            among = chance[..., count : count + 1]
            share = (levels - below) / np.maximum(among - below, _RAREST)
            found = np.where(levels <= among, count - 1.0 + np.clip(share, 0.0, 1.0), found)
        return found

    def _quantiles(self, time: Floats, levels: Sequence[float]) -> Floats:
        asked = np.clip(np.asarray(levels, float), 0.0, HIGHEST_LEVEL)
        x = self._continuous(time, asked)
        counts = np.maximum(np.ceil(x - _ROUNDING - 1e-6 * np.abs(x)), 0.0)
        most = self._units(time)[..., None] / (1.0 - asked) - 1.0  # Markov: a chance of k units is at most mean / k
        counts = np.minimum(counts, np.maximum(np.ceil(most - 1e-9), 0.0))
        found: Floats = counts * self.unit.astype(float).reshape((-1,) + (1,) * (x.ndim - 1))
        return found


def _at_levels(knots: Floats, levels: Floats) -> Floats:
    """Continuous quantiles at any levels, from those at the knots."""
    z = -np.log1p(-np.clip(levels, 0.0, HIGHEST_LEVEL))
    upper = np.clip(np.searchsorted(level_knots, z), 1, len(level_knots) - 1)
    share = (z - level_knots[upper - 1]) / (level_knots[upper] - level_knots[upper - 1])
    found: Floats = knots[..., upper - 1] * (1 - share) + knots[..., upper] * share
    return found


def at_time(knots: Floats, log_first: Floats, time: Floats) -> tuple[Floats, Floats]:
    """Quantiles [parts, ...] and first counts [parts, ..., first] at operational times [parts, ...].

    ``knots`` [parts, 1 + horizons, ...] begin with time 0. Beyond the last horizon the quantiles stay.
    """
    inside = np.minimum(time, _TIME_KNOTS[-1])
    upper = np.clip(np.searchsorted(_TIME_KNOTS, inside), 1, len(_TIME_KNOTS) - 1)
    part = np.arange(len(knots)).reshape((-1,) + (1,) * (time.ndim - 1))
    share = ((inside - _TIME_KNOTS[upper - 1]) / (_TIME_KNOTS[upper] - _TIME_KNOTS[upper - 1]))[..., None]
    read: Floats = knots[part, upper - 1] * (1 - share) + knots[part, upper] * share
    after = np.clip(upper - 1, 1, len(HORIZONS) - 1)  # the first two horizons lead back to time 0 in proportion
    begin, width = np.log(HORIZONS[after - 1]), np.log(HORIZONS[after] / HORIZONS[after - 1])
    place = ((np.log(np.maximum(inside, HORIZONS[0])) - begin) / width)[..., None]
    power = log_first[part, after - 1] * (1 - place) + log_first[part, after] * place
    first: Floats = np.exp(power) * (np.minimum(time, HORIZONS[0]) * np.maximum(time / HORIZONS[-1], 1.0))[..., None]
    return read, first


def from_the_start(table: Floats) -> Floats:
    """A table [parts, horizons, levels] with what it says of no time at all: nothing comes."""
    none = np.broadcast_to(LEVELS - 1.0, (len(table), 1, len(LEVELS)))
    return np.concatenate([none, table], axis=1)


def edged(table: Floats) -> Floats:
    """A table [parts, times, levels] with the quantiles of level 0 and of the highest level; never less later.

    The former lies so far below the first two levels that a bell's mean comes out right, -1 or more; the latter is
    where the last two lead, or, where all of them are the count 0, near it.
    """
    least = np.clip(table[..., 0] - 1.6 * (table[..., 1] - table[..., 0]), -1.0, np.maximum(table[..., 0], -1.0))
    least = np.maximum.accumulate(least, axis=-1)[..., None]
    ahead = (level_knots[-1] - level_knots[-2]) / (level_knots[-2] - level_knots[-3])
    straight = table[..., -1] + ahead * (table[..., -1] - table[..., -2])
    last = np.where(table[..., -1] < 0, HIGHEST_LEVEL / LEVELS[-1] * (1.0 + table[..., -1]) - 1.0, straight)
    last = np.maximum.accumulate(np.maximum(last, table[..., -1]), axis=-1)[..., None]
    edges: Floats = np.concatenate([least, table, last], axis=-1)
    return edges


def last_step(knots: Floats) -> Floats:
    """How far [parts] the last level lies beyond the one before at the last horizon: so the tail goes on at all."""
    step: Floats = np.maximum(knots[..., -1] - knots[..., -2], 1e-2)
    return step


def first_counts(table: Floats) -> Floats:
    """-log of the chances of at most 0, 1, 2, 3 units, read from a table [parts, horizons, levels] of quantiles."""
    knots = edged(table)
    found = np.empty((*table.shape[:-1], FIRST))
    for count in range(FIRST):
        upper = np.clip((knots <= count).sum(axis=-1), 1, knots.shape[-1] - 1)
        low = np.take_along_axis(knots, upper[..., None] - 1, -1)[..., 0]
        high = np.take_along_axis(knots, upper[..., None], -1)[..., 0]
        share = np.maximum(count - low, 0.0) / np.maximum(high - low, 1e-9)
        z = level_knots[upper - 1] + share * (level_knots[upper] - level_knots[upper - 1])
        found[..., count] = -np.log(np.maximum(-np.expm1(-np.minimum(z, 50.0)), _RAREST))
    rising: Floats = np.maximum.accumulate(found, axis=-2)
    return rising
