"""What may become of an order, and what a repeated or late request means. Pure decisions over stored orders.

draft ───▶ ordered ⇄ received        a receipt states totals, so it can be said twice and put right
  └─▶ cancelled ◀─┘                  nothing is deleted
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from restock.serving.http import HttpError
from restock.serving.ordering.requests import NewOrder, OrderChange
from restock.stored.order import CANCELLED, DRAFT, ORDERED, RECEIVED, Order, OrderLine

ABOUT = 0.75
"""Stock that rose by this share of what came is taken to hold all of it: some is used before anybody counts."""
SHELVED_WITHIN = timedelta(days=2)
"""What was received counts as coming until the app's stock has risen by it, but no longer than this."""

StockOf = Callable[[str], float | None]
"""What the app's catalogue says is there of an order line's part; None if it doesn't."""
KeyOf = Callable[[str], str]
"""Which part the key of an order's line is today."""


class OrderConflictError(HttpError):
    """409, with the orders that stand in the way: the caller shows them and asks."""

    def __init__(self, message: str, field: str, *orders: Order) -> None:
        super().__init__(409, message, field=field)
        self.orders = orders


def drafted(asked: NewOrder, *, now: datetime, who: str, request: str) -> Order:
    refuse_doubled([line.part for line in asked.lines], "lines")
    return Order(
        id=asked.id,
        status=DRAFT,
        supplier=asked.supplier,
        lines=asked.lines,
        note=asked.note,
        expected_on=asked.expected_on,
        created_at=now,
        created_by=who,
        created_as=asked.digest,
        request=request,
    )


def placed(order: Order, *, now: datetime, who: str, stock_of: StockOf) -> Order:
    """Ordered from now on."""
    lines = tuple(replace(line, stock_at_order=stock_of(line.part)) for line in order.lines)
    return replace(order, status=ORDERED, lines=lines, ordered_at=now, ordered_by=who)


def changed(order: Order, change: OrderChange, *, now: datetime, who: str, stock_of: StockOf) -> Order:
    """The order as the change leaves it. Raises HttpError for what cannot become of it."""
    _refuse_the_impossible(order, change)
    if change.lines is not None:
        order = replace(order, lines=change.lines)
    given = {name: value for name, value in change.given.items() if name != "status"}
    if given or change.lines is not None:
        order = replace(order, **given, edited_at=now, edited_by=who)
    if change.status == ORDERED and order.status == DRAFT:
        order = placed(order, now=now, who=who, stock_of=stock_of)
    if change.received is not None or change.status == RECEIVED:
        order = _received(order, change, now=now, who=who, stock_of=stock_of)
    if change.status == CANCELLED:
        order = replace(order, status=CANCELLED, cancelled_at=now, cancelled_by=who)
    return order


def _refuse_the_impossible(order: Order, change: OrderChange) -> None:
    if order.status == CANCELLED:
        raise OrderConflictError("The order was cancelled; make another", "status", order)
    if order.status != DRAFT and (change.lines is not None or "supplier" in change.given):
        field = "lines" if change.lines is not None else "supplier"
        raise OrderConflictError("Only a draft can be edited; this order was placed", field, order)
    if order.status == DRAFT and (change.received is not None or change.status == RECEIVED):
        raise OrderConflictError("A draft cannot be received; it was not ordered yet", "status", order)
    if order.status == RECEIVED and change.status in (ORDERED, CANCELLED) and change.received is None:
        raise OrderConflictError("All of it was received; state other totals to put that right", "status", order)
    if change.lines is not None:
        refuse_doubled([line.part for line in change.lines], "lines")
    unknown = sorted(set(change.received or ()) - {line.part for line in order.lines})
    if unknown:
        raise OrderConflictError(f"received names {unknown[0][:100]!r}, which is not in the order", "received", order)


def refuse_doubled(parts: list[str], field: str) -> None:
    if len(set(parts)) < len(parts):
        doubled = next(part for part in parts if parts.count(part) > 1)
        raise HttpError(400, f"{field} names {doubled[:100]!r} twice; state the sum", field=field)


def _received(order: Order, change: OrderChange, *, now: datetime, who: str, stock_of: StockOf) -> Order:
    """Totals of some lines, or of all that were not stated: all of it."""
    totals = {line.part: line.quantity for line in order.lines} if change.received is None else change.received
    lines = tuple(
        _line_received(line, totals[line.part], stock_of(line.part), _is_recent(order, now))
        if line.part in totals and totals[line.part] != line.received
        else line
        for line in order.lines
    )
    is_over = change.status == RECEIVED or not any(line.open for line in lines)
    return replace(order, status=RECEIVED if is_over else ORDERED, lines=lines, received_at=now, received_by=who)


def _line_received(line: OrderLine, total: float, stock: float | None, is_recent: bool) -> OrderLine:
    """What was received before and stands on no shelf yet goes on being waited for, together with what came now."""
    waited_for = unshelved(line, stock) if is_recent else 0.0
    if waited_for and total > line.received:
        return replace(line, received=total)
    return replace(line, received=total, stock_at_receipt=stock, received_before=min(line.received, total))


def _is_recent(order: Order, now: datetime) -> bool:
    return order.received_at is not None and now - order.received_at <= SHELVED_WITHIN


def unshelved(line: OrderLine, stock: float | None) -> float:
    """How much was received that the app's stock does not show yet.

    >>> came = OrderLine(part="oil", name="", quantity=20, received=20, stock_at_receipt=3)
    >>> [unshelved(came, stock) for stock in (3, 8, 20, None)]
    [20.0, 15.0, 0.0, 20.0]
    """
    came = max(0.0, line.received - line.received_before)
    if stock is None or line.stock_at_receipt is None:
        return came
    rise = max(0.0, stock - line.stock_at_receipt)
    return 0.0 if rise >= ABOUT * came else came - rise


def holds(order: Order, change: OrderChange) -> bool:
    """Whether the order already is what was asked for: then whoever came first did it, and all is well."""
    received = {line.part: line.received for line in order.lines}
    return (
        (change.status is None or change.status == order.status)
        and all(getattr(order, name) == value for name, value in change.given.items())
        and (change.lines is None or _asked(change.lines) == _asked(order.lines))
        and all(received.get(part) == total for part, total in (change.received or {}).items())
    )


def _asked(lines: Iterable[OrderLine]) -> list[tuple[object, ...]]:
    return [(line.part, line.name, line.quantity, line.unit_cost) for line in lines]


def unknown_to(order: Order, open_orders: Iterable[Order], known: frozenset[str], key_of: KeyOf) -> list[Order]:
    """Open orders of a part of this one that the caller's list did not show."""
    wanted = {key_of(line.part) for line in order.lines}
    return [
        other
        for other in open_orders
        if other.is_open
        and other.id != order.id
        and other.id not in known
        and any(line.open and key_of(line.part) in wanted for line in other.lines)
    ]
