"""What callers may ask of orders and parts: the bodies' declarations, and the requests they become."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from restock.serving.ordering.bodies import (
    DAY,
    FLAG,
    Field,
    amount,
    list_of,
    matching,
    name_of,
    one_of,
    record_of,
    whole,
    words,
)
from restock.stored.order import CANCELLED, DRAFT, ORDERED, RECEIVED, OrderLine

MOST_LINES = 500
MOST_UNITS = 1_000_000
MOST_MONEY = 1_000_000_000
ID = matching("[A-Za-z0-9-]{8,64}", "8 to 64 letters, digits and hyphens, such as a uuid")
VERSION = matching("[0-9TZ:.+-]{0,40}", "the version that was read, as it was")
PART = name_of(500)
SUPPLIER = words(200)
NOTE = words(2000)

LINE_FIELDS = (
    Field("part", "The part's key, as /v1/restock has it.", PART, "oil-1", is_needed=True),
    Field("name", "What the part is called; the catalogue's name if left out.", words(500), "Oil filter"),
    Field("quantity", "How many.", amount(0, MOST_UNITS, above=True), 24, is_needed=True),
    Field("unit_cost", "What one costs.", amount(0, MOST_MONEY), 3.2, clears=True),
)
LINES = list_of(record_of("NewOrderLine", LINE_FIELDS), MOST_LINES, 1)
EXPECTED_ON = Field("expected_on", "The day it should arrive.", DAY, "2026-05-11", clears=True)
KNOWN_ORDERS = Field(
    "known_orders",
    "The ids of the open orders that the caller knows of. A part with another open order is refused with 409 and that "
    "order, so that two people do not order the same.",
    list_of(ID, 1000),
    ["0d6d1d0c-7f5a-4ff5-a0a5-0b9a5a6f4b61"],
)
CONFIRMED = Field("confirmed", "true: order all the same, whatever else is open.", FLAG, False)
NEW_ORDER = (
    Field("id", "The order's id, chosen by the caller: the same request twice is one order.", ID,
          "1f0e9b1a-52c5-4a0e-9d33-5f9a2f1f7c11", is_needed=True),
    Field("status", "draft (the default), or ordered at once.", one_of(DRAFT, ORDERED), ORDERED),
    Field("supplier", "Of whom.", SUPPLIER, "Miller & Sons"),
    Field("lines", "What.", LINES, [{"part": "oil-1", "quantity": 24}], is_needed=True),
    Field("note", "For people.", NOTE, "Call before delivery"),
    EXPECTED_ON,
    KNOWN_ORDERS,
    CONFIRMED,
)  # fmt: skip
RECEIVED_FIELDS = (
    Field("part", "The part's key, as the order's line has it.", PART, "oil-1", is_needed=True),
    Field("received", "How many have come in total, not how many came now.", amount(0, MOST_UNITS), 12, is_needed=True),
)
CHANGE_OF_ORDER = (
    Field("version", "The version of the order that the caller saw.", VERSION, "2026-05-04T09:12:33.123456Z",
          is_needed=True),
    Field("status", "ordered: it was placed; received: nothing more will come (without received: all came); "
          "cancelled: it will not come. Left out: as it is.", one_of(ORDERED, RECEIVED, CANCELLED), RECEIVED),
    Field("supplier", "Only of a draft.", SUPPLIER, "Miller & Sons"),
    Field("lines", "All lines anew; only of a draft.", LINES, [{"part": "oil-1", "quantity": 24}]),
    Field("note", "For people.", NOTE, "Half is on back order"),
    EXPECTED_ON,
    Field("received", "What has come so far, in total per part; lines not named stay as they are. An order all of "
          "which has come is received.", list_of(record_of("ReceivedOfPart", RECEIVED_FIELDS), MOST_LINES, 1),
          [{"part": "oil-1", "received": 12}]),
    KNOWN_ORDERS,
    CONFIRMED,
)  # fmt: skip
QUANTITY_OF_PART = (
    Field("part", "The part's key or name.", PART, "oil-1", is_needed=True),
    Field("quantity", "How many.", amount(0, MOST_UNITS), 12, is_needed=True),
)
DAYS_OF_PART = (
    Field("part", "The part's key or name.", PART, "oil-1", is_needed=True),
    Field("days", "Days from ordering to delivery.", whole(0, 90), 5, is_needed=True),
)
MOST_IN_LIST = 20_000
RESTOCK_LIST = (
    Field("lead_time_days", "Days from ordering to delivery, where nothing else is known.", whole(0, 90), 7),
    Field("review_days", "Days between two looks at the stock.", whole(1, 30), 7),
    Field("service_level", "How sure to be, by the measure.", amount(0.5, 0.999), 0.95),
    Field("measure", "cycle: the chance not to run out; fill: the share of demand served.", one_of("cycle", "fill"),
          "cycle"),
    Field("parts", "Keys or names of parts; without it every active part.", list_of(PART, MOST_IN_LIST), ["oil-1"]),
    Field("on_order", "What is on its way, as the caller knows it.",
          list_of(record_of("QuantityOfPart", QUANTITY_OF_PART), MOST_IN_LIST), [{"part": "oil-1", "quantity": 12}]),
    Field("minimum_order", "The least that can be ordered.",
          list_of(record_of("QuantityOfPart", QUANTITY_OF_PART), MOST_IN_LIST), [{"part": "oil-1", "quantity": 6}]),
    Field("lead_time", "Parts' own lead times.", list_of(record_of("LeadTimeOfPart", DAYS_OF_PART), MOST_IN_LIST),
          [{"part": "oil-1", "days": 5}]),
    Field("budget", "Buy for no more than this: what avoids most stock-outs for the money.", amount(0, MOST_MONEY),
          250),
)  # fmt: skip


def restock_values(body: Mapping[str, Any]) -> dict[str, Any]:
    """As the query of ``GET /v1/restock`` gives them."""
    usual = {"lead_time_days": 7, "review_days": 7, "service_level": 0.95, "measure": "cycle", "budget": None}
    values: dict[str, Any] = {**usual, **body}
    values["part"] = values.pop("parts", ())
    for name, what in (("on_order", "quantity"), ("minimum_order", "quantity"), ("lead_time", "days")):
        values[name] = tuple((one["part"], one[what]) for one in values.get(name, ()))
    return values


CHANGE_OF_PART = (
    Field("version", "The version of what is known that the caller saw; empty: nothing was known.", VERSION,
          "2026-05-04T09:12:33.123456Z", is_needed=True),
    Field("supplier", "Who sells it.", SUPPLIER, "Miller & Sons", clears=True),
    Field("lead_time_days", "Days from ordering to delivery.", whole(0, 365), 5, clears=True),
    Field("pack", "How many come together; only whole packs are ordered.", amount(0, MOST_UNITS, above=True), 6,
          clears=True),
    Field("minimum_order", "The least that can be ordered.", amount(0, MOST_UNITS), 12, clears=True),
    Field("maximum", "The most to have, on the shelf and on its way.", amount(0, MOST_UNITS), 100, clears=True),
    Field("unit_cost", "What one costs.", amount(0, MOST_MONEY), 3.2, clears=True),
    Field("snoozed_until", "Until this day the part is not asked for.", DAY, "2026-06-01", clears=True),
    Field("note", "For people.", NOTE, "Fits the older model, too", clears=True),
)  # fmt: skip
FACTS = tuple(field.name for field in CHANGE_OF_PART if field.name != "version")


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as a caller first states it."""

    id: str
    status: str
    supplier: str
    lines: tuple[OrderLine, ...]
    note: str
    expected_on: date | None
    known_orders: frozenset[str]
    is_confirmed: bool

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> NewOrder:
        return cls(
            id=body["id"],
            status=body.get("status", DRAFT),
            supplier=body.get("supplier", ""),
            lines=lines_of(body["lines"]),
            note=body.get("note", ""),
            expected_on=body.get("expected_on"),
            known_orders=frozenset(body.get("known_orders", ())),
            is_confirmed=body.get("confirmed", False),
        )

    @property
    def digest(self) -> str:
        """Of what the order is to be: what a repeated request has in common with the first."""
        asked = (self.id, self.status, self.supplier, self.lines, self.note, self.expected_on)
        return hashlib.sha256(repr(asked).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class OrderChange:
    """What is to become of an order; ``given`` holds the fields that the caller named."""

    version: str
    given: Mapping[str, Any]
    lines: tuple[OrderLine, ...] | None
    received: Mapping[str, float] | None
    known_orders: frozenset[str]
    is_confirmed: bool

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> OrderChange:
        received = body.get("received")
        return cls(
            version=body["version"],
            given={name: body[name] for name in ("status", "supplier", "note", "expected_on") if name in body},
            lines=lines_of(body["lines"]) if "lines" in body else None,
            received=None if received is None else {one["part"]: one["received"] for one in received},
            known_orders=frozenset(body.get("known_orders", ())),
            is_confirmed=body.get("confirmed", False),
        )

    @property
    def status(self) -> str | None:
        return self.given.get("status")


def lines_of(given: tuple[Mapping[str, Any], ...]) -> tuple[OrderLine, ...]:
    return tuple(
        OrderLine(
            part=line["part"], name=line.get("name", ""), quantity=line["quantity"], unit_cost=line.get("unit_cost")
        )
        for line in given
    )
