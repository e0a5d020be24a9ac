"""``restock_orders/{id}``: what was ordered, what came of it, who did it and when. Nothing is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from restock.stored import names
from restock.stored.fields import check_schema, decoding, moment, needed, number, optional, present

SCHEMA = 1
READABLE_SCHEMAS = (1,)

DRAFT, ORDERED, RECEIVED, CANCELLED = STATUSES = ("draft", "ordered", "received", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """One part of an order."""

    part: str
    """Its key when it was ordered; today it may be on another line, or on none."""
    name: str
    quantity: float
    received: float = 0.0
    """In total, so that saying it twice changes nothing."""
    unit_cost: float | None = None
    stock_at_order: float | None = None
    """What the app's catalogue said was there. Its stock is raised by people, earlier or later than ``received``:"""
    stock_at_receipt: float | None = None
    """what it said at a receipt, when ``received_before`` had come already, tells what stands on no shelf yet."""
    received_before: float = 0.0

    @property
    def open(self) -> float:
        return max(0.0, self.quantity - self.received)

    def to_fields(self) -> dict[str, Any]:
        return present({name: getattr(self, name) for name in self.__slots__})

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> OrderLine:
        return cls(
            part=needed(fields, "part", str),
            name=needed(fields, "name", str),
            quantity=number(fields, "quantity"),
            received=number(fields, "received"),
            unit_cost=_amount(fields, "unit_cost"),
            stock_at_order=_amount(fields, "stock_at_order"),
            stock_at_receipt=_amount(fields, "stock_at_receipt"),
            received_before=_amount(fields, "received_before") or 0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order. ``version`` is the document's update time, verbatim, where it was read or written."""

    id: str
    status: str
    supplier: str = ""
    lines: tuple[OrderLine, ...] = ()
    note: str = ""
    expected_on: date | None = None
    created_at: datetime
    created_by: str
    created_as: str
    """A digest of what was asked for first: the same request twice is one order."""
    request: str
    """Of whoever wrote it last: how a writer knows its own write whose answer was lost."""
    edited_at: datetime | None = None
    edited_by: str | None = None
    ordered_at: datetime | None = None
    ordered_by: str | None = None
    received_at: datetime | None = None
    """The last receipt."""
    received_by: str | None = None
    cancelled_at: datetime | None = None
    cancelled_by: str | None = None
    version: str = ""

    @property
    def is_open(self) -> bool:
        return self.status == ORDERED and any(line.open for line in self.lines)

    def to_fields(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__slots__ if name not in ("id", "version")}
        return {
            **fields,
            "lines": [line.to_fields() for line in self.lines],
            "expected_on": self.expected_on.isoformat() if self.expected_on else None,
            "schema": SCHEMA,
        }

    @classmethod
    def from_fields(cls, id: str, fields: Mapping[str, Any], version: str) -> Order:
        """Raises DamagedError for anything but a whole order of a layout this release reads."""
        with decoding(names.order(id)):
            check_schema(fields, READABLE_SCHEMAS)
            status, expected = needed(fields, "status", str), optional(fields, "expected_on", str)
            if status not in STATUSES:
                raise ValueError(f"status {status!r}")
            done = {
                f"{what}_{how}": optional(fields, f"{what}_{how}", kind)
                for what in ("edited", "ordered", "received", "cancelled")
                for how, kind in (("at", datetime), ("by", str))
            }
            return cls(
                id=id,
                status=status,
                supplier=optional(fields, "supplier", str) or "",
                lines=tuple(OrderLine.from_fields(line) for line in needed(fields, "lines", list)),
                note=optional(fields, "note", str) or "",
                expected_on=date.fromisoformat(expected) if expected else None,
                created_at=moment(fields, "created_at"),
                created_by=needed(fields, "created_by", str),
                created_as=needed(fields, "created_as", str),
                request=needed(fields, "request", str),
                version=version,
                **done,  # type: ignore[arg-type]  # each was read as its kind
            )


def _amount(fields: Mapping[str, Any], name: str) -> float | None:
    return None if fields.get(name) is None else number(fields, name)
