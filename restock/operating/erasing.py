"""Erasing: an appointment forgotten, and every older copy of the history, which still names it, deleted for good.

::

    forgotten ── dead letters purged ── a full read asked for ── waited until the live history is of it
                                                         │
         lease taken ── pointer written anew ── all other histories deleted ── lease released
                              └── a run that was at work can no longer make one of them live

A pinned version would keep its history for ever, and is refused at the start; a run that is overtaken meanwhile is
tried again by the queue, and its file, though newer than the live history, is deleted with the others.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from restock.counting.appointments import CountingRules
from restock.errors import BadRequestError, LeaseHeldError, NoModelError, RestockError
from restock.history.forget import forget
from restock.history.history import History
from restock.operating.verbs import ask_for_retrain, repoint
from restock.retraining.lease import acquire, release
from restock.stored import names
from restock.stored.pointer import Pointer
from restock.stored.published import read_live, read_verified
from restock.stores import DocumentStore, ObjectStore, RetrainQueue

MOST_WAITED = timedelta(minutes=40)
DELETING_SECONDS = 600
SOFT_DELETED_FOR = timedelta(days=7)
RECORDS_STAY, LOGS_STAY, CHANGES_STAY = timedelta(days=90), timedelta(days=30), timedelta(days=8)


@dataclass(frozen=True)
class ErasingTools:
    """What erasing acts on. ``purge`` lets go of dead letters that came before a moment; ``wait`` passes some seconds,
    in which the queue calls retrain."""

    documents: DocumentStore
    objects: ObjectStore
    queue: RetrainQueue
    rules: CountingRules
    purge: Callable[[datetime], None]
    clock: Callable[[], datetime]
    wait: Callable[[], None]


def erase(appointment: str, tools: ErasingTools) -> str:
    """Returns what was done and what remains until when. Safe to begin again, wherever it was interrupted."""
    _unpinned(tools.objects)
    forget(appointment, tools.documents, tools.objects, tools.rules.digest)
    state = tools.documents.get(names.STATE)
    now = state.read_time if state else tools.clock()  # Firestore's clock, by which a full read is dated
    tools.purge(now)
    _read_everything_since(now, appointment, tools)
    deleted = _delete_copies(tools)
    done = f"appointment {appointment} is forgotten; {len(deleted)} older copies deleted"
    return "\n".join([done, *remains(tools.clock())])


def remains(now: datetime) -> Sequence[str]:
    """What still holds the appointment's id, and until when."""
    return (
        "what remains:",
        f"  until {now + SOFT_DELETED_FOR:%Y-%m-%d}  the deleted copies, in the bucket's soft delete",
        f"  until {now + CHANGES_STAY:%Y-%m-%d}  a delivery of it that is given up later than now: erase again then",
        f"  until {now + CHANGES_STAY:%Y-%m-%d}  restock_changes: the id alone, without usage",
        f"  until {now + LOGS_STAY:%Y-%m-%d}  logs: the id",
        f"  until {now + RECORDS_STAY:%Y-%m-%d}  run records: the id, if one named it as an example",
        "  the app's own backups of its database",
    )


def _unpinned(objects: ObjectStore) -> Pointer:
    pointer = read_live(objects).pointer
    if pointer is None:
        raise NoModelError("nothing has been published yet, so there is no history to erase from")
    if pointer.pinned:
        raise BadRequestError(f"version {pointer.version} is pinned, and its history would stay: make unpin, first")
    return pointer


def _read_everything_since(moment: datetime, appointment: str, tools: ErasingTools) -> None:
    """Wait for a history without the appointment, of a full read begun since: it holds what purged deliveries told."""
    asked_over: list[int] = []

    def is_read() -> bool:
        live = _unpinned(tools.objects)
        history = History.from_bytes(read_verified(tools.objects, names.history(live.history), live.history_sha256))
        if history.rebuilt_at > moment and appointment not in history.source_times([appointment]):
            return True
        if live.history not in asked_over:  # not asked yet, or a full read was published that had begun before
            ask_for_retrain(tools.queue, rebuild=True)
            asked_over.append(live.history)
        return False

    _wait_until(is_read, "no full read published a history without it", tools)


def _delete_copies(tools: ErasingTools) -> list[str]:
    """Promise 3 protects the live history: whoever still trains has lost before anything is deleted."""
    taken = []

    def take() -> bool:
        try:
            taken.append(acquire(tools.documents, uuid.uuid4().hex, "erase", tools.clock(), DELETING_SECONDS))
        except LeaseHeldError:
            return False
        return True

    _wait_until(take, "a retrain held the lease all the time", tools)
    try:
        live = repoint(tools.objects, tools.clock(), "erase")
        histories = tools.objects.erase(names.HISTORIES, keep=names.history(live.history))
        return [*histories, *tools.objects.erase(names.FULL_READS, keep="")]
    finally:
        release(tools.documents, taken[0], lambda state: state)


def _wait_until(condition: Callable[[], bool], otherwise: str, tools: ErasingTools) -> None:
    deadline = tools.clock() + MOST_WAITED
    while not condition():
        if tools.clock() > deadline:
            minutes = MOST_WAITED.total_seconds() / 60
            raise RestockError(f"{otherwise} for {minutes:.0f} minutes (make status says why); nothing was deleted yet")
        tools.wait()
