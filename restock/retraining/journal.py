"""What a run writes down as it goes; its record is made of it, at the beginning and at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from restock.counting.appointments import Rejection
from restock.stored import names
from restock.stored.run_record import RunRecord
from restock.stores import DocumentStore

MOST_EXAMPLES = 20
MOST_STATUSES = 20
"""Named apart; a field that holds anything must not fill the record."""
OTHER_STATUSES = "any other"


class Journal:
    """One run's. What is known once is in ``record`` (``know``); what adds up is kept apart until it is asked for."""

    def __init__(
        self,
        run: int,
        reason: str,
        started_at: datetime,
        *,
        documents_before: tuple[int, int] = (0, 0),
    ) -> None:
        self._known = RunRecord(run=run, reason=reason, started_at=started_at)
        self._read_before, self._written_before = documents_before
        self._seconds: dict[str, float] = {}
        self._rejected: Counter[str] = Counter()
        self._examples: list[str] = []
        self._passed_over: Counter[str] = Counter()
        self._notes: list[str] = []
        self._bookings_read = 0

    @property
    def record(self) -> RunRecord:
        return replace(
            self._known,
            seconds=dict(self._seconds),
            rejected=dict(self._rejected),
            rejected_examples=tuple(self._examples),
            passed_over=dict(self._passed_over),
            notes=tuple(self._notes),
        )

    def know(self, **facts: Any) -> None:
        """Fields of the run record."""
        self._known = replace(self._known, **facts)

    def know_changes(self, **counts: int) -> None:
        self.know(changes=replace(self._known.changes, **counts))

    def count_bookings(self, read: int) -> None:
        """Documents that were read past the store that counts its own."""
        self._bookings_read += read

    def note(self, line: str) -> None:
        """A sentence for whoever reads the record."""
        self._notes.append(line)

    @contextmanager
    def stage(self, name: str, after: Callable[[str], None]) -> Iterator[None]:
        """Time one named step, and say when it is over."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[name] = round(self._seconds.get(name, 0.0) + time.perf_counter() - started, 3)
        after(name)

    def reject(self, where: str, rejections: tuple[Rejection, ...]) -> None:
        """Promise 8: every rejected field is counted with its reason; some are named."""
        for rejection in rejections:
            self._rejected[f"{rejection.field} {rejection.reason}"] += 1
            if len(self._examples) < MOST_EXAMPLES:
                self._examples.append(f"{where}: {rejection.field} {rejection.reason}")

    def pass_over(self, status: str) -> None:
        """Promise 8: appointments with parts that were not counted for their status."""
        is_named = status in self._passed_over or len(self._passed_over) < MOST_STATUSES
        self._passed_over[status if is_named else OTHER_STATUSES] += 1

    def write(self, documents: DocumentStore, finished_at: datetime | None) -> None:
        if finished_at:
            read = documents.reads - self._read_before + self._bookings_read
            written = documents.writes - self._written_before
            self.know(finished_at=finished_at, documents_read=read, documents_written=written)
        documents.set(names.run_record(self._known.run), self.record.to_fields())
