"""Parts whose demand since the version before was all but impossible by it: the page shows them with the changes."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from restock.stored.artifact import RECENT_DAYS, ForecastArtifact
from restock.stored.header import Surprise

MOST_SHOWN = 10
UNUSUAL = 0.002
"""Probability, of this much or more, or of this little or less."""


def surprises(previous: ForecastArtifact, current: ForecastArtifact) -> tuple[Surprise, ...]:
    """What came between the two versions and the previous one held for all but impossible, the unlikeliest first."""
    seen = previous.header.trained_through
    days = (current.header.trained_through - seen).days
    if not 0 < days <= RECENT_DAYS:
        return ()
    came = dict(zip((part.key for part in current.parts), current.recent[:, -days:].sum(axis=1), strict=True))
    actual = np.array([float(came.get(part.key, 0.0)) for part in previous.parts])
    above = previous.chance_above(seen + timedelta(1), days, actual)
    at_least = previous.chance_above(seen + timedelta(1), days, actual - previous.distribution.unit)
    mean = previous.mean(seen + timedelta(1), days).sum(axis=1)
    compared = [
        Surprise(
            key=part.key,
            name=part.name,
            days=days,
            expected=round(float(mean[row]), 3),
            came=round(float(actual[row]), 3),
            chance=round(float(min(at_least[row], 1 - above[row])), 6),
        )
        for row, part in enumerate(previous.parts)
    ]
    found = (one for one in compared if one.chance < UNUSUAL)
    return tuple(sorted(found, key=lambda one: (one.chance, one.key))[:MOST_SHOWN])
