"""Demand in operational time: closed days dropped, weekday pattern kept beside the counts. Every method starts here."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from restock.forecasting.demand import Demand
from restock.forecasting.methods.weekdays import weekday_factors
from restock.stored.distribution import Floats

_POOL_PARTS = 2000
_POOL_CELLS = 600_000
_CHUNK_CELLS = 300_000
"""Parts x days that are worked on at once: some fifty arrays of this size are alive in the midst of it (promise 6)."""
_OUTLIER_DAYS = 8
_YEAR_COARSE = 52  # weeks, or about as many months as a spare part lives


@dataclass(frozen=True, eq=False)
class OpenSeries:
    """Counts [parts, open days] in the parts' units, and how much operational time each day took."""

    counts: Floats
    pace: Floats  # [open days]
    weekday: Floats  # [parts, 7]
    unit: Floats  # [parts]
    prior_rate: Floats  # [parts] what a part of its category is used per day
    keys: tuple[str, ...]
    year_days: int = 0  # open days in a year; 0 when the data is not daily
    closed_days: frozenset[date] = frozenset()

    @classmethod
    def of(cls, demand: Demand) -> OpenSeries:
        counts = _without_outlier(demand.quantities[:, demand.is_open] / demand.unit[:, None])
        pool, weekday = weekday_factors(demand, counts)
        pace = np.ones(counts.shape[1])
        if demand.season == 7:  # an emergency on a closed weekday is a day's use, not that of twenty
            pace = np.where(demand.open_weekdays, np.maximum(pool, 0.05), 1.0)[demand.weekdays[demand.is_open]]
        prior = _prior_rates(counts, [part.category for part in demand.parts])
        keys = tuple(part.key for part in demand.parts)
        year_days = round(365 * float(demand.is_open.mean())) if demand.season == 7 else 0
        return cls(counts, pace, weekday, demand.unit, prior, keys, year_days, demand.closed_days)

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def is_daily(self) -> bool:
        return self.year_days > 0

    @property
    def days(self) -> int:
        return int(self.counts.shape[1])

    @cached_property
    def total(self) -> Floats:
        """Units used before each day [parts, days + 1]."""
        return np.cumsum(np.pad(self.counts, ((0, 0), (1, 0))), axis=1)

    @cached_property
    def time(self) -> Floats:
        """Operational time before each day [days + 1]."""
        return np.cumsum(np.pad(self.pace, (1, 0)))

    @cached_property
    def launched(self) -> Floats:
        """The chance that a part exists only since some time before its first use [parts].

        By Bayes' theorem: that it came between the first day and its first use has odds of that time to a year; had it
        been there from the first day, its uses would fall as late as they do with the chance (share of time since the
        first use) ** (days used), which a launch explains better.
        """
        is_used = self.counts > 0
        before = np.where(is_used.any(axis=1), self.time[is_used.argmax(axis=1)], 0.0)
        stretch = self.time[-1] / np.maximum(self.time[-1] - before, 1e-9)
        more = np.maximum(is_used.sum(axis=1) - 1, 1e-6)  # the mean of stretch ** uses over all times of launching:
        likelier = np.expm1(np.minimum(more * np.log(stretch), 50.0)) / more * self.time[-1] / np.maximum(before, 1e-9)
        odds = before / (self.year_days or _YEAR_COARSE) * likelier
        return np.where(before > 0, odds / (1.0 + odds), 0.0)

    def sums(self, begins: NDArray[np.int64], days: int) -> Floats:
        """Demand [parts, begins] of the runs of days that begin there."""
        found: Floats = self.total[:, begins + days] - self.total[:, begins]
        return found

    def spans(self, begins: NDArray[np.int64], days: int) -> Floats:
        """Operational time of the same runs."""
        found: Floats = self.time[begins + days] - self.time[begins]
        return found

    def rows(self, rows: NDArray[np.int64]) -> OpenSeries:
        """Some of the parts."""
        picked = {name: getattr(self, name)[rows] for name in ("counts", "weekday", "unit", "prior_rate")}
        return replace(self, **picked, keys=tuple(self.keys[row] for row in rows))

    def until(self, day: int) -> OpenSeries:
        """The same parts with only the first ``day`` open days."""
        return replace(self, counts=self.counts[:, :day], pace=self.pace[:day])

    def pool(self) -> OpenSeries:
        """The parts from which shared numbers are learnt: used ones, chosen by key, not by position."""
        used = np.flatnonzero(self.counts.any(axis=1))
        used = used if len(used) else np.arange(len(self))
        return self.rows(used[pool_rows([self.keys[row] for row in used], self.days)])

    def chunks(self) -> Iterator[tuple[slice, OpenSeries]]:
        """All parts in portions that fit into memory with every intermediate result."""
        parts = max(_CHUNK_CELLS // max(self.days, 1), 1)
        for begin in range(0, len(self), parts):
            rows = np.arange(begin, min(begin + parts, len(self)))
            yield slice(begin, begin + parts), self.rows(rows)


def _without_outlier(counts: Floats) -> Floats:
    """A part's largest day counts no more than four times its second largest: beyond that it is a slip of the pen."""
    if counts.shape[1] < _OUTLIER_DAYS:
        return counts
    second = np.partition(counts, -2, axis=1)[:, -2]
    often = (counts > 0).sum(axis=1) >= _OUTLIER_DAYS
    return np.minimum(counts, np.where(often, 4 * second, np.inf)[:, None])


def pool_rows(keys: Sequence[str], days: int) -> NDArray[np.int64]:
    """At most 2,000 parts that stand for all, fewer of a long history, chosen and ordered by a digest of their keys."""
    most = min(_POOL_PARTS, max(_POOL_CELLS // max(days, 1), 1))
    order = sorted(range(len(keys)), key=lambda row: (zlib.crc32(keys[row].encode()), keys[row]))
    return np.array(order[:most], np.int64)


def _prior_rates(counts: Floats, categories: list[str]) -> Floats:
    """The mean daily use of the part's category, if the catalogue has five parts of it, else of the pool."""
    mean = counts.mean(axis=1) if counts.size else np.zeros(len(counts))
    prior = np.full(len(counts), mean.mean() if len(mean) else 0.0)
    names = np.array(categories)
    for name in set(categories) - {""}:
        members = names == name
        if members.sum() >= 5:
            prior[members] = mean[members].mean()
    return prior
