"""``restock_parts/{part key}``: what an owner knows of a part and the app's catalogue does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from restock.stored import names
from restock.stored.fields import check_schema, decoding, needed, number, optional

SCHEMA = 1
READABLE_SCHEMAS = (1,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFacts:
    """What is None is not known; ``version`` is the document's update time, empty where there is none."""

    part: str
    supplier: str | None = None
    lead_time_days: int | None = None
    pack: float | None = None
    """How many come together: only whole packs can be ordered."""
    minimum_order: float | None = None
    maximum: float | None = None
    """The most that there is room or money for, on the shelf and on its way."""
    unit_cost: float | None = None
    snoozed_until: date | None = None
    note: str | None = None
    edited_at: datetime | None = None
    edited_by: str | None = None
    request: str = ""
    """As an order's."""
    version: str = ""

    def to_fields(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "version"}
        return {
            **fields,
            "snoozed_until": self.snoozed_until.isoformat() if self.snoozed_until else None,
            "schema": SCHEMA,
        }

    @classmethod
    def from_fields(cls, id: str, fields: Mapping[str, Any], version: str) -> PartFacts:
        """Raises DamagedError for anything but facts of a layout this release reads."""
        with decoding(f"{names.PART_FACTS}/{id}"):
            check_schema(fields, READABLE_SCHEMAS)
            snoozed = optional(fields, "snoozed_until", str)
            amounts = {
                name: None if fields.get(name) is None else number(fields, name)
                for name in ("pack", "minimum_order", "maximum", "unit_cost")
            }
            return cls(
                part=needed(fields, "part", str),
                supplier=optional(fields, "supplier", str),
                lead_time_days=optional(fields, "lead_time_days", int),
                snoozed_until=date.fromisoformat(snoozed) if snoozed else None,
                note=optional(fields, "note", str),
                edited_at=optional(fields, "edited_at", datetime),
                edited_by=optional(fields, "edited_by", str),
                request=needed(fields, "request", str),
                version=version,
                **amounts,
            )
