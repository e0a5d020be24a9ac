"""When the shop was closed, read from its usage: such days are no evidence of low demand.

A weekday is closed if the other weekdays make its silence in the last quarter incredible; a run of days is a closure
if its silence is incredible for a shop that is otherwise used that often. A small shop, silent on many days anyway,
shows neither: its zeros stay zeros.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from restock.stored.distribution import Floats

_INCREDIBLE = 0.002
_WEEKS = 13
_NEAR = 45  # days on either side that say how quiet the season is


def open_weekdays(quantities: Floats, weekdays: NDArray[np.int64], is_closed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The weekdays [7] on which the shop opens, judged by its last 13 weeks."""
    recent = slice(max(len(weekdays) - 7 * _WEEKS, 0), None)
    counted = ~is_closed[recent]
    used = (quantities[:, recent].sum(axis=0) > 0)[counted]
    weekday = weekdays[recent][counted]
    days = np.bincount(weekday, minlength=7)
    busy = np.bincount(weekday[used], minlength=7)
    is_open = np.ones(7, bool)
    for k in range(7):
        others = (busy.sum() - busy[k]) / max(days.sum() - days[k], 1)
        is_open[k] = busy[k] > 0.1 * days[k] or _at_most(busy[k], days[k], 0.8 * others) > _INCREDIBLE
    return is_open if is_open.any() else np.ones(7, bool)


def open_days(quantities: Floats, weekdays: NDArray[np.int64], is_closed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The days [days] that are evidence: not closed by setting, by weekday or by a run of silence."""
    used = quantities.sum(axis=0) > 0
    is_open: NDArray[np.bool_] = used | (open_weekdays(quantities, weekdays, is_closed)[weekdays] & ~is_closed)
    if not used.any():
        return np.ones(len(used), bool)
    silent = 1.0 - used[is_open].mean()
    candidates = np.flatnonzero(is_open)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], ~used[candidates], [0]]).astype(int)))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        near = used[np.r_[candidates[max(begin - _NEAR, 0) : begin], candidates[end : end + _NEAR]]]
        usual = max(silent, 1.0 - near.mean()) if len(near) else silent  # in a quiet season silence is nothing odd
        if usual ** (end - begin) * len(candidates) < 25 * _INCREDIBLE:  # somewhere in the history, not just here
            is_open[candidates[begin:end]] = False
    return is_open


def _at_most(k: int, n: int, p: float) -> float:
    """The probability of at most k successes in n tries."""
    return sum(math.comb(int(n), j) * p**j * (1 - p) ** (int(n) - j) for j in range(int(k) + 1))
