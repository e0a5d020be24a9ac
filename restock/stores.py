"""What the logic needs from outside: documents, objects and a queue, each with the few operations it uses.

``restock.gcp`` speaks to Google's; ``tests/fakes.py`` holds them in memory. One set of contract tests runs on both.
"""

from __future__ import annotations

import builtins
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from restock.errors import ConflictError, StoreUnavailableError
from restock.stored.stored_object import StoredObject

Fields = Mapping[str, Any]

ATTEMPTS = 12
"""Writers of one document that meet begin again; measured with 64 at once, none needed more than half of these."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One document as it was read. ``update_time`` is the precondition for writing it back."""

    path: str
    fields: Fields
    update_time: datetime
    read_time: datetime
    create_time: datetime
    """Of this document: one deleted and made anew under the same id is another."""

    @property
    def id(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Update:
    """New values for some fields of one document, which must still be the version of ``update_time``."""

    path: str
    fields: Fields
    update_time: datetime


class DocumentStore(Protocol):
    """Firestore. A field written as None is removed. Counts what it bills in ``reads`` and ``writes``."""

    @property
    def reads(self) -> int: ...

    @property
    def writes(self) -> int: ...

    def get(self, path: str) -> Snapshot | None: ...

    def get_many(self, paths: Sequence[str]) -> dict[str, Snapshot]:
        """Those that exist, by path, in as few calls as the store takes."""

    def create(self, path: str, fields: Fields) -> None:
        """Raises ConflictError if the document exists."""

    def set(self, path: str, fields: Fields) -> None:
        """Write the whole document, whatever stood there."""

    def update(self, update: Update) -> None:
        """Raises ConflictError if the document is no longer the one that was read."""

    def update_many(self, updates: Sequence[Update]) -> dict[str, datetime]:
        """Each on its own: the new update times by path, without those whose precondition failed."""

    def count_true(self, collection: str, field: str, up_to: int) -> int:
        """How many documents have this field true, counting no further than ``up_to``."""

    def where_true(self, collection: str, field: str) -> Iterator[Snapshot]:
        """Those that have this field true, in order of id; read page by page as they are asked for."""

    def pages(
        self, collection: str, fields: Sequence[str], page_size: int, after: str = "", up_to: str = ""
    ) -> Iterator[list[Snapshot]]:
        """The collection in order of id, only these fields, page by page, each page at its own read time.

        ``after`` and ``up_to`` bound the ids, the latter included. Different ranges may be read in threads at once.
        """

    def newest(self, collection: str, field: str, limit: int) -> list[Snapshot]:
        """The documents with the greatest values of ``field``, greatest first."""


def amend(documents: DocumentStore, path: str, decide: Callable[[Fields | None], Fields | None]) -> None:
    """Read one document, decide, and write it if nobody else did meanwhile; else begin again.

    ``decide`` gets its fields (None: there is none) and returns all of them anew, or None to leave it. With many
    writers of one document transactions starve; this does not. A write whose answer was lost is met again as somebody
    else's, so deciding on one's own result must lead to it.
    """
    for attempt in range(ATTEMPTS):
        found = documents.get(path)
        fields = decide(found.fields if found else None)
        if fields is None:
            return
        try:
            if found:
                documents.update(Update(path, {**dict.fromkeys(found.fields), **fields}, found.update_time))
            else:
                documents.create(path, fields)
        except ConflictError:
            pause(attempt)
        else:
            return
    raise StoreUnavailableError(f"{path}: {ATTEMPTS} writers came first")


def pause(attempt: int) -> None:
    """Let the other writers through, each waiting a time of its own."""
    time.sleep(random.uniform(0, 0.02 * 2 ** min(attempt, 6)))


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    name: str
    generation: int
    size: int
    updated: datetime


class ObjectStore(Protocol):
    """Cloud Storage."""

    def read(self, name: str) -> StoredObject | None: ...

    def write(self, name: str, data: bytes, *, if_generation: int) -> int:
        """Write if the live object still has this generation (0: there is none), else raise ConflictError.

        Returns the new generation. A ConflictError may also follow a write of ours whose answer was lost: read back.
        """

    def list(self, prefix: str) -> list[ObjectInfo]: ...

    def delete(self, name: str) -> None: ...

    def erase(self, prefix: str, keep: str) -> builtins.list[str]:
        """Delete every generation of every object under the prefix but ``keep``; returns their names, each once."""


class RetrainQueue(Protocol):
    """Cloud Tasks: one queue, whose tasks call retrain."""

    def ask(self, name: str, body: Mapping[str, Any], *, not_before: datetime | None = None) -> bool:
        """Create the task of this name; False if it was created before (done or not)."""
