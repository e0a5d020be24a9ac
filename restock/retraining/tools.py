"""Everything a retrain acts on, so that a test can hand it a world of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from restock.history.history import History
from restock.history.stock_seen import StockSeen
from restock.logs import Log
from restock.retraining.gate import Evidence
from restock.retraining.publish import Publishable
from restock.settings import Settings
from restock.stores import DocumentStore, ObjectStore, RetrainQueue


class Fitted(Publishable, Protocol):
    """A model fitted to one history, scored, and ready to be written."""

    @property
    def notes(self) -> Sequence[str]: ...

    def evidence(self) -> Evidence: ...


class Fit(Protocol):
    def __call__(  # noqa: PLR0913  # all but what is fitted is named in every call
        self,
        history: History,
        catalogue: Sequence[Mapping[str, Any]],
        *,
        seen: StockSeen,
        today: date,
        champion: Mapping[str, Any] | None,
        budget_seconds: float,
        progress: Callable[[str], None],
    ) -> Fitted: ...


@dataclass(frozen=True)
class Tools:
    settings: Settings
    documents: DocumentStore
    objects: ObjectStore
    queue: RetrainQueue
    fit: Fit
    log: Log
    clock: Callable[[], datetime]
    after: Callable[[str], None] = field(default=lambda step: None)
    """Told the name of each step once it is over; where a test stops a run."""
