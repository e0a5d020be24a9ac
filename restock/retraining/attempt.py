"""One attempt to retrain, under its lease: what all its steps are told and report to."""

from __future__ import annotations

import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from restock.counting.appointments import CountingRules
from restock.errors import OutOfTimeError
from restock.retraining.journal import Journal
from restock.retraining.lease import Lease
from restock.retraining.put_back import Home
from restock.retraining.tools import Tools
from restock.stored.retrain_request import RetrainRequest

if TYPE_CHECKING:
    from restock.history.checkpoint import Checkpoint


@dataclass(frozen=True)
class Attempt:
    asked: RetrainRequest
    tools: Tools
    lease: Lease
    journal: Journal
    started: datetime
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    """No two are alike: numbers of runs come again when a database is put back, and a lease's holder may try again."""

    @cached_property
    def rules(self) -> CountingRules:
        return CountingRules.of(self.tools.settings)

    @cached_property
    def today(self) -> date:
        return self.rules.day_at(self.started)

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Of a full read that this run makes or continues."""
        from restock.history.checkpoint import Checkpoint

        return Checkpoint(
            self.tools.objects,
            self.tools.documents,
            rules=self.rules.digest,
            ranges=self.tools.settings.rebuild_parallel,
            run=self.lease.run,
            attempt=self.id,
            note=self._note_piece,
        )

    def _note_piece(self, name: str) -> None:
        self.journal.know(pieces=(*self.journal.record.pieces, name))
        self.journal.write(self.tools.documents, None)

    @cached_property
    def home(self) -> Home:
        return Home.of(self.tools.settings, self.asked.shop)

    @property
    def seconds_spent(self) -> float:
        return (self.tools.clock() - self.started).total_seconds()

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Time a step for the record."""
        return self.journal.stage(name, self.tools.after)

    def check_deadline(self) -> None:
        most = self.tools.settings.retrain_deadline_seconds
        if self.seconds_spent > most:
            raise OutOfTimeError(f"stopped after {self.seconds_spent:.0f} s; RETRAIN_DEADLINE_SECONDS is {most}")

    def progress(self, message: str) -> None:
        self.check_deadline()
        self.tools.log.info(message, run=self.lease.run)

    def warn(self, message: str) -> None:
        self.tools.log.warning(message, run=self.lease.run)

    def alarm(self, message: str, **more: object) -> None:
        """An ERROR line, which alerts are made of."""
        self.tools.log.error(message, run=self.lease.run, **more)
