"""What ordering needs of a database: documents with their versions, and writes that hold only if nobody came first.

``restock/gcp/order_documents.py`` is Firestore over REST; ``tests/fakes.py`` holds documents in memory. One set of
contract tests runs on both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """One document as it was read. ``version`` is its update time, verbatim: the precondition for writing it back."""

    id: str
    fields: Mapping[str, Any]
    version: str


@dataclass(frozen=True, slots=True)
class Write:
    """A whole document, which must still be of this version; None: which must not be there."""

    path: str
    fields: Mapping[str, Any]
    version: str | None


class OrderStore(Protocol):
    """Raises StoreUnavailableError where there is no answer."""

    def get(self, path: str) -> Stored | None: ...

    def all(self, collection: str) -> list[Stored]: ...

    def equal(self, collection: str, field: str, value: str) -> list[Stored]:
        """The documents whose field is this text."""

    def since(self, collection: str, field: str, moment: datetime) -> list[Stored]:
        """The documents whose field is this moment or a later one."""

    def newest(self, collection: str, field: str, limit: int) -> list[Stored]:
        """The documents with the greatest values of this field, greatest first. Those without it are not among them."""

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """All of them or none; the new versions. Raises ConflictError if one is no longer what was read.

        So it may be after a lost answer, too, when they were written: read back.
        """
