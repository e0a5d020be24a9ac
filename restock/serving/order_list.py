"""The answer of /v1/restock: what to order now, the likeliest to run out first; and apart from it, what can't be
advised because nobody knows how much is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from restock.serving.inventory import Advice, Policy, advise
from restock.serving.lines import Line
from restock.serving.model import Model
from restock.serving.stock import Shelf
from restock.serving.v1 import of_parts
from restock.stored.artifact import RECENT_DAYS, ForecastArtifact, Part

DECIMALS = 4
LONGEST_KNOWN_LEAD_TIME = 365
"""A catalogue that says more is taken at this."""
JOINED: dict[str, Callable[[Iterable[Any]], Any]] = {"lead_time": max, "minimum_order": max, "on_order": sum}
"""How what a caller gives of several documents of one line becomes one figure."""


def restock(model: Model, shelves: Mapping[str, Shelf], values: Mapping[str, Any]) -> dict[str, Any]:
    """What to order now. What the caller gives of a part wins over the catalogue."""
    rows = model.lines.rows(values["part"])
    given = {name: model.lines.given(name, values[name], join) for name, join in JOINED.items()}
    known = model.lines.gather(shelves)
    lines = {row: _line(known.get(row, Line()), row, given, values["lead_time_days"]) for row in rows}
    by_lead_time: dict[int | None, list[int]] = {}
    for row, line in lines.items():
        by_lead_time.setdefault(line.lead_time_days, []).append(row)
    parts, unknown = [], []
    for lead_time, alike in by_lead_time.items():
        artifact = of_parts(model.artifact, alike)
        policy = Policy(lead_time or 0, values["review_days"], values["service_level"], values["measure"])
        advice = advise(
            artifact,
            values["from"],
            policy,
            on_hand=[lines[row].on_hand or 0.0 for row in alike],
            on_order=[lines[row].on_order for row in alike],
            minimum_order=[lines[row].minimum_order for row in alike],
        )
        used = _used(model, alike)
        for index, row in enumerate(alike):
            about = _needs(artifact, index, lines[row], advice)
            if lines[row].on_hand is None:
                unknown.append(about)
            else:
                parts.append(about | _advised(index, lines[row], advice, used[index]))
    parts.sort(key=_urgency)
    unknown.sort(key=lambda part: (-part["expected_demand"], part["name"], part["part"]))
    return {
        "from": values["from"].isoformat(),
        "review_days": values["review_days"],
        "service_level": values["service_level"],
        "measure": values["measure"],
        "parts": parts,
        "unknown_stock": unknown,
    }


def _line(known: Line, row: int, given: Mapping[str, Mapping[int, Any]], usual_lead_time: int) -> Line:
    lead_time = usual_lead_time if known.lead_time_days is None else min(known.lead_time_days, LONGEST_KNOWN_LEAD_TIME)
    return replace(
        known,
        lead_time_days=given["lead_time"].get(row, lead_time),
        on_order=given["on_order"].get(row, known.on_order),
        minimum_order=given["minimum_order"].get(row, known.minimum_order),
    )


def _needs(artifact: ForecastArtifact, index: int, line: Line, advice: Advice) -> dict[str, Any]:
    """What can be said whatever is in stock."""
    part = artifact.parts[index]
    return {
        "part": part.key,
        "name": part.name,
        "category": part.category,
        "sku": line.sku,
        "brand": line.brand,
        "documents": list(line.documents),
        "discontinued": line.is_discontinued,
        "on_hand": None,
        "on_order": line.on_order,
        "lead_time_days": line.lead_time_days,
        "minimum_order": line.minimum_order,
        "expected_demand": _rounded(advice.expected_demand[index]),
        "reorder_point": _rounded(advice.reorder_point[index]),
        "order_up_to": _rounded(advice.order_up_to[index]),
        "reasons": _reasons(part, line),
    }


def _reasons(part: Part, line: Line) -> list[str]:
    """What a figure that surprises may come from, in words."""
    reasons = []
    if part.unseen_days:
        reasons.append(
            f"Out of stock on {part.unseen_days} of the last {RECENT_DAYS} days known: "
            "what was needed then is not known, and is taken to be as before"
        )
    if line.is_discontinued:
        reasons.append("Discontinued: not ordered")
    if len(line.documents) > 1:
        reasons.append(f"{len(line.documents)} documents of the catalogue are this part; their stock is summed")
    return reasons


def _advised(index: int, line: Line, advice: Advice, was_used: bool) -> dict[str, Any]:
    """What follows from the stock. What is sold no more can't be ordered, whatever is missing."""
    cover = float(advice.days_of_cover[index])
    return {
        "on_hand": line.on_hand,
        "out_of_stock": (line.on_hand or 0.0) <= 0 and was_used,
        "order_quantity": 0.0 if line.is_discontinued else _rounded(advice.order_quantity[index]),
        "stock_out_chance": _rounded(advice.chance_of_stock_out[index]),
        "days_of_cover": cover if math.isfinite(cover) else None,
    }


def _used(model: Model, rows: list[int]) -> list[bool]:
    """Whether each part was ever used, as far as is known. Artifacts of before don't say it: there counts of what
    anything is expected.
    """
    artifact = model.artifact
    if any(part.last_used for part in artifact.parts):
        return [artifact.parts[row].last_used is not None for row in rows]
    return [bool(artifact.distribution.rate[row] > 0) for row in rows]


def _urgency(part: Mapping[str, Any]) -> tuple[Any, ...]:
    cover = math.inf if part["days_of_cover"] is None else part["days_of_cover"]
    return -part["stock_out_chance"], cover, -part["expected_demand"], part["name"], part["part"]


def _rounded(number: Any) -> float:
    return round(float(number), DECIMALS)
