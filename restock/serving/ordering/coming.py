"""What is on its way: how much of each part was ordered and has not come, as far as the app's stock does not show it.

People raise the app's stock, earlier or later than they click "received" here. So what was received goes on counting
until the stock has risen by about that much, two days at most; and an open line whose stock has risen by what it holds,
or which is later than its supplier ever is, counts no more: it is asked about ("delivered?").

    ordered ──── stock rises ──── received       asked about from the rise on: it is on the shelf, nobody clicked
    ordered ──── received ──── stock rises       counted until the rise: it has come, nobody counted it yet
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from restock.serving.ordering.orders import ABOUT, SHELVED_WITHIN, StockOf, unshelved
from restock.stored.order import ORDERED, Order, OrderLine

LateDays = Callable[[str, str], int]
"""After how many days an order of this supplier, of this part, is later than it ever is."""


@dataclass(frozen=True, slots=True)
class OpenLine:
    """One line that has not come, or not all of it. ``delivered`` says why it seems to have; empty: it does not."""

    order: Order
    line: OrderLine
    delivered: str = ""


@dataclass(slots=True)
class Coming:
    """Of one part."""

    lines: list[OpenLine] = field(default_factory=list)
    unshelved: float = 0.0
    """Received, and not in the app's stock yet."""

    @property
    def quantity(self) -> float:
        return self.unshelved + sum(one.line.open for one in self.lines if not one.delivered)


@dataclass(frozen=True, slots=True)
class Today:
    """What a line is judged by."""

    now: datetime
    """In the shop's zone: days are counted there."""
    key_of: Callable[[str], str | None]
    """Which part of today's a line's is; None: none."""
    stock_of: StockOf
    late_days: LateDays


def coming(orders: Iterable[Order], today: Today) -> dict[str, Coming]:
    """By the part's key of today."""
    by_part: dict[str, list[tuple[Order, OrderLine]]] = {}
    for order in sorted(orders, key=lambda order: order.ordered_at or order.created_at):
        for line in order.lines:
            part = today.key_of(line.part)
            if part is not None:
                by_part.setdefault(part, []).append((order, line))
    return {part: found for part, lines in by_part.items() if (found := _coming(part, lines, today)) is not None}


def _coming(part: str, lines: list[tuple[Order, OrderLine]], today: Today) -> Coming | None:
    found = Coming()
    stock = today.stock_of(part)
    for order, line in lines:
        if order.status == ORDERED and line.open:
            why = _risen(order, line, lines, found.lines, stock) or _late(order, part, today)
            found.lines.append(OpenLine(order, line, why))
        if order.received_at is not None and today.now - order.received_at <= SHELVED_WITHIN:
            found.unshelved += unshelved(line, stock)
    return found if found.lines or found.unshelved else None


def _risen(
    order: Order,
    line: OrderLine,
    lines: list[tuple[Order, OrderLine]],
    earlier: list[OpenLine],
    stock: float | None,
) -> str:
    """Whether the stock rose by what is open, beyond what other deliveries since then explain."""
    if stock is None or line.stock_at_order is None or order.ordered_at is None:
        return ""
    received = sum(
        other.received
        for its, other in lines
        if other is not line and its.received_at is not None and its.received_at >= order.ordered_at
    )
    taken = sum(
        max(0.0, one.line.open - max(0.0, line.stock_at_order - (one.line.stock_at_order or 0.0)))
        for one in earlier
        if one.delivered
    )
    rise = stock - line.stock_at_order - line.received - received - taken
    return f"stock has risen by {rise:g} since it was ordered" if rise >= ABOUT * line.open else ""


def _late(order: Order, part: str, today: Today) -> str:
    if order.ordered_at is None:
        return ""
    due = order.ordered_at.astimezone(today.now.tzinfo).date() + timedelta(today.late_days(order.supplier, part))
    if order.expected_on is not None:
        due = max(due, order.expected_on)
    return f"it should have come by {due.isoformat()}" if today.now.date() > due else ""
