"""Daily rates with many memories, and two ways to weigh them.

Demand drifts, and no single memory is right: a steady part wants a year, a part that was launched last month a week.
So every part has the same nine experts, exponentially weighted means with half-lives from half a week to all of
history and one that follows a trend. *Pooled* weights, the same for all parts, are fitted to what rolling origins
saw in the following four weeks; *adaptive* weights follow each part's own discounted likelihood (dynamic model
averaging, Raftery et al. 2010), so that a rise or an end crushes the long memories within days. The level is the
mean of both; a part launched lately, to which every memory adds the time before, has its mean since the first use.
How far the experts disagree is kept: it says how uncertain the level is.
"""

from __future__ import annotations

import numpy as np

from restock.forecasting.methods.discounted import discounted
from restock.forecasting.methods.nonnegative import nonnegative_weights
from restock.forecasting.methods.series import OpenSeries
from restock.stored.distribution import Floats

HALF_LIVES = (3.5, 7.0, 14.0, 28.0, 56.0, 112.0, 365.0, np.inf)
_COARSE_HALF_LIVES = (0.7, 1.5, 3.0, 6.0, 10.0, 20.0, 50.0, np.inf)  # where a step is a week or a month
_TREND = (2, 3)  # the trend expert goes on from the 28-day to the 14-day mean, and as far again
_PRIOR_WEIGHTS = np.array([0.3, 1, 1, 1, 1, 1, 0.5, 0.5, 1])
_POOLED_BEFORE_ANY = np.array([0, 0.2, 0, 0.3, 0, 0.2, 0.15, 0.15, 0])
_YOUNG_DAYS, _YOUNG_COARSE = 84.0, 12.0
_FORGETTING_DAYS, _FORGETTING_COARSE = 56.0, 12.0
_PRIOR_UNITS = 0.5  # every part starts as if half a unit had been seen at its category's rate


def smoothed(values: Floats, half_life: float, start: Floats | float = 0.0) -> Floats:
    """Exponentially discounted sums along the last axis, each including its own day."""
    return discounted(values, 0.5 ** (1.0 / half_life), start)


def expert_rates(series: OpenSeries) -> Floats:
    """The experts' daily rates [parts, days, experts], as known at the end of each day."""
    prior_time = np.where(series.prior_rate > 0, _PRIOR_UNITS / np.maximum(series.prior_rate, 1e-9), 0.0)
    prior_time = np.minimum(prior_time, 30.0)
    rates = np.empty((*series.counts.shape, len(HALF_LIVES) + 1))
    pace = np.broadcast_to(series.pace, series.counts.shape)
    for k, half_life in enumerate(HALF_LIVES if series.is_daily else _COARSE_HALF_LIVES):
        used = smoothed(series.counts, half_life, prior_time * series.prior_rate)
        rates[:, :, k] = used / smoothed(pace, half_life, prior_time)
    near, far = rates[:, :, _TREND[0]], rates[:, :, _TREND[1]]
    rates[:, :, -1] = np.clip(2 * near - far, 0.3 * near, 2 * near)
    return rates


def pooled_weights(series: OpenSeries, rates: Floats) -> Floats:
    """Non-negative weights, shared by all parts, that best foresaw the mean of the following four weeks."""
    ahead = int(np.clip(series.days // 6, 3, 28))
    step = max(ahead // 4, 1)
    last = (series.days - ahead) // step * step  # those of yesterday, and one more a week: weights that stay
    origins = np.arange(last, max(series.days // 3, ahead), -step)
    scale = np.sqrt((series.counts**2).mean(axis=1))
    used = scale > 0
    if len(origins) < 4 or not used.any():
        return _POOLED_BEFORE_ANY
    seen = rates[used][:, origins - 1] / scale[used, None, None]
    seen[:, :, -1] = 0.0  # trends are left to the parts that show one
    came = series.sums(origins, ahead)[used] / series.spans(origins, ahead) / scale[used, None]
    weights = nonnegative_weights(seen.reshape(-1, seen.shape[-1]), came.ravel())
    return weights / weights.sum() if weights.sum() > 0 else _POOLED_BEFORE_ANY


def levels(series: OpenSeries, rates: Floats, pooled: Floats) -> tuple[Floats, Floats]:
    """The level and the variance of the experts around it, both [parts, days]."""
    adaptive = _adaptive_weights(series, rates)
    own = np.einsum("ptk,ptk->pt", rates, adaptive)
    shared = rates @ pooled
    level = 0.5 * (own + shared)
    launched, youth = _launched(series)
    level += youth * (launched - level)
    apart = 0.5 * (np.einsum("ptk,ptk->pt", rates**2, adaptive) - own**2 + rates**2 @ pooled - shared**2)
    return level, np.maximum(apart + 0.25 * (own - shared) ** 2, 0.0)


def _launched(series: OpenSeries) -> tuple[Floats, Floats]:
    """The rate since a part's first use, and how much it counts: wholly for a busy part in its first days."""
    since = series.total[:, :-1] > 0  # the day of the first use tells when it began, not how much is used
    time = np.cumsum(series.pace * since, axis=1)
    used = np.cumsum(series.counts * since, axis=1)
    days_used = np.cumsum((series.counts > 0) & since, axis=1)
    young = np.clip(1.0 - time / (_YOUNG_DAYS if series.is_daily else _YOUNG_COARSE), 0.0, 1.0)
    unlaunched = series.total[:, :1] + series.counts[:, :1] > 0  # it was there before the history began
    youth = young * days_used / (days_used + 2.0) * ~unlaunched
    return (used + _PRIOR_UNITS * series.prior_rate[:, None]) / (time + _PRIOR_UNITS), youth


def _adaptive_weights(series: OpenSeries, rates: Floats) -> Floats:
    foreseen = np.empty_like(rates)
    foreseen[:, 0] = series.prior_rate[:, None]
    foreseen[:, 1:] = rates[:, :-1]
    floor = 0.02 * np.maximum(series.counts.mean(axis=1), 1e-6) + 1e-4
    foreseen = np.maximum(foreseen, floor[:, None, None]) * series.pace[None, :, None]
    usual = foreseen[:, :, 3]
    spread = np.maximum((((series.counts - usual) ** 2).sum(axis=1) + 1) / (usual.sum(axis=1) + 1), 1.0)
    likelihood = (series.counts[:, :, None] * np.log(foreseen) - foreseen) / spread[:, None, None]
    memory = _FORGETTING_DAYS if series.is_daily else _FORGETTING_COARSE
    score = np.log(_PRIOR_WEIGHTS) + np.moveaxis(smoothed(np.moveaxis(likelihood, 2, 1), memory), 1, 2)
    weights = np.exp(score - score.max(axis=2, keepdims=True))
    found: Floats = weights / weights.sum(axis=2, keepdims=True)
    return found
