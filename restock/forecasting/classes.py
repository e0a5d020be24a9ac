"""Classes of demand, after Syntetos, Boylan and Croston (2005), with one more for parts that have hardly any.

Lumpy means lots: ten or more units at once, with pauses between. The textbook's measure, the squared coefficient of
variation, was tried and also catches busy parts that were out of stock for a while, which need the very opposite.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from restock.forecasting.demand import Demand

CLASSES = ("smooth", "intermittent", "lumpy", "cold")
_COLD_DAYS = 5
_LOT_UNITS = 10


def classify(demand: Demand) -> NDArray[np.str_]:
    """The class of each part: by how often it is used, and in what quantities."""
    used = demand.quantities[:, demand.is_open] > 0
    uses = used.sum(axis=1)
    interval = used.shape[1] / np.maximum(uses, 1)
    in_a_row = (used[:, 1:] & used[:, :-1]).sum(axis=1) / np.maximum(uses, 1)
    quantity = demand.quantities.sum(axis=1) / np.maximum(uses, 1) / demand.unit
    lots = (quantity >= _LOT_UNITS) & (in_a_row < 0.5)
    return np.select([uses < _COLD_DAYS, lots, interval > 1.32], ["cold", "lumpy", "intermittent"], "smooth")
