"""Negative binomials: counts whose variance is a multiple of their mean.

By the special functions that scipy.stats stands on; importing that takes longer than a run that follows has.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincc, nbdtrik

from restock.forecasting.methods.sums import Sums
from restock.stored.distribution import FIRST, LEVELS, Floats


def quantile_table(mean: Floats, dispersion: Floats, levels: Floats = LEVELS) -> Floats:
    """Continuous quantiles [..., levels] of negative binomials with these means and variance/mean ratios.

    >>> quantile_table(np.array([0.0, 100.0]), np.array([1.0, 2.0]))[:, 6].round(1)  # the 95 % quantiles
    array([ -0. , 123.6])
    """
    size, success = _parameters(mean, dispersion)
    shape = np.broadcast_shapes((*size.shape, 1), levels.shape)
    levels, size, success = (np.broadcast_to(each, shape) for each in (levels, size[..., None], success[..., None]))
    none = success**size
    # Right while the quantile is 0, as most are on sparse parts.
    table: Floats = levels / np.maximum(none, 1e-300) - 1.0
    more = levels > none
    levels, size, success = levels[more], size[more], success[more]
    count = np.maximum(np.nan_to_num(count_at(levels, size, success)), 1.0)
    below = at_most(count - 1, size, success)
    mass = np.maximum(at_most(count, size, success) - below, 1e-12)
    table[more] = count - 1.0 + np.clip((levels - below) / mass, 0.0, 1.0)
    return table


def first_chances(mean: Floats, dispersion: Floats) -> Floats:
    """-log of the chances [..., first] of at most 0, 1, 2, 3 units."""
    size, success = _parameters(mean, dispersion)
    with np.errstate(divide="ignore"):
        log = -np.log(at_most(np.arange(float(FIRST)), size[..., None], success[..., None]))
    found: Floats = np.clip(np.nan_to_num(log, nan=_CERTAIN, posinf=_CERTAIN), 0.0, _CERTAIN)
    return found


def negative_binomial(mean: Floats, dispersion: Floats) -> Sums:
    """What negative binomials [parts, horizons] say."""
    return Sums(quantile_table(mean, dispersion), first_chances(mean, dispersion))


_CERTAIN = 27.0  # a chance of 1e-12 is none


def _parameters(mean: Floats, dispersion: Floats) -> tuple[Floats, Floats]:
    mean = np.maximum(mean, 1e-12)
    dispersion = np.maximum(dispersion, 1.0 + 1e-4)
    return mean / (dispersion - 1.0), 1.0 / dispersion


def at_most(count: Floats, size: Floats, success: Floats) -> Floats:
    """The chance of so many or fewer; none below 0."""
    found: Floats = np.where(count < 0, 0.0, betainc(size, np.maximum(count, 0) + 1.0, success))
    return found


def more_than(count: Floats, size: Floats, success: Floats) -> Floats:
    """The chance of more."""
    found: Floats = np.where(count < 0, 1.0, betaincc(size, np.maximum(count, 0) + 1.0, success))
    return found


def count_at(level: Floats, size: Floats, success: Floats) -> Floats:
    """The smallest count at or below which this share lies."""
    count = np.ceil(nbdtrik(level, size, success))
    before = np.maximum(count - 1.0, 0.0)
    found: Floats = np.where(at_most(before, size, success) >= level, before, count)
    return found
