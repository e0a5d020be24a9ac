"""Days without stock are no evidence: nothing could be used, and nothing says that nothing was needed.

They can't be dropped as closed days are, for every part has its own. Instead they repeat what the part saw before, on
the same weekdays, two weeks back or more. A stock-out ends a busy week more often than a quiet one, which alone would
speak too loud; but what was wanted and not had is seen nowhere either, and that was more than usual, too. With four
weeks a simulated workshop wins back a third of the units that it is short for not seeing, with two about half
(`python -m bench.stock_outs`). So the level stays what it was, the spread too, and nothing looks past its own day.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from restock.stored.distribution import Floats

_FEWEST_WEEKS = 2


def repeated(quantities: Floats, unseen: NDArray[np.bool_], is_open: NDArray[np.bool_]) -> Floats:
    """The quantities [parts, days] with the unseen days filled; days on which the shop was closed stay empty.

    >>> used = np.array([[1.0, 2.0, 3.0, 0.0, 0.0, 0.0]])
    >>> repeated(used, used == 0, np.ones(6, bool)).tolist()  # less than a week was seen
    [[1.0, 2.0, 3.0, 1.0, 2.0, 3.0]]
    """
    found = quantities.copy()
    for row in np.flatnonzero(unseen.any(axis=1) & quantities.any(axis=1)):
        first = int(np.argmax(quantities[row] > 0))
        edges = np.flatnonzero(np.diff(np.concatenate([[0], unseen[row].astype(int), [0]])))
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            known = begin - first
            if known <= 0:  # before its first use there is nothing to repeat
                continue
            weeks = min(max(math.ceil((end - begin) / 7), _FEWEST_WEEKS), known // 7)
            back = 7 * weeks or known
            days = np.arange(begin, end)
            source = begin - back + (days - begin) % back
            earlier = ~is_open[source] & (source - 7 >= first)  # a holiday says nothing of an open day
            found[row, days] = found[row, np.where(earlier, source - 7, source)]
    found[:, ~is_open] = quantities[:, ~is_open]
    return found
