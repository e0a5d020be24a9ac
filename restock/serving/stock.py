"""The catalogue's stock on hand: read for /v1/restock only, and kept for a stated number of seconds.

One request reads, the others go on with what is known: a Firestore that hangs must not hold every thread, for they are
also those that answer the app.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from restock.errors import StoreUnavailableError

FIELDS = ("stock", "leadTimeDays", "minOrderQuantity", "onOrder")
LONGEST_WAIT_SECONDS = 1.0
"""For the read of another request, where there is an older one to go on with;"""
LONGEST_FIRST_WAIT_SECONDS = 3.0
"""and where there is none."""
RETRY_SECONDS = 5.0
"""After a read that failed, where there is an older one to go on with."""


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
        self._known: tuple[Mapping[str, Shelf], float] | None = None
        self._due_at = self._failed_at = float("-inf")
        self._reading = threading.Lock()

    def shelves(self) -> tuple[Mapping[str, Shelf], float]:
        """The shelves, and when (on this clock) they were read. Raises StoreUnavailableError if they never were."""
        asked_at = self._clock()
        patience = LONGEST_WAIT_SECONDS if self._known else LONGEST_FIRST_WAIT_SECONDS
        if asked_at >= self._due_at and self._reading.acquire(timeout=patience):
            try:
                if self._clock() >= self._due_at and self._failed_at < asked_at:  # still, after waiting for another
                    self._read()
            finally:
                self._reading.release()
        if self._known is None:
            raise StoreUnavailableError("another request finds Firestore slow or down")
        return self._known

    def _read(self) -> None:
        now = self._clock()
        try:
            rows = self._documents.collection("spare_parts", FIELDS)
            self._known = {id: shelf_of(fields) for id, fields in rows}, now
            self._due_at = now + self._keep_seconds
        except StoreUnavailableError:
            self._failed_at = self._clock()
            if self._known is None:
                raise
            self._due_at = self._failed_at + RETRY_SECONDS


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
