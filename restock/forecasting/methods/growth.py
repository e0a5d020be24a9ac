"""Sums that grow as they must, and the mean that they imply."""

from __future__ import annotations

import numpy as np

from restock.forecasting.methods.sums import Sums
from restock.stored.distribution import FIRST, HORIZONS, LEVELS, Floats, edged, last_step, level_knots


def implied_mean(sums: Sums) -> Floats:
    """The mean [parts, horizons] of the counts that these sums describe, as a distribution reads them."""
    few = -np.expm1(-sums.first).sum(axis=-1)
    last = sums.first[..., -1:]
    knots = edged(sums.table)
    begin, end = FIRST - 1.0, np.maximum(knots[..., 1:], FIRST - 1.0)
    low = np.maximum(knots[..., :-1], begin)
    slope = np.diff(level_knots) / np.maximum(knots[..., 1:] - knots[..., :-1], 1e-9)
    above_last = -np.log(np.maximum(-np.expm1(-last), 1e-12))
    z_low = np.maximum(level_knots[:-1] + (low - knots[..., :-1]) * slope, above_last)
    z_high = np.maximum(level_knots[1:], z_low)
    step = np.maximum(z_high - z_low, 1e-9)
    area = np.where(end > low, (end - low) * np.exp(-z_low) * -np.expm1(-step) / step, 0.0).sum(axis=-1)
    area += np.maximum(knots[..., 0] - begin, 0.0) * -np.expm1(-last[..., 0])
    per_unit = (level_knots[-1] - level_knots[-2]) / last_step(knots[..., -1, :])[..., None]
    first_beyond = np.maximum(begin - knots[..., -1], 0.0)
    rest = np.exp(-np.maximum(level_knots[-1] + first_beyond * per_unit, above_last[..., 0])) / per_unit
    many = np.maximum(area + rest - 0.5 * -np.expm1(-last[..., 0]), 0.0)  # a sum over counts, by the trapezoid rule
    mean: Floats = few + many
    return mean


def growing(sums: Sums, rate: Floats) -> Sums:
    """Law 3: quantiles that grow with level and time; chances of any use that grow with time, per day ever less."""
    table = np.maximum.accumulate(np.maximum.accumulate(np.maximum(sums.table, LEVELS - 1.0), axis=-1), axis=-2)
    per_day = np.minimum(sums.first[..., 0] / HORIZONS, rate[:, None])  # nothing comes more evenly than by chance
    lower = np.minimum.accumulate(per_day, axis=-1)
    upper = np.maximum.accumulate(per_day[..., ::-1], axis=-1)[..., ::-1]
    first = np.maximum.accumulate(sums.first, axis=-2)
    first[..., 0] = np.maximum.accumulate(0.5 * (lower + upper) * HORIZONS, axis=-1)
    return Sums(table, np.minimum.accumulate(first, axis=-1))
