"""``restock_state/balance`` of a chain's shop: which parts it is short of and which lie idle, when a sweep last looked.

Transfers between shops are proposed from these, and every list is one text: of so many small records an index would be
written for each, and read by nobody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from restock.stored import names
from restock.stored.fields import check_schema, decoding, moment, needed, number, optional
from restock.written import fold

SCHEMA = 1
READABLE_SCHEMAS = (1,)
MOST = 2000
"""Of each list; a document holds a mebibyte, and the worst come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One part of one shop."""

    part: str
    name: str
    sku: str = ""

    @property
    def identity(self) -> str:
        """What it is called in every shop: its number, else its name.

        >>> Item(part="a", name="Oil  Filter", sku=" OC-47 ").identity, Item(part="b", name="Oil filter ").identity
        ('sku oc-47', 'name oil filter')
        """
        return f"sku {fold(self.sku)}" if self.sku.strip() else f"name {fold(self.name)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Short(Item):
    """At or below its reorder point."""

    missing: float
    """To the order-up-to level, with what is on its way."""
    chance: float
    """To run out before an order placed then would arrive."""
    step: float = 1.0
    minimum_order: float = 0.0
    pack: float = 0.0
    room: float | None = None
    """There is none for more than this; None: nobody said."""
    can_be_ordered: bool = True

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        amounts: dict[str, Any] = {name: number(stored, name) for name in _AMOUNTS}
        room = None if stored["room"] is None else number(stored, "room")
        return cls(**_named(stored), **amounts, room=room, can_be_ordered=needed(stored, "can_be_ordered", bool))


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle(Item):
    """More of it is on the shelf than the order-up-to level."""

    spare: float

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**_named(stored), spare=number(stored, "spare"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    at: datetime
    short: Sequence[Short] = ()
    idle: Sequence[Idle] = ()

    def to_fields(self) -> dict[str, Any]:
        lists = {"short": self.short[:MOST], "idle": self.idle[:MOST]}
        return {
            "at": self.at,
            **{name: json.dumps([asdict(one) for one in its], separators=(",", ":")) for name, its in lists.items()},
            "schema": SCHEMA,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Balance:
        """Raises DamagedError for one that this release cannot read."""
        with decoding(names.BALANCE):
            check_schema(fields, READABLE_SCHEMAS)
            return cls(
                at=moment(fields, "at"),
                short=tuple(Short.from_json(one) for one in json.loads(needed(fields, "short", str))),
                idle=tuple(Idle.from_json(one) for one in json.loads(needed(fields, "idle", str))),
            )


_AMOUNTS = ("missing", "chance", "step", "minimum_order", "pack")


def _named(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "part": needed(stored, "part", str),
        "name": needed(stored, "name", str),
        "sku": optional(stored, "sku", str) or "",
    }
