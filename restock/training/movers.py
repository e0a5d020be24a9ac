"""The change report: which parts' forecasts moved most since the previous version, and why."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from restock.artifact import RECENT_DAYS, ForecastArtifact

_DAYS = 28
_SHOWN = 10
_UNUSUAL = 0.002


def movers(previous: ForecastArtifact, current: ForecastArtifact) -> dict[str, Any]:
    """What moved most in the mean of the next four weeks, and parts whose demand since then was unusual."""
    start = date.fromisoformat(current.header["trained_through"]) + timedelta(1)
    before = dict(zip((part.key for part in previous.parts), previous.mean(start, _DAYS), strict=True))
    after = current.mean(start, _DAYS)
    rows: list[dict[str, Any]] = []
    for row, part in enumerate(current.parts):
        old, new = before.get(part.key), after[row]
        was, now = 0.0 if old is None else float(old.sum()), float(new.sum())
        moved = abs(now - was) / np.sqrt(max(was + now, 1.0))  # in steps of the noise of counts
        why = "new part" if old is None else "level"
        if old is not None and moved < 0.5:
            apart = np.abs(new - old).sum() / np.sqrt(max(was + now, 1.0))
            why, moved = "weekday", min(float(apart), 0.5)
        rows.append({"key": part.key, "name": part.name, "before": was, "after": now, "why": why, "moved": moved})
    rows = [row for row in rows if row["moved"] > 0.1]
    rows.sort(key=lambda row: (-row["moved"], row["key"]))
    shown = [{k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()} for row in rows[:_SHOWN]]
    return {"since_version": previous.header.get("version"), "moved": shown, "unusual": _unusual(previous, current)}


def _unusual(previous: ForecastArtifact, current: ForecastArtifact) -> list[dict[str, Any]]:
    """Parts whose demand between the two versions the previous one held for nearly impossible."""
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
    rows = [row for row in rows if row["chance"] < _UNUSUAL]
    return sorted(rows, key=lambda row: (row["chance"], row["key"]))[:_SHOWN]
