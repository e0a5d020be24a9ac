"""Quantities that look like typing errors: one of them is a month of wrong forecasts, and nobody else would be told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restock.history.history import History

TIMES_USUAL = 50.0
LEAST = 50.0
"""Fewer units are never told of."""
ENOUGH = 5
"""So many appointments say what is usual of a part; with fewer, all parts together do."""
MOST_TOLD = 20
_Line = tuple[str, str, float, date, str]


REMEDY = "if it is a typing error, correct the appointment"


@dataclass(frozen=True, slots=True)
class Unusual:
    appointment: str
    day: date
    part: str
    name: str
    quantity: float
    usual: float

    def __str__(self) -> str:
        return (
            f"unusual quantity: appointments/{self.appointment} uses {self.quantity:,.10g} of {self.part}, usual are "
            f"{self.usual:,.10g}; {REMEDY}"
        )

    def without_appointment(self) -> str:
        """For what is published: an appointment that is to be erased must be named in no version."""
        return (
            f"unusual quantity: {self.quantity:,.10g} of {self.name} used on {self.day}, usual are {self.usual:,.10g}; "
            f"{REMEDY}"
        )


def unusual(before: History | None, after: History) -> list[Unusual]:
    """Those that ``before`` did not hold yet, so that each is told once; the greatest first."""
    known = {line[:3] for line in _large(before)} if before is not None else set()
    return _unusual_among([line for line in _large(after) if line[:3] not in known], after)


def unusual_since(day: date, history: History) -> list[Unusual]:
    """All of those days: as long as they move the forecasts, whoever looks at one is told."""
    return _unusual_among([line for line in _large(history) if line[3] >= day], history)


def _unusual_among(lines: list[_Line], history: History) -> list[Unusual]:
    if not lines:
        return []
    everything = float(np.median(history.rows["quantity"].to_numpy()))
    of_parts = _medians(history.rows)
    found = [
        Unusual(appointment, day, part, name, quantity, usual)
        for appointment, part, quantity, day, name in lines
        if quantity >= TIMES_USUAL * (usual := of_parts.get(part, everything))
    ]
    return sorted(found, key=lambda one: (-one.quantity, one.appointment))[:MOST_TOLD]


def _large(history: History) -> list[_Line]:
    rows = history.rows.filter(pc.greater_equal(history.rows["quantity"], LEAST))
    return list(
        zip(*(rows[name].to_pylist() for name in ("appointment", "part", "quantity", "day", "name")), strict=True)
    )


def _medians(rows: pa.Table) -> dict[str, float]:
    """What is usual of each part that enough appointments used; a typing error or two do not move it."""
    summed = rows.group_by("part").aggregate([("quantity", "approximate_median"), ("quantity", "count")])
    columns = (summed[name].to_pylist() for name in ("part", "quantity_approximate_median", "quantity_count"))
    return {part: median for part, median, count in zip(*columns, strict=True) if count >= ENOUGH}
