"""The answers of API v1, from one model and the values of a request's parameters. Plain values in, plain values out."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from restock.serving.http import HttpError
from restock.serving.model import Model
from restock.stored.artifact import ForecastArtifact
from restock.stored.header import Surprise
from restock.stored.hindsight import whole_weeks

MEAN_DECIMALS = 4
MOST_NUMBERS = 400_000
"""Of one forecast: 1,000 parts over 90 days with three quantiles have 360,000. It bounds what many callers take."""
SHARED_ABOUT_TRAINING = (
    "trained_through", "kind", "follows", "learnt_at", "first_day", "time_zone", "classes", "recipe", "scores", "notes",
    "booked_ahead",
)  # fmt: skip


def forecast(model: Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """Mean demand per day, and quantiles of the demand from the first day up to and including each day."""
    start, days, levels = values["from"], values["days"], values["quantiles"]
    through = last_day(start, days)
    asked_for = model.lines.rows(values["part"])
    if len(asked_for) * days * (1 + len(levels)) > MOST_NUMBERS:
        raise HttpError(400, "The answer would be too large: ask for fewer days, parts or quantiles")
    artifact = of_parts(model.artifact, asked_for)
    means = artifact.mean(start, days)
    paths = artifact.quantile_paths(start, days, levels)
    recent = np.round(artifact.recent.astype(float), MEAN_DECIMALS).tolist() if values["recent"] else None
    past = _past_weeks(model.artifact, asked_for) if values["recent"] else []
    rows = zip(artifact.parts, means, _shown(means), _shown(paths), strict=True)
    parts = []
    for row, (part, mean, shown, path) in enumerate(rows):
        about = {
            "part": part.key,
            "name": part.name,
            "category": part.category,
            "active": part.active,
            "total": round(float(mean.sum()), MEAN_DECIMALS),
            "mean": shown,
            "quantiles": {f"{level:g}": quantile for level, quantile in zip(levels, path, strict=True)},
        }
        if recent is not None:
            about |= {"recent": recent[row], "past_weeks": past[row]}
        parts.append(about)
    answer = {"from": start.isoformat(), "through": through.isoformat(), "days": days, "parts": parts}
    if recent is not None:
        answer["recent_from"] = artifact.recent_start.isoformat()
    return answer


def _past_weeks(artifact: ForecastArtifact, rows: list[int]) -> list[list[dict[str, Any]]]:
    """Of each part: what was expected of the whole weeks that anything was said of, and what came."""
    told: list[list[dict[str, Any]]] = [[] for _ in rows]
    hindsight = artifact.header.hindsight
    if hindsight is None:
        return told
    for week, monday in whole_weeks(artifact.header.trained_through):
        first = (monday - artifact.recent_start).days
        came = artifact.recent[rows, first : first + 7].sum(axis=1, dtype=float)
        said = hindsight.expected[rows, week].astype(float)
        for its, expected, used in zip(told, _shown(said), _shown(came), strict=True):
            if not math.isnan(expected):
                its.append({"from": monday.isoformat(), "expected": expected, "came": used})
    return told


def model_facts(model: Model, problem: str) -> dict[str, Any]:
    """What the model was trained on, how well it did, and why a newer one may not be live."""
    header = model.artifact.header
    about = header.to_json() | ({"kind": header.kind} if header.kind else {})
    return {
        "problem": problem or None,
        "parts": {"active": len(model.names), "known": len(model.artifact.parts)},
        **{name: about[name] for name in SHARED_ABOUT_TRAINING if name in about},
    }


def changes(model: Model, before: ForecastArtifact | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Expected demand of a period by the live version and the one before, the largest difference first."""
    start, days = values["from"], values["days"]
    answer: dict[str, Any] = {
        "from": start.isoformat(),
        "through": last_day(start, days).isoformat(),
        "days": days,
        "since": None,
        "counts": {"parts": 0, "added": 0, "removed": 0},
        "parts": [],
        "added": [],
        "removed": [],
        "unusual": [],
    }
    if before is None:
        return answer
    now, then = _totals(model.artifact, start, days), _totals(before, start, days)
    moved = sorted(
        (-abs(total - then[key][1]), name, key)
        for key, (name, total) in now.items()
        if key in then and total != then[key][1]
    )
    added = sorted({name for key, (name, _) in now.items() if key not in then})
    removed = sorted({name for key, (name, _) in then.items() if key not in now})
    most, since = values["most"], model.artifact.header.since
    answer |= {
        "since": {"version": before.header.version, "trained_at": before.header.trained_at},
        "counts": {"parts": len(moved), "added": len(added), "removed": len(removed)},
        "parts": [_change(key, name, then[key][1], now[key][1]) for _, name, key in moved[:most]],
        "added": added[:most],
        "removed": removed[:most],
        "unusual": [_surprise(found) for found in since.unusual] if since else [],
    }
    return answer


def _change(key: str, name: str, before: float, after: float) -> dict[str, Any]:
    change = round(after - before, MEAN_DECIMALS)
    return {"part": key, "name": name, "before": before, "after": after, "change": change}


def _surprise(found: Surprise) -> dict[str, Any]:
    return {
        "part": found.key,
        "name": found.name,
        "days": found.days,
        "expected": found.expected,
        "came": found.came,
    }


def last_day(start: date, days: int) -> date:
    """Raises HttpError 400 if the period leaves the calendar."""
    if (date.max - start).days < days - 1:
        raise HttpError(400, f"from must leave {days} days before {date.max}", field="from")
    return start + timedelta(days - 1)


def of_parts(artifact: ForecastArtifact, rows: list[int]) -> ForecastArtifact:
    """The artifact of some parts only, so that nothing is computed for the others."""
    distribution = artifact.distribution.only(rows)
    return ForecastArtifact(
        artifact.header, tuple(artifact.parts[row] for row in rows), distribution, artifact.recent[rows]
    )


def _totals(artifact: ForecastArtifact, start: date, days: int) -> dict[str, tuple[str, float]]:
    totals = np.round(artifact.mean(start, days).sum(axis=1), MEAN_DECIMALS).tolist()
    return {part.key: (part.name, total) for part, total in zip(artifact.parts, totals, strict=True) if part.active}


def _shown(numbers: Any) -> Any:
    return np.round(numbers, MEAN_DECIMALS).tolist()
