"""Where things stand. What cannot be read is left out and named, so that one broken thing hides nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from restock.errors import DamagedError, RestockError, StoreUnavailableError
from restock.operating.verbs import Reads, check_served
from restock.stored import names
from restock.stored.manifest import Manifest
from restock.stored.pointer import Pointer
from restock.stored.published import Live, read_live, read_verified
from restock.stored.run_record import RunRecord
from restock.stored.state import RetrainState, read_state
from restock.stores import DocumentStore, ObjectStore

MOST_COUNTED = 1000
RUNS_SHOWN = 5

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Status:
    """As ``status`` shows it; None is what could not be read."""

    threshold: int
    awaiting: int | None
    pending: int | None
    state: RetrainState | None
    runs: tuple[RunRecord, ...]
    live: Live | None
    problems: tuple[RestockError, ...]


def look(documents: DocumentStore, objects: ObjectStore, threshold: int, reads: Reads) -> Status:
    """Costs two aggregation queries and a handful of reads, whatever the size of the shop.

    The live version is opened as serving opens it, for a pointer may name what is no longer whole.
    """
    firestore, bucket = _Asked(), _Asked()
    live = bucket.tried(lambda: read_live(objects))
    if live and (pointer := live.pointer):
        bucket.tried(lambda: _check_manifest(objects, pointer))
        bucket.tried(lambda: _check_forecast(objects, pointer, reads))
    awaiting = firestore.tried(lambda: documents.count_true(names.CHANGES, "awaiting", MOST_COUNTED))
    pending = firestore.tried(lambda: documents.count_true(names.CHANGES, "pending", MOST_COUNTED))
    state = firestore.tried(lambda: read_state(documents))
    newest = firestore.tried(lambda: documents.newest(names.RUNS, "run", RUNS_SHOWN)) or []
    runs = [firestore.tried(partial(RunRecord.from_fields, found.fields)) for found in newest]
    return Status(
        threshold=threshold,
        awaiting=awaiting,
        pending=pending,
        state=state,
        runs=tuple(run for run in runs if run),
        live=live,
        problems=(*bucket.problems, *firestore.problems),
    )


def _check_manifest(objects: ObjectStore, live: Pointer) -> None:
    name = names.manifest(live.version)
    Manifest.from_bytes(read_verified(objects, name, live.manifest_sha256), name)


def _check_forecast(objects: ObjectStore, live: Pointer, reads: Reads) -> None:
    check_served(read_verified(objects, names.forecast(live.version), live.forecast_sha256), live, reads)


class _Asked:
    """One store, asked for several things: once it is away it is not asked again, for each try may take a minute."""

    def __init__(self) -> None:
        self.problems: list[RestockError] = []

    def tried(self, read: Callable[[], T]) -> T | None:
        if any(isinstance(problem, StoreUnavailableError) for problem in self.problems):
            return None
        try:
            return read()
        except (DamagedError, StoreUnavailableError) as exc:
            self.problems.append(exc)
            return None
