"""Quantities that look like typing errors: one of them is a month of wrong forecasts, and nobody else would be told."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Unusual:
    appointment: str
    part: str
    quantity: float
    usual: float

    def __str__(self) -> str:
        return (
            f"unusual quantity: appointments/{self.appointment} uses {self.quantity:,.10g} of {self.part}, usual are "
            f"{self.usual:,.10g}; if it is a typing error, correct the appointment"
        )


def unusual(before: History | None, after: History) -> list[Unusual]:
    """Those that ``before`` did not hold yet, so that each is told once; the greatest first."""
    known = set(_large(before)) if before is not None else set()
    news = [row for row in _large(after) if row not in known]
    if not news:
        return []
    everything = float(np.median(after.rows["quantity"].to_numpy()))
    of_parts = _medians(after.rows)
    found = [
        Unusual(appointment, part, quantity, usual)
        for appointment, part, quantity in news
        if quantity >= TIMES_USUAL * (usual := of_parts.get(part, everything))
    ]
    return sorted(found, key=lambda one: (-one.quantity, one.appointment))[:MOST_TOLD]


def _large(history: History) -> list[tuple[str, str, float]]:
    rows = history.rows.filter(pc.greater_equal(history.rows["quantity"], LEAST))
    return list(zip(*(rows[name].to_pylist() for name in ("appointment", "part", "quantity")), strict=True))


def _medians(rows: pa.Table) -> dict[str, float]:
    """What is usual of each part that enough appointments used; a typing error or two do not move it."""
    summed = rows.group_by("part").aggregate([("quantity", "approximate_median"), ("quantity", "count")])
    columns = (summed[name].to_pylist() for name in ("part", "quantity_approximate_median", "quantity_count"))
    return {part: median for part, median, count in zip(*columns, strict=True) if count >= ENOUGH}
