"""``restock_state/summary`` of a chain's shop: what its last run leaves for the next sweep and the chain's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from restock.stored import names
from restock.stored.fields import check_schema, decoding, moment, needed, number, optional
from restock.stores import Fields

SCHEMA = 1
READABLE_SCHEMAS = (1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a shop's stock stood when a sweep last went through with it, by the advice of that moment."""

    at: datetime
    trained_at: datetime
    """The model's age."""
    stock_outs: int
    """Parts that rather run out than not before an order placed then would arrive."""
    order_today: int
    stock_value: float
    """As far as costs are known;"""
    idle_value: float
    """of it what lies beyond the order-up-to levels;"""
    parts_without_cost: int
    """and of so many parts in stock nobody said what one costs."""

    def to_fields(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Standing:
        return cls(
            at=moment(fields, "at"),
            trained_at=moment(fields, "trained_at"),
            stock_outs=needed(fields, "stock_outs", int),
            order_today=needed(fields, "order_today", int),
            stock_value=number(fields, "stock_value"),
            idle_value=number(fields, "idle_value"),
            parts_without_cost=needed(fields, "parts_without_cost", int),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    at: datetime
    status: str
    """How the last run ended."""
    message: str
    version: int | None = None
    """What it published, if anything."""
    swept_on: date | None = None
    """The shop's own day on which a sweep last went through with it."""
    failures: int = 0
    """Runs of sweeps that came to nothing, in a row."""
    cpu_seconds: float = 0.0
    """What the last run that was swept took: the largest shops are taken first."""
    seconds: float = 0.0
    standing: Standing | None = None
    """The last one known."""

    def to_fields(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "status": self.status,
            "message": self.message,
            "version": self.version,
            "swept_on": self.swept_on.isoformat() if self.swept_on else None,
            "failures": self.failures,
            "cpu_seconds": self.cpu_seconds,
            "seconds": self.seconds,
            "standing": self.standing.to_fields() if self.standing else None,
            "schema": SCHEMA,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Summary:
        """Raises DamagedError for one that this release cannot read."""
        with decoding(names.SUMMARY):
            check_schema(fields, READABLE_SCHEMAS)
            swept_on = optional(fields, "swept_on", str)
            standing = optional(fields, "standing", dict)
            return cls(
                at=moment(fields, "at"),
                status=needed(fields, "status", str),
                message=needed(fields, "message", str),
                version=optional(fields, "version", int),
                swept_on=date.fromisoformat(swept_on) if swept_on else None,
                failures=needed(fields, "failures", int),
                cpu_seconds=number(fields, "cpu_seconds"),
                seconds=number(fields, "seconds"),
                standing=Standing.from_fields(standing) if standing else None,
            )


def summary_of(fields: Fields | None) -> Summary | None:
    """None for a shop that no sweep has taken yet."""
    return None if fields is None else Summary.from_fields(fields)
