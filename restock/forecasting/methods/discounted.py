"""Exponentially discounted sums, a day at a time over all series at once.

scipy's filter does the same; importing it takes a second, which is more than a run that follows has.
"""

from __future__ import annotations

import numpy as np

from restock.stored.distribution import Floats


def discounted(values: Floats, decay: float, start: Floats | float = 0.0) -> Floats:
    """Along the last axis, each sum the value of its day and ``decay`` times the sum before; ``start`` is the first's.

    >>> discounted(np.array([[1.0, 0.0, 2.0]]), 0.5, start=4.0).tolist()
    [[3.0, 1.5, 2.75]]
    """
    by_day = np.ascontiguousarray(np.moveaxis(values, -1, 0), float)
    found = np.empty_like(by_day)
    total = np.broadcast_to(np.asarray(start, float), by_day.shape[1:])
    for day, came in enumerate(by_day):
        np.multiply(total, decay, out=found[day])
        found[day] += came
        total = found[day]
    return np.ascontiguousarray(np.moveaxis(found, 0, -1))
