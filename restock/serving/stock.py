"""The catalogue's stock on hand: read for /v1/restock only, and kept for a stated number of seconds.

The app is answered by the same threads: none of them may be held by a Firestore that hangs (restock/serving/kept.py).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from restock.serving.kept import Kept, Patience, Reading
from restock.stored import names
from restock.written import fold, number

FIELDS = ("name", "sku", "brand", "stock", "leadTimeDays", "minOrderQuantity", "onOrder", "isActive", "discontinued")
LONGEST_TEXT = 500
PATIENCE = Patience(seconds=1.0, first_seconds=3.0)
"""For the read that runs: figures of now are worth a moment, where there are older ones to go on with, and some more
where there are none."""


class CatalogueDocuments(Protocol):
    """What is needed of Firestore."""

    def collection(self, name: str, fields: tuple[str, ...]) -> Any: ...


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one document of the catalogue says; None where it says nothing usable."""

    name: str = ""
    on_hand: float | None = None
    lead_time_days: int | None = None
    minimum_order: float | None = None
    on_order: float | None = None
    is_discontinued: bool = False
    sku: str = ""
    brand: str = ""


class Stock:
    """Shelves by catalogue id. When Firestore fails, what was read last is better than no answer."""

    def __init__(
        self,
        documents: CatalogueDocuments,
        keep_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        usual_lead_time_days: int | None = None,
    ) -> None:
        """``usual_lead_time_days`` is a shop's own, for what the catalogue says nothing of."""
        self._usual_lead_time_days = usual_lead_time_days
        self._documents = documents
        self._keep_seconds = keep_seconds
        self._now = now
        self._kept = Kept(self._read, patience=PATIENCE, clock=clock)

    def shelves(self) -> tuple[Mapping[str, Shelf], datetime]:
        """The shelves, and when they were read. Raises StoreUnavailableError if they never were."""
        return self._kept.get()

    def _read(self) -> Reading[tuple[Mapping[str, Shelf], datetime]]:
        now = self._now()
        rows = self._documents.collection(names.CATALOGUE, FIELDS)
        shelves = {id: of_shop(shelf_of(fields), self._usual_lead_time_days) for id, fields in rows}
        return Reading((shelves, now), self._keep_seconds)


def of_shop(shelf: Shelf, usual_lead_time_days: int | None) -> Shelf:
    """With the shop's own lead time, if it has one, where the catalogue says none."""
    if shelf.lead_time_days is None and usual_lead_time_days is not None:
        return replace(shelf, lead_time_days=usual_lead_time_days)
    return shelf


def shelf_of(fields: Mapping[str, Any]) -> Shelf:
    """Read one catalogue document; clerks type numbers as text, and leave fields empty.

    >>> fields = {"stock": "12", "leadTimeDays": 3.0, "minOrderQuantity": None, "onOrder": "soon", "isActive": False}
    >>> shelf = shelf_of(fields)
    >>> shelf.on_hand, shelf.lead_time_days, shelf.minimum_order, shelf.on_order, shelf.is_discontinued
    (12.0, 3, None, None, True)
    """
    lead_time = _number(fields.get("leadTimeDays"))
    return Shelf(
        name=_text(fields.get("name")),
        on_hand=_number(fields.get("stock"), low=-math.inf),  # below zero: promised, not there
        lead_time_days=None if lead_time is None else math.ceil(lead_time),
        minimum_order=_number(fields.get("minOrderQuantity")),
        on_order=_number(fields.get("onOrder")),
        is_discontinued=_says(fields.get("isActive"), False) or _says(fields.get("discontinued"), True),
        sku=_text(fields.get("sku")),
        brand=_text(fields.get("brand")),
    )


def _text(value: Any) -> str:
    """A number is a part number that was typed as one; what is nothing of the kind says nothing.

    >>> [_text(value) for value in (" BP-12 ", 4711, None, True, {})]
    ['BP-12', '4711', '', '', '']
    """
    is_text = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value).strip()[:LONGEST_TEXT] if is_text else ""


def _says(value: Any, wanted: bool) -> bool:
    """Whether a flag stands so; some are typed as text, and whatever else is there says nothing.

    >>> [_says(value, False) for value in (False, "false", " False ", True, None, "no idea", 0)]
    [True, True, True, False, False, False, False]
    """
    return value is wanted or (isinstance(value, str) and fold(value) == fold(str(wanted)))


def _number(value: Any, low: float = 0.0) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = number(value.strip()) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and found >= low else None
