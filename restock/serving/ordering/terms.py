"""The terms a part is ordered on: what is coming, how its supplier sells it, what one costs. Who says it last, wins:
the caller; else the orders and the owner (``restock_parts``); else the catalogue.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from restock.serving.lines import Line
from restock.serving.ordering.coming import Coming, OpenLine
from restock.serving.ordering.known import Known
from restock.serving.ordering.suppliers import LeadTime
from restock.stored.part_facts import PartFacts


@dataclass(frozen=True, slots=True)
class Terms:
    line: Line
    lead_time: LeadTime
    on_order: float
    """What counts: the caller's word, or the greater of the next two."""
    open_quantity: float
    minimum_order: float
    coming: Coming
    facts: PartFacts | None

    @property
    def pack(self) -> float:
        return (self.facts.pack if self.facts else None) or 0.0

    @property
    def maximum(self) -> float:
        found = self.facts.maximum if self.facts else None
        return math.inf if found is None else found

    @property
    def unit_cost(self) -> float | None:
        return self.facts.unit_cost if self.facts else None

    @property
    def supplier(self) -> str:
        return (self.facts.supplier if self.facts else None) or ""

    @classmethod
    def of(cls, row: int, line: Line, known: Known, given: Mapping[str, Mapping[int, Any]], usual_days: int) -> Terms:
        coming, facts = known.coming.get(row, Coming()), known.facts.get(row)
        least = max(line.minimum_order, (facts.minimum_order if facts else None) or 0.0)
        said = given["lead_time"].get(row)
        return cls(
            line=line,
            lead_time=known.lead_time(row, line, usual_days) if said is None else LeadTime.given(said),
            on_order=given["on_order"].get(row, max(coming.quantity, line.on_order)),
            open_quantity=coming.quantity,
            minimum_order=given["minimum_order"].get(row, least),
            coming=coming,
            facts=facts,
        )

    def shown(self) -> dict[str, Any]:
        facts, learnt = self.facts, self.lead_time
        return {
            "on_order": self.on_order,
            "open_quantity": self.open_quantity,
            "catalogue_on_order": self.line.on_order,
            "orders": [_order_shown(one) for one in self.coming.lines],
            "lead_time_days": learnt.usual_days,
            "lead_time_learnt": _learnt_shown(learnt) if learnt.receipts else None,
            "minimum_order": self.minimum_order,
            "pack": self.pack or None,
            "maximum": None if math.isinf(self.maximum) else self.maximum,
            "supplier": self.supplier,
            "unit_cost": self.unit_cost,
            "snoozed_until": facts.snoozed_until.isoformat() if facts and facts.snoozed_until else None,
            "note": (facts.note if facts else None) or "",
        }

    def reasons(self) -> list[str]:
        """What of these terms may make a figure surprise, in words."""
        reasons = [
            f"Delivered? {one.line.open:g} of an order are not counted as coming: {one.delivered}"
            for one in self.coming.lines
            if one.delivered
        ]
        if self.coming.unshelved:
            reasons.append(f"{self.coming.unshelved:g} were received and are not in the stock yet")
        if self.lead_time.receipts:
            first, last = self.lead_time.chances[0][0], self.lead_time.chances[-1][0]
            reasons.append(f"{self.supplier} took {first} to {last} days, {self.lead_time.receipts} times")
        if not math.isinf(self.maximum):
            reasons.append(f"No more than {self.maximum:g} are to be had, on the shelf and on their way")
        return reasons


def _learnt_shown(lead_time: LeadTime) -> dict[str, Any]:
    return {"receipts": lead_time.receipts, "late_days": lead_time.late_days}


def _order_shown(one: OpenLine) -> dict[str, Any]:
    return {
        "id": one.order.id,
        "open": one.line.open,
        "expected_on": one.order.expected_on.isoformat() if one.order.expected_on else None,
        "delivered": one.delivered or None,
    }
