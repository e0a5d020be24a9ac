"""How a cost grows: the exponent b in cost ∝ size^b, by least squares on the logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """1 is proportional, 0 independent, 2 quadratic.

    >>> round(exponent([1, 2, 4], [5, 20, 80]), 6)
    2.0
    """
    logs = [(math.log(size), math.log(cost)) for size, cost in zip(sizes, costs, strict=True)]
    x, y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    return float(sum((a - x) * (b - y) for a, b in logs) / sum((a - x) ** 2 for a, _ in logs))


def last_doubling(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The exponent between the two largest sizes, where fixed costs hide least."""
    return exponent(sizes[-2:], costs[-2:])
