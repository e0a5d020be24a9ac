"""Pending changes against the live history: what is in already, what is new, what counts towards the threshold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from restock.counting import changes
from restock.errors import DamagedError
from restock.stored import names
from restock.stored.change import Change
from restock.stores import DocumentStore, Snapshot, Update

if TYPE_CHECKING:
    from restock.history.history import History

MOST_PENDING = 250_000
"""So many changes are taken by one run, whose memory they fill; the next takes on from there (promise 6)."""
WRITTEN_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Pending:
    """A pending change and the precondition for marking it."""

    change: Change
    update_time: datetime

    @property
    def path(self) -> str:
        return names.change(self.change.appointment)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A change document that says it is pending, and what is wrong with it."""

    appointment: str
    update_time: datetime
    problem: str


@dataclass(frozen=True, slots=True)
class Found:
    """The changes that say they are pending."""

    pending: list[Pending]
    unreadable: list[Unreadable]
    is_cut: bool = False
    """There are more, which this run does not take (promise 6)."""


def read_pending(documents: DocumentStore, most: int = MOST_PENDING) -> Found:
    """The pending changes, and those that cannot be read; no more than ``most`` together."""
    pending: list[Pending] = []
    unreadable: list[Unreadable] = []
    for snapshot in documents.where_true(names.CHANGES, "pending"):
        if len(pending) + len(unreadable) == most:
            return Found(pending, unreadable, is_cut=True)
        try:
            pending.append(as_pending(snapshot))
        except DamagedError as exc:
            unreadable.append(Unreadable(snapshot.id, snapshot.update_time, str(exc)))
    return Found(pending, unreadable)


def as_pending(snapshot: Snapshot) -> Pending:
    return Pending(Change.from_fields(snapshot.id, snapshot.fields), snapshot.update_time)


def settle(pending: Sequence[Pending], history: History, now: datetime) -> list[Pending]:
    """The changes with their trained_time raised to what the live history already holds.

    A run that died between its commit and its marking leaves such changes. Without this they would count towards the
    threshold a second time (promise 2). Nothing else may be settled: this history may be an old one, if this holder was
    overtaken, and only what a history holds stays true in every later one. A withdrawal of what it does not hold, say,
    may be one of a completion that another run has trained meanwhile.
    """
    times = history.source_times([one.change.appointment for one in pending])
    settled = []
    for one in pending:
        held = history.holds(one.change, times)
        settled.append(one if held is None else Pending(changes.trained(one.change, held, now), one.update_time))
    return settled


def write_settled(documents: DocumentStore, before: Sequence[Pending], after: Sequence[Pending]) -> list[Pending]:
    """Store what settling raised; return the changes that are still pending, with their new preconditions.

    A change written by somebody else meanwhile keeps its old precondition, so this run cannot mark it.
    """
    raised = [new for old, new in zip(before, after, strict=True) if new.change != old.change]
    written = _write_marks(documents, raised)
    return [Pending(one.change, written.get(one.path, one.update_time)) for one in after if one.change.is_pending]


def mark_trained(documents: DocumentStore, pending: Sequence[Pending], now: datetime) -> int:
    """Mark each change trained if it is still the document that was read; a newer one waits for the next run."""
    trained = (Pending(changes.trained(one.change, one.change.source_time, now), one.update_time) for one in pending)
    return len(_write_marks(documents, trained))


def _write_marks(documents: DocumentStore, marked: Iterable[Pending]) -> dict[str, datetime]:
    """The new preconditions by path. A portion at a time, for what is written is larger than what is known of it."""
    written: dict[str, datetime] = {}
    waiting = iter(marked)
    while portion := list(islice(waiting, WRITTEN_AT_ONCE)):
        updates = [Update(one.path, one.change.marks(), one.update_time) for one in portion]
        written |= documents.update_many(updates)
    return written
