"""Orders and what is known of parts, as the API shows them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from restock.serving.ordering.requests import FACTS
from restock.stored.order import ORDERED, Order, OrderLine
from restock.stored.part_facts import PartFacts

MONEY_DECIMALS = 2


def order_shown(order: Order, today_of: Callable[[str], str | None]) -> dict[str, Any]:
    """``today_of`` says as which part a line's key is listed today; None: as none."""
    costs = [line.quantity * line.unit_cost for line in order.lines if line.unit_cost is not None]
    done = {
        f"{what}_{how}": written(getattr(order, f"{what}_{how}"))
        for what in ("created", "edited", "ordered", "received", "cancelled")
        for how in ("at", "by")
    }
    return {
        "id": order.id,
        "version": order.version,
        "status": order.status,
        "supplier": order.supplier,
        "note": order.note,
        "expected_on": written(order.expected_on),
        **done,
        "lines": [line_shown(line, order.status, today_of(line.part)) for line in order.lines],
        "cost": round(sum(costs), MONEY_DECIMALS),
        "lines_without_cost": len(order.lines) - len(costs),
    }


def line_shown(line: OrderLine, status: str, today: str | None) -> dict[str, Any]:
    return {
        "part": line.part,
        "listed_as": today,
        "name": line.name,
        "quantity": line.quantity,
        "received": line.received,
        "open": line.open if status == ORDERED else 0.0,
        "unit_cost": line.unit_cost,
        "stock_at_order": line.stock_at_order,
        "stock_at_receipt": line.stock_at_receipt,
    }


def facts_shown(facts: PartFacts) -> dict[str, Any]:
    return {
        "part": facts.part,
        "version": facts.version,
        **{name: written(getattr(facts, name)) for name in FACTS},
        "edited_at": written(facts.edited_at),
        "edited_by": facts.edited_by,
    }


def written(value: Any) -> Any:
    """Days and moments as text; the rest as it is."""
    return value.isoformat() if isinstance(value, (date, datetime)) else value
