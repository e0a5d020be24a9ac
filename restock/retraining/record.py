"""The run record: what one attempt to retrain did, in one screen. ``restock_runs/{run}``, kept 90 days."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from restock.counting.appointments import Rejection
from restock.stores import DocumentStore

COLLECTION = "restock_runs"
SCHEMA = 1
KEPT = timedelta(days=90)
MOST_EXAMPLES = 20


def path_of(run: int) -> str:
    return f"{COLLECTION}/{run}"


@dataclass
class RunRecord:
    run: int
    reason: str
    started_at: datetime
    documents_before: tuple[int, int] = (0, 0)
    """What the document store had read and written before this run."""
    status: str = "running"
    decision: str = ""
    error: str | None = None
    version: int | None = None
    generation: int | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    changes: dict[str, int] = field(default_factory=dict)
    documents: dict[str, int] = field(default_factory=dict)
    rejected: Counter[str] = field(default_factory=Counter)
    rejected_examples: list[str] = field(default_factory=list)
    scores: dict[str, Any] = field(default_factory=dict)
    drift: dict[str, Any] | None = None
    notes: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str, after: Callable[[str], None]) -> Iterator[None]:
        """Time one named step, and say when it is over."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - started, 3)
        after(name)

    def reject(self, where: str, rejections: tuple[Rejection, ...]) -> None:
        """Promise 8: every rejected field is counted with its reason; some are named."""
        for rejection in rejections:
            self.rejected[f"{rejection.field} {rejection.reason}"] += 1
            if len(self.rejected_examples) < MOST_EXAMPLES:
                self.rejected_examples.append(f"{where}: {rejection.field} {rejection.reason}")

    def to_fields(self, finished_at: datetime | None) -> dict[str, Any]:
        return {
            "run": self.run,
            "reason": self.reason,
            "status": self.status,
            "decision": self.decision,
            "error": self.error,
            "version": self.version,
            "generation": self.generation,
            "started_at": self.started_at,
            "finished_at": finished_at,
            "seconds": dict(self.seconds),
            "changes": dict(self.changes),
            "documents": dict(self.documents),
            "rejected": dict(self.rejected),
            "rejected_examples": list(self.rejected_examples),
            "scores": self.scores,
            "drift": self.drift,
            "notes": list(self.notes),
            "expire_at": self.started_at + KEPT,
            "schema": SCHEMA,
        }

    def write(self, documents: DocumentStore, finished_at: datetime | None) -> None:
        documents.set(path_of(self.run), self.to_fields(finished_at))
