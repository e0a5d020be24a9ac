"""Parts whose demand since the version before was all but impossible by it: the page shows them with the changes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from restock.stored.artifact import RECENT_DAYS, ForecastArtifact

MOST_SHOWN = 10
UNUSUAL = 0.002
"""Probability, of this much or more, or of this little or less."""


def surprises(previous: ForecastArtifact, current: ForecastArtifact) -> list[dict[str, Any]]:
    """What came between the two versions and the previous one held for all but impossible, the unlikeliest first."""
    seen = date.fromisoformat(previous.header["trained_through"])
    days = (date.fromisoformat(current.header["trained_through"]) - seen).days
    if not 0 < days <= RECENT_DAYS:
        return []
    came = dict(zip((part.key for part in current.parts), current.recent[:, -days:].sum(axis=1), strict=True))
    actual = np.array([float(came.get(part.key, 0.0)) for part in previous.parts])
    above = previous.chance_above(seen + timedelta(1), days, actual)
    at_least = previous.chance_above(seen + timedelta(1), days, actual - previous.distribution.unit)
    mean = previous.mean(seen + timedelta(1), days).sum(axis=1)
    rows: list[dict[str, Any]] = [
        {
            "key": part.key,
            "name": part.name,
            "days": days,
            "expected": round(float(mean[row]), 3),
            "came": round(float(actual[row]), 3),
            "chance": round(float(min(at_least[row], 1 - above[row])), 6),
        }
        for row, part in enumerate(previous.parts)
    ]
    rows = [row for row in rows if row["chance"] < UNUSUAL]
    return sorted(rows, key=lambda row: (row["chance"], row["key"]))[:MOST_SHOWN]
