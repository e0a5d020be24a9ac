"""The catalogue's stock on hand: read for /v1/restock only, and kept for a stated number of seconds.

The app is answered by the same threads: none of them may be held by a Firestore that hangs (restock/serving/kept.py).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from restock.serving.kept import Kept, Patience, Reading

FIELDS = ("stock", "leadTimeDays", "minOrderQuantity", "onOrder")
PATIENCE = Patience(seconds=1.0, first_seconds=3.0)
"""For the read that runs: figures of now are worth a moment, where there are older ones to go on with, and some more
where there are none."""


class Documents(Protocol):
    """What is needed of Firestore."""

    def collection(self, name: str, fields: tuple[str, ...]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the catalogue says about one part; None where it says nothing usable."""

    on_hand: float | None = None
    lead_time_days: int | None = None
    minimum_order: float | None = None
    on_order: float | None = None


class Stock:
    """Shelves by catalogue id. When Firestore fails, what was read last is better than no answer."""

    def __init__(self, documents: Documents, keep_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._documents = documents
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._kept = Kept(self._read, patience=PATIENCE, clock=clock)

    def shelves(self) -> tuple[Mapping[str, Shelf], float]:
        """The shelves, and when (on this clock) they were read. Raises StoreUnavailableError if they never were."""
        return self._kept.get()

    def _read(self) -> Reading[tuple[Mapping[str, Shelf], float]]:
        now = self._clock()
        rows = self._documents.collection("spare_parts", FIELDS)
        return Reading(({id: shelf_of(fields) for id, fields in rows}, now), self._keep_seconds)


def shelf_of(fields: Mapping[str, Any]) -> Shelf:
    """Read one catalogue document; clerks type numbers as text, and leave fields empty.

    >>> shelf_of({"stock": "12", "leadTimeDays": 3.0, "minOrderQuantity": None, "onOrder": "soon"})
    Shelf(on_hand=12.0, lead_time_days=3, minimum_order=None, on_order=None)
    """
    lead_time = _number(fields.get("leadTimeDays"))
    return Shelf(
        on_hand=_number(fields.get("stock"), low=-math.inf),  # below zero: promised, not there
        lead_time_days=None if lead_time is None else math.ceil(lead_time),
        minimum_order=_number(fields.get("minOrderQuantity")),
        on_order=_number(fields.get("onOrder")),
    )


def _number(value: Any, low: float = 0.0) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= low else None
