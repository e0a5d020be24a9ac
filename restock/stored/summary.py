"""``restock_state/summary`` of a chain's shop: what its last run leaves for the next sweep and the chain's page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from restock.stored import names
from restock.stored.fields import check_schema, decoding, moment, needed, number, optional
from restock.stores import Fields

SCHEMA = 1
READABLE_SCHEMAS = (1,)


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
            "schema": SCHEMA,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Summary:
        """Raises DamagedError for one that this release cannot read."""
        with decoding(names.SUMMARY):
            check_schema(fields, READABLE_SCHEMAS)
            swept_on = optional(fields, "swept_on", str)
            return cls(
                at=moment(fields, "at"),
                status=needed(fields, "status", str),
                message=needed(fields, "message", str),
                version=optional(fields, "version", int),
                swept_on=date.fromisoformat(swept_on) if swept_on else None,
                failures=needed(fields, "failures", int),
                cpu_seconds=number(fields, "cpu_seconds"),
                seconds=number(fields, "seconds"),
            )


def summary_of(fields: Fields | None) -> Summary | None:
    """None for a shop that no sweep has taken yet."""
    return None if fields is None else Summary.from_fields(fields)
