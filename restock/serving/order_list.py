"""The answer of /v1/restock: what to order now, the likeliest to run out first; and apart from it, what can't be
advised because nobody knows how much is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from restock.serving.inventory import Policy
from restock.serving.lines import Line
from restock.serving.model import Model
from restock.serving.ordering.bookings import with_booked
from restock.serving.ordering.budget import Choice, best
from restock.serving.ordering.group import MONEY_DECIMALS, Group, cost_of, rounded
from restock.serving.ordering.known import Known
from restock.serving.ordering.terms import Terms
from restock.stored.distribution import Floats

JOINED: dict[str, Callable[[Iterable[Any]], Any]] = {"lead_time": max, "minimum_order": max, "on_order": sum}
"""How what a caller gives of several documents of one line becomes one figure."""


def restock(
    model: Model, catalogue: Mapping[int, Line], known: Known, values: Mapping[str, Any], *, is_lenient: bool = False
) -> dict[str, Any]:
    """What to order now. What the caller gives of a part wins over what the owner and the catalogue say.

    To a lenient list parts that nobody knows are no mistake: they are told apart.
    """
    missing: dict[str, None] | None = {} if is_lenient else None
    rows = model.lines.rows(values["part"], missing)
    given = {name: model.lines.given(name, values[name], join, missing) for name, join in JOINED.items()}
    terms = {row: Terms.of(row, catalogue.get(row, Line()), known, given, values["lead_time_days"]) for row in rows}
    by_lead_time: dict[tuple[tuple[int, float], ...], list[int]] = {}
    for row, its in terms.items():
        by_lead_time.setdefault(its.lead_time.chances, []).append(row)
    parts, unknown = {}, []
    groups = [
        Group(model, alike, [terms[row] for row in alike], _policy(chances, values), values["from"])
        for chances, alike in by_lead_time.items()
    ]
    for group in groups:
        for index, its in enumerate(group.terms):
            about = group.needs(index)
            if its.line.on_hand is None:
                unknown.append(about)
            else:
                advised = about | group.advised(index)
                parts[about["part"]] = with_booked(advised, known.needed.get(about["part"]), its)
    if values["budget"] is not None:
        _spend(values["budget"], parts, groups)
    unknown.sort(key=lambda part: (-part["expected_demand"], part["name"], part["part"]))
    listed = sorted(parts.values(), key=_urgency)
    return {
        "from": values["from"].isoformat(),
        "review_days": values["review_days"],
        "service_level": values["service_level"],
        "measure": values["measure"],
        "budget": values["budget"],
        "totals": _totals(listed),
        "suppliers": _by_supplier(listed),
        "parts": listed,
        "unknown_stock": unknown,
        "unknown_parts": list(missing or ()),
    }


def _policy(chances: tuple[tuple[int, float], ...], values: Mapping[str, Any]) -> Policy:
    return Policy(chances[0][0], values["review_days"], values["service_level"], values["measure"], chances)


def _spend(budget: float, parts: Mapping[str, dict[str, Any]], groups: list[Group]) -> None:
    """Buy what avoids most for the money. What has no known cost is bought by no sum."""
    wanted = {key: part["wanted_quantity"] for key, part in parts.items()}
    choices: dict[str, tuple[Floats, Choice]] = {}
    for group in groups:
        choices |= group.choices(wanted)
    chosen = dict(zip(choices, best([choice for _, choice in choices.values()], budget), strict=True))
    for key, part in parts.items():
        if part["wanted_quantity"] and part["unit_cost"] is None:
            part["reasons"] = [*part["reasons"], "Its cost is not known: not within the budget"]
        if part["unit_cost"] != 0:  # what costs nothing can always be had
            part["order_quantity"] = rounded(choices[key][0][chosen[key]]) if key in chosen else 0.0
            part["cost"] = cost_of(part["order_quantity"], part["unit_cost"])
            part["order_today"] = part["order_today"] and bool(part["order_quantity"])


def _totals(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Of what is to be ordered; its cost as far as costs are known."""
    ordered = [part for part in parts if part["order_quantity"]]
    return {
        "parts": len(ordered),
        "cost": round(sum(part["cost"] or 0.0 for part in ordered), MONEY_DECIMALS),
        "parts_without_cost": sum(part["cost"] is None for part in ordered),
    }


def _by_supplier(parts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    by_supplier: dict[str, list[Mapping[str, Any]]] = {}
    for part in parts:
        if part["order_quantity"]:
            by_supplier.setdefault(part["supplier"], []).append(part)
    return [{"supplier": supplier, **_totals(its)} for supplier, its in sorted(by_supplier.items())]


def _urgency(part: Mapping[str, Any]) -> tuple[Any, ...]:
    """What may have been delivered first: a look at the shelf may be all it takes."""
    is_asked = any(order["delivered"] for order in part["orders"])
    cover = math.inf if part["days_of_cover"] is None else part["days_of_cover"]
    return not is_asked, -part["stock_out_chance"], cover, -part["expected_demand"], part["name"], part["part"]
