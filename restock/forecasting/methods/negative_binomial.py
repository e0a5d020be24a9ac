"""Negative-binomial quantile tables: counts whose variance is a multiple of their mean."""

from __future__ import annotations

import numpy as np
from scipy.stats import nbinom

from restock.stored.distribution import LEVELS, Floats


def quantile_table(mean: Floats, dispersion: Floats) -> Floats:
    """Continuous quantiles [..., levels] of negative binomials with these means and variance/mean ratios.

    >>> quantile_table(np.array([0.0, 100.0]), np.array([1.0, 2.0]))[:, 6].round(1)  # the 95 % quantiles
    array([ -0. , 123.6])
    """
    mean = np.maximum(mean, 1e-12)[..., None]
    dispersion = np.maximum(dispersion, 1.0 + 1e-4)[..., None]
    size, success = mean / (dispersion - 1.0), 1.0 / dispersion
    levels, size, success = (np.broadcast_to(each, (*mean.shape[:-1], len(LEVELS))) for each in (LEVELS, size, success))
    none = success**size
    # Right while the quantile is 0, as most are on sparse parts.
    table: Floats = levels / np.maximum(none, 1e-300) - 1.0
    more = levels > none
    levels, size, success = levels[more], size[more], success[more]
    count = np.maximum(np.nan_to_num(nbinom.ppf(levels, size, success)), 1.0)
    below = nbinom.cdf(count - 1, size, success)
    mass = np.maximum(nbinom.cdf(count, size, success) - below, 1e-12)
    table[more] = count - 1.0 + np.clip((levels - below) / mass, 0.0, 1.0)
    return table
