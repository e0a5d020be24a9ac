"""Growing trees with scikit-learn: one model per quantile level, over one table of bins.

Only runs that learn come here, and with them scikit-learn. Its loss is given to it whole: it would ask numpy's
percentile for the value of every leaf, whose preparations took a sixth of all learning.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn._loss import PinballLoss
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from restock.forecasting.methods.grown import BINS, Cuts, GrownTrees
from restock.stored.distribution import Floats


class _Pinball(PinballLoss):  # type: ignore[misc]  # scikit-learn has no types
    """The same numbers (to the last bit, with the numpy of today)."""

    def fit_intercept_only(self, y_true: Floats, sample_weight: None = None) -> Any:
        return quantile(y_true, 100 * self.closs.quantile / 100)


def quantile(values: Floats, level: float) -> Any:
    """numpy's percentile of one row without unknowns, rounded as it rounds.

    >>> float(quantile(np.array([3.0, 1.0, 2.0]), 0.25))
    1.5
    """
    place = (len(values) - 1) * level
    low = int(place)
    if low + 1 >= len(values):
        return values.max()
    below, above = np.partition(values, (low, low + 1))[low : low + 2]
    share, step = place - low, above - below
    return above - step * (1 - share) if share >= 0.5 else below + step * share


def grown(features: Floats, came: Floats, levels: NDArray[np.float64]) -> GrownTrees:
    cuts = Cuts.of(features)
    bins = cuts.bins(features)
    models = [
        HistGradientBoostingRegressor(
            loss=_Pinball(quantile=level), max_iter=100, learning_rate=0.03, max_leaf_nodes=8, min_samples_leaf=300,
            l2_regularization=1.0, max_bins=BINS, early_stopping=False, random_state=0,
        ) for level in levels
    ]  # fmt: skip
    with threadpool_limits(1, user_api="openmp"):  # one thread: sums in one order, the same model every time
        for model in models:
            model.fit(bins, came)
    return GrownTrees.of(cuts, models)
