"""Classes of demand, after Syntetos, Boylan and Croston (2005), with one more for parts that have hardly any."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restock.training.demand import Demand

CLASSES = ("smooth", "intermittent", "lumpy", "cold")
_COLD_DAYS = 5


def classify(demand: Demand) -> NDArray[np.str_]:
    """The class of each part: by how often it is used, and how much the size of a day's use varies."""
    used = (demand.quantities > 0).sum(axis=1)
    open_days = max(int(demand.is_open.sum()), 1)
    interval = open_days / np.maximum(used, 1)
    mean = demand.quantities.sum(axis=1) / np.maximum(used, 1)
    variance = (demand.quantities**2).sum(axis=1) / np.maximum(used, 1) - mean**2
    varies = variance / np.maximum(mean, 1e-9) ** 2 > 0.49
    return np.select(
        [used < _COLD_DAYS, varies & (interval > 1.32), interval > 1.32], ["cold", "lumpy", "intermittent"], "smooth"
    )
