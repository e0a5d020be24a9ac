"""Orders as tests need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from restock.stored.order import ORDERED, Order, OrderLine

NOON = datetime(2026, 5, 20, 12, 0, tzinfo=UTC)


def order(*lines: OrderLine, days_ago: float = 3, received_days_ago: float | None = None, **changed: Any) -> Order:
    fields: dict[str, Any] = {
        "id": f"order-{days_ago}-{len(lines)}",
        "status": ORDERED,
        "supplier": "Miller",
        "lines": lines,
        "created_at": NOON - timedelta(days_ago),
        "created_by": "anna",
        "created_as": "0" * 64,
        "request": "r",
        "ordered_at": NOON - timedelta(days_ago),
        "received_at": None if received_days_ago is None else NOON - timedelta(received_days_ago),
    }
    return Order(**(fields | changed))


def line(quantity: float, received: float = 0.0, **changed: Any) -> OrderLine:
    return OrderLine(**({"part": "oil", "name": "Oil", "quantity": quantity, "received": received} | changed))
