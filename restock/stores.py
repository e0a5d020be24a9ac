"""What the logic needs from outside: documents, objects and a queue, each with the few operations it uses.

``restock.gcp`` speaks to Google's; ``tests/fakes.py`` holds them in memory. One set of contract tests runs on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One document as it was read. ``update_time`` is the precondition for writing it back."""

    path: str
    fields: Fields
    update_time: datetime
    read_time: datetime

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

    reads: int
    writes: int

    def get(self, path: str) -> Snapshot | None: ...

    def create(self, path: str, fields: Fields) -> None:
        """Raises ConflictError if the document exists."""

    def set(self, path: str, fields: Fields) -> None:
        """Write the whole document, whatever stood there."""

    def update(self, update: Update) -> None:
        """Raises ConflictError if the document is no longer the one that was read."""

    def update_many(self, updates: Sequence[Update]) -> dict[str, datetime]:
        """Each on its own: the new update times by path, without those whose precondition failed."""

    def transact(self, path: str, decide: Callable[[Fields | None], Fields | None]) -> None:
        """Read and write one document in a transaction; ``decide`` returns all its fields, or None to leave it."""

    def count_true(self, collection: str, field: str, up_to: int) -> int:
        """How many documents have this field true, counting no further than ``up_to``."""

    def where_true(self, collection: str, field: str) -> Iterator[Snapshot]: ...

    def pages(
        self, collection: str, fields: Sequence[str], page_size: int, after: str = "", up_to: str = ""
    ) -> Iterator[list[Snapshot]]:
        """The collection in order of id, only these fields, page by page, each page at its own read time.

        ``after`` and ``up_to`` bound the ids, the latter included. Different ranges may be read in threads at once.
        """

    def newest(self, collection: str, field: str, limit: int) -> list[Snapshot]:
        """The documents with the greatest values of ``field``, greatest first."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    data: bytes
    generation: int


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


class RetrainQueue(Protocol):
    """Cloud Tasks: one queue, whose tasks call retrain."""

    def ask(self, name: str, body: Mapping[str, Any], *, not_before: datetime | None = None) -> bool:
        """Create the task of this name; False if it was created before (done or not)."""
