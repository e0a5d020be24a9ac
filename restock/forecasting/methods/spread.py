"""How far demand strays from its forecast mean, per horizon.

The squared errors that the level made at rolling origins are explained, over all parts, by the mean (noise of
counts), its square and the experts' disagreement (drift of the level); each part then multiplies that by its own
record, as far as its record is long. Far outliers are cut, or one of them would widen every part. A shop of few parts
says little of the pool: each horizon is held towards what the next shorter one leads to expect, or a chance agreement
of a hundred errors with the experts' disagreement would have it widen the tail of every part threefold.
"""

from __future__ import annotations

import numpy as np

from restock.forecasting.methods.nonnegative import nonnegative_weights
from restock.forecasting.methods.series import OpenSeries
from restock.stored.distribution import HORIZONS, Floats

_START = np.array([1.5, 0.1, 0.5])
_LEAST, _MOST = np.array([1.0, 0.0, 0.0]), np.array([np.inf, np.inf, 4.0])  # a level errs by twice what experts differ
_BEFORE_WINDOWS = 8.0  # separate windows, of all parts together, that what is expected of a horizon counts for
_GROWTH = 0.25  # of the noise of counts with the horizon, where there is no record of it; drift has its square already
_STEP = 5
_RECORD_WINDOWS = 8.0  # a part's own record counts as much as the pool's after so many separate windows


def pooled_spread(series: OpenSeries, level: Floats, apart: Floats, cut: float) -> Floats:
    """Coefficients [horizons, 3] of the variance of sums: of the mean, its square and the disagreement."""
    found = np.empty((len(HORIZONS), 3))
    known = _START
    for k, days in enumerate(HORIZONS.astype(int)):
        origins = _origins(series, days)
        expected = known * [(days / HORIZONS[k - 1]) ** _GROWTH if k else 1.0, 1.0, 1.0]
        if len(origins) < 3 or not len(series):  # no record: drift grows on, little faster than days squared
            found[k] = known = expected
            continue
        parts, squares = _record(series, level, apart, origins, days)
        rows = _BEFORE_WINDOWS * (days + _STEP - 1) / _STEP
        known = _START
        for _ in range(3):  # iteratively reweighted: the variance is both what is explained and the weight
            variance = parts @ known
            told = (parts / variance[..., None]).reshape(-1, 3)
            came = (np.minimum(squares, cut * variance) / variance).ravel()
            before = np.diag(np.sqrt(rows * (told**2).mean(axis=0)))
            known = nonnegative_weights(np.concatenate([told, before]), np.concatenate([came, before @ expected]))
            known = np.clip(known, _LEAST, _MOST)
        found[k] = known
    return found


def spread(series: OpenSeries, level: Floats, apart: Floats, pooled: Floats, cut: float) -> Floats:
    """The variance/mean ratio [parts, horizons] of the demand summed from the last day on."""
    ratio = np.empty((len(series), len(HORIZONS)))
    for k, days in enumerate(HORIZONS.astype(int)):
        mean = np.maximum(level[:, -1] * days, 1e-9)
        variance = np.stack([mean, mean**2, apart[:, -1] * days**2], axis=-1) @ pooled[k]
        origins = _origins(series, days)
        if len(origins) >= 3:
            parts, squares = _record(series, level, apart, origins, days)
            own = np.minimum(squares / (parts @ pooled[k]), cut).mean(axis=1)
            windows = len(origins) * _STEP / (days + _STEP - 1)
            variance *= (own * windows + _RECORD_WINDOWS) / (windows + _RECORD_WINDOWS)
        ratio[:, k] = np.maximum(variance / mean, 1.02)
    return ratio


def window_ratio(series: OpenSeries) -> Floats:
    """The plain variance/mean ratio [parts, horizons] of past window sums: wide wherever demand has moved."""
    ratio = np.empty((len(series), len(HORIZONS)))
    for k, days in enumerate(HORIZONS.astype(int)):
        if series.days < 2 * days + 2:
            ratio[:, k] = ratio[:, k - 1] if k else 1.5
            continue
        sums = series.total[:, days:] - series.total[:, :-days]
        mean = sums.mean(axis=1)
        ratio[:, k] = np.where(mean > 0, np.maximum(sums.var(axis=1) / np.maximum(mean, 1e-9), 1.02), 1.5)
    return ratio


def _origins(series: OpenSeries, days: int) -> np.ndarray:
    last = (series.days - days) // _STEP * _STEP  # the same from run to run, so that what is learnt stays
    return np.arange(last, max(int(series.days * 0.3), 14), -_STEP)


def _record(series: OpenSeries, level: Floats, apart: Floats, origins: np.ndarray, days: int) -> tuple[Floats, Floats]:
    span = series.spans(origins, days)
    mean = level[:, origins - 1] * span
    squares = (series.sums(origins, days) - mean) ** 2
    floor = np.maximum(mean, 0.02 * series.counts.mean(axis=1, keepdims=True) * days + 1e-3)
    return np.stack([floor, floor**2, apart[:, origins - 1] * span**2], axis=-1), squares
