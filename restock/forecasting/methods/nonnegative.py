"""Non-negative least squares for tall tables: many observations, a handful of weights."""

from __future__ import annotations

import numpy as np

from restock.stored.distribution import Floats


def nonnegative_weights(seen: Floats, came: Floats) -> Floats:
    """Weights >= 0 [columns] with which ``seen`` [rows, columns] comes closest to ``came`` [rows].

    The solver passes over its table dozens of times. With seen = QR the distance is that of R x to Qᵀ came, up to a
    constant, so it may pass over R instead, which has as many rows as there are weights.
    """
    from scipy.optimize import nnls  # learning alone needs it

    q, r = np.linalg.qr(seen)
    found: Floats = nnls(r, q.T @ came)[0]
    return found
