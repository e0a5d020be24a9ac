"""Everything a retrain acts on, so that a test can hand it a world of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from restock.logs import Log
from restock.retraining.gate import Evidence
from restock.retraining.publish import Publishable
from restock.settings import Settings
from restock.stored.learnt import Learnt
from restock.stores import DocumentStore, ObjectStore, RetrainQueue

if TYPE_CHECKING:
    from restock.counting.bookings import BookingDocuments
    from restock.history.booked_seen import BookedSeen
    from restock.history.history import History
    from restock.history.stock_seen import StockSeen


class ChallengerModel(Publishable, Protocol):
    """A model fitted to one history, scored, and ready to be written."""

    @property
    def notes(self) -> Sequence[str]: ...

    @property
    def learnt(self) -> bytes | None:
        """What was learnt, for later runs to follow; None of a model that follows itself."""

    def evidence(self) -> Evidence: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a model is fitted to."""

    history: History
    catalogue: Sequence[Mapping[str, Any]]
    seen: StockSeen
    """The stock, by this run's look at the catalogue and all before."""
    today: date
    champion: Mapping[str, Any] | None
    """The recipe that competes on the same backtest; None without a live version."""
    budget_seconds: float
    booked: BookedSeen | None = None
    """The bookings, by this run's look at the next days and all before; None where it follows, or cannot look."""
    follows: Learnt | None = None
    """What is to be followed; None: learn. A fit that cannot open it raises DamagedError."""


Fit = Callable[[Lesson, Callable[[str], None]], ChallengerModel]
"""Fits a model to a lesson; told how far it has come."""


@dataclass(frozen=True)
class Tools:
    settings: Settings
    documents: DocumentStore
    objects: ObjectStore
    queue: RetrainQueue
    fit: Fit
    log: Log
    clock: Callable[[], datetime]
    bookings: BookingDocuments | None = None
    """Where a run that learns reads what is booked; without it no forecast knows of bookings."""
    after: Callable[[str], None] = field(default=lambda step: None)
    """Told the name of each step once it is over; where a test stops a run."""
    levels: Callable[[DocumentStore, ObjectStore, date, datetime], str | None] | None = None
    """Keeps the levels that apps listen to those of the live version (restock/retraining/levels.py)."""
    holder: str = ""
    """Who takes the lease, where an attempt is to take over the one before it; else every attempt is its own."""
