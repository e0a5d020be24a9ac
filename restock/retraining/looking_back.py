"""Carries on what was forecast of the last weeks: the version before adds what it said of the days since."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from restock.stored.artifact import ForecastArtifact
from restock.stored.hindsight import WEEKS, Hindsight, mondays


def look_back(previous: ForecastArtifact, current: ForecastArtifact) -> Hindsight:
    """Of the current version's parts; of those that the version before did not know, it said nothing."""
    seen, through = previous.header.trained_through, current.header.trained_through
    said = previous.header.hindsight or Hindsight.unknown(len(previous.parts))
    known = dict(zip(mondays(seen), said.expected.T, strict=True))
    expected = Hindsight.unknown(len(previous.parts)).expected
    for week, monday in enumerate(mondays(through)):
        expected[:, week] = known.get(monday, np.nan)
        first, last = max(monday, seen + timedelta(1)), min(monday + timedelta(6), through)
        if first <= last:
            new = previous.mean(first, (last - first).days + 1).sum(axis=1)
            expected[:, week] = new if first == monday else expected[:, week] + new
    if through < seen:  # the last days were taken back: what was said of that week is more than of its days
        expected[:, WEEKS - 1] = np.nan
    return Hindsight(_of_parts(expected, previous, current))


def _of_parts(
    expected: NDArray[np.float32], previous: ForecastArtifact, current: ForecastArtifact
) -> NDArray[np.float32]:
    rows = {part.key: row for row, part in enumerate(previous.parts)}
    mine = Hindsight.unknown(len(current.parts)).expected
    for row, part in enumerate(current.parts):
        if part.key in rows:
            mine[row] = expected[rows[part.key]]
    return mine
