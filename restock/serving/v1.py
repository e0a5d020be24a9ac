"""The answers of API v1, from one model and the values of a request's parameters. Plain values in, plain values out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from restock.serving.http import HttpError
from restock.serving.inventory import Policy, advise
from restock.serving.model import Model
from restock.serving.stock import Shelf
from restock.stored.artifact import ForecastArtifact
from restock.stored.distribution import DemandDistribution
from restock.written import fold

MEAN_DECIMALS = 4
MOST_NUMBERS = 400_000
"""Of one forecast: 1,000 parts over 90 days with three quantiles have 360,000. It bounds what many callers take."""
LONGEST_KNOWN_LEAD_TIME = 365
"""A catalogue that says more is taken at this."""
NOTHING_KNOWN = Shelf()
SHARED_ABOUT_TRAINING = ("trained_through", "first_day", "time_zone", "classes", "recipe", "scores", "notes")


def forecast(model: Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """Mean demand per day, and quantiles of the demand from the first day up to and including each day."""
    start, days, levels = values["from"], values["days"], values["quantiles"]
    through = last_day(start, days)
    asked_for = rows_of(model.artifact, values["part"])
    if len(asked_for) * days * (1 + len(levels)) > MOST_NUMBERS:
        raise HttpError(400, "The answer would be too large: ask for fewer days, parts or quantiles")
    artifact = of_parts(model.artifact, asked_for)
    means = artifact.mean(start, days)
    paths = artifact.quantile_paths(start, days, levels)
    recent = np.round(artifact.recent.astype(float), MEAN_DECIMALS).tolist() if values["recent"] else None
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
            about["recent"] = recent[row]
        parts.append(about)
    answer = {"from": start.isoformat(), "through": through.isoformat(), "days": days, "parts": parts}
    if recent is not None:
        answer["recent_from"] = artifact.recent_start.isoformat()
    return answer


def restock(model: Model, shelves: Mapping[str, Shelf], values: Mapping[str, Any]) -> dict[str, Any]:
    """What to order now, the likeliest to run out first. What the caller gives of a part wins over the catalogue."""
    artifact, start = model.artifact, values["from"]
    rows = rows_of(artifact, values["part"])
    given = {name: _by_row(artifact, name, values[name]) for name in ("lead_time", "on_order", "minimum_order")}
    by_lead_time: dict[int, list[int]] = {}
    shelf_of = {row: shelves.get(artifact.parts[row].key, NOTHING_KNOWN) for row in rows}
    for row in rows:
        known = shelf_of[row].lead_time_days
        usual = values["lead_time_days"] if known is None else min(known, LONGEST_KNOWN_LEAD_TIME)
        by_lead_time.setdefault(given["lead_time"].get(row, usual), []).append(row)
    parts = []
    for lead_time, alike in by_lead_time.items():
        hand = [shelf_of[row].on_hand for row in alike]
        ordered = [given["on_order"].get(row, shelf_of[row].on_order or 0.0) for row in alike]
        least = [given["minimum_order"].get(row, shelf_of[row].minimum_order or 0.0) for row in alike]
        policy = Policy(lead_time, values["review_days"], values["service_level"], values["measure"])
        on_hand = [stock or 0.0 for stock in hand]
        advice = advise(
            of_parts(artifact, alike), start, policy, on_hand=on_hand, on_order=ordered, minimum_order=least
        )
        for index, row in enumerate(alike):
            part = artifact.parts[row]
            cover = float(advice.days_of_cover[index])
            parts.append(
                {
                    "part": part.key,
                    "name": part.name,
                    "category": part.category,
                    "on_hand": hand[index],
                    "on_order": ordered[index],
                    "lead_time_days": lead_time,
                    "expected_demand": _rounded(advice.expected_demand[index]),
                    "reorder_point": _rounded(advice.reorder_point[index]),
                    "order_up_to": _rounded(advice.order_up_to[index]),
                    "order_quantity": _rounded(advice.order_quantity[index]),
                    "stock_out_chance": _rounded(advice.chance_of_stock_out[index]),
                    "days_of_cover": cover if math.isfinite(cover) else None,
                }
            )
    parts.sort(key=_urgency)
    return {
        "review_days": values["review_days"],
        "service_level": values["service_level"],
        "measure": values["measure"],
        "parts": parts,
    }


def _urgency(part: Mapping[str, Any]) -> tuple[Any, ...]:
    cover = math.inf if part["days_of_cover"] is None else part["days_of_cover"]
    return -part["stock_out_chance"], cover, -part["expected_demand"], part["name"], part["part"]


def _by_row(artifact: ForecastArtifact, field: str, pairs: Sequence[tuple[str, Any]]) -> dict[int, Any]:
    found = _by_word(artifact, [word for word, _ in pairs], field)
    return {row: value for word, value in pairs for row in found[word]}


def _rounded(number: Any) -> float:
    return round(float(number), MEAN_DECIMALS)


def model_facts(model: Model, problem: str) -> dict[str, Any]:
    """What the model was trained on, how well it did, and why a newer one may not be live."""
    header = model.artifact.header
    return {
        "problem": problem or None,
        "parts": {"active": len(model.names), "known": len(model.artifact.parts)},
        **{name: header[name] for name in SHARED_ABOUT_TRAINING if name in header},
    }


def changes(model: Model, before: ForecastArtifact | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Expected demand of a period by the live version and the one before, the largest difference first."""
    start, days = values["from"], values["days"]
    answer: dict[str, Any] = {
        "from": start.isoformat(),
        "through": last_day(start, days).isoformat(),
        "days": days,
        "since": None,
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
    answer |= {
        "since": {"version": before.header["version"], "trained_at": before.header["trained_at"]},
        "parts": [_change(key, name, then[key][1], now[key][1]) for _, name, key in moved],
        "added": sorted({name for key, (name, _) in now.items() if key not in then}),
        "removed": sorted({name for key, (name, _) in then.items() if key not in now}),
        "unusual": [_surprise(found) for found in model.artifact.header.get("since", {}).get("unusual", [])],
    }
    return answer


def _change(key: str, name: str, before: float, after: float) -> dict[str, Any]:
    change = round(after - before, MEAN_DECIMALS)
    return {"part": key, "name": name, "before": before, "after": after, "change": change}


def _surprise(found: Mapping[str, Any]) -> dict[str, Any]:
    """A part whose demand since the version before was all but impossible by it."""
    return {"part": found["key"], **{name: found[name] for name in ("name", "days", "expected", "came")}}


def last_day(start: date, days: int) -> date:
    """Raises HttpError 400 if the period leaves the calendar."""
    if (date.max - start).days < days - 1:
        raise HttpError(400, f"from must leave {days} days before {date.max}", field="from")
    return start + timedelta(days - 1)


def rows_of(artifact: ForecastArtifact, wanted: Sequence[str], field: str = "part") -> list[int]:
    """The rows of the parts asked for, by key or by name as the app compares names; without any, the active ones."""
    if not wanted:
        return [row for row, part in enumerate(artifact.parts) if part.active]
    found = _by_word(artifact, wanted, field)
    return list(dict.fromkeys(row for word in wanted for row in found[word]))


def _by_word(artifact: ForecastArtifact, wanted: Sequence[str], field: str) -> dict[str, list[int]]:
    """The rows that each word means. The catalogue is read once, however many words there are."""
    by_key: dict[str, list[int]] = {}
    by_name: dict[str, list[int]] = {}
    for row, part in enumerate(artifact.parts if wanted else ()):
        by_key.setdefault(part.key, []).append(row)
        by_name.setdefault(fold(part.name), []).append(row)
    found = {word: by_key.get(word) or by_name.get(fold(word), []) for word in wanted}
    for word, rows in found.items():
        if not rows:
            raise HttpError(404, f"part {word[:100]!r} is not known to the model", field=field)
    return found


def of_parts(artifact: ForecastArtifact, rows: list[int]) -> ForecastArtifact:
    """The artifact of some parts only, so that nothing is computed for the others."""
    all_parts = artifact.distribution
    distribution = DemandDistribution(
        all_parts.rate[rows],
        all_parts.weekday[rows],
        all_parts.unit[rows],
        all_parts.table[rows],
        all_parts.closed_days,
    )
    return ForecastArtifact(
        artifact.header, tuple(artifact.parts[row] for row in rows), distribution, artifact.recent[rows]
    )


def _totals(artifact: ForecastArtifact, start: date, days: int) -> dict[str, tuple[str, float]]:
    totals = np.round(artifact.mean(start, days).sum(axis=1), MEAN_DECIMALS).tolist()
    return {part.key: (part.name, total) for part, total in zip(artifact.parts, totals, strict=True) if part.active}


def _shown(numbers: Any) -> Any:
    return np.round(numbers, MEAN_DECIMALS).tolist()
