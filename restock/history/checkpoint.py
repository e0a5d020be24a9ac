"""What a full read has counted so far, kept in the bucket: a run that reaches its deadline is continued by the next.

    rebuild/<rules>-<ranges>/<run>-<attempt>-<number>.parquet

A piece is a stretch of appointment ids, whole from ``after`` to ``last``; pieces that follow each other are what need
not be read again. Appointments without usage are in it too, as rows without a part, dated by when they were made.
Attempts never write under each other's names, so one that was overtaken spoils nothing; and a piece is continued only
where the database knows it by name, noted in its run's record once it was written: a database that was put back knows
none that was read after its backup.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from restock.errors import DamagedError
from restock.history.rows import COLUMNS, parquet
from restock.stored import names
from restock.stored.fields import if_readable
from restock.stored.published import write_once
from restock.stored.run_record import read_run_record
from restock.stores import DocumentStore, ObjectStore

SCHEMA = 3
OLDEST = timedelta(days=1)
"""Older pieces are read anew: the changes that tell what was written since must still be there."""


@dataclass(frozen=True, slots=True)
class Piece:
    after: str
    """The id it begins after; empty at the beginning of the collection."""
    last: str
    begun_at: datetime
    """Read time of the beginning of its full read: the piece holds every version up to then."""
    rows: pa.Table

    def to_bytes(self) -> bytes:
        facts = {"schema": SCHEMA, "after": self.after, "last": self.last, "begun_at": self.begun_at.isoformat()}
        return parquet(self.rows, {"piece": json.dumps(facts)})

    @classmethod
    def from_bytes(cls, data: bytes) -> Piece:
        """Raises DamagedError for anything but a whole piece of this layout."""
        try:
            rows = pq.ParquetFile(pa.BufferReader(data)).read()
            facts = json.loads((rows.schema.metadata or {})[b"piece"])
            if facts["schema"] != SCHEMA:
                raise DamagedError(f"a piece of a full read: schema {facts['schema']!r} is not {SCHEMA}")
            begun_at = datetime.fromisoformat(facts["begun_at"])
            return cls(facts["after"], facts["last"], begun_at, rows.replace_schema_metadata(None).cast(COLUMNS))
        except (pa.ArrowException, KeyError, TypeError, ValueError, OSError) as exc:
            raise DamagedError(f"a piece of a full read: {exc}") from exc


class Checkpoint:
    """The pieces of the full read under way, by one set of rules in so many ranges."""

    def __init__(  # noqa: PLR0913  # where it lies and whose it is, all named
        self,
        objects: ObjectStore,
        documents: DocumentStore,
        *,
        rules: str,
        ranges: int,
        run: int,
        attempt: str,
        note: Callable[[str], None],
    ) -> None:
        """``note`` puts the name of a piece into the run's record."""
        self._objects = objects
        self._documents = documents
        self._place = f"{names.FULL_READS}{rules}-{ranges}/"
        self._prefix = f"{self._place}{run}-{attempt}"
        self._note = note
        self._saved = 0
        self._is_used = False

    def save(self, piece: Piece) -> None:
        self._saved += 1
        name = f"{self._prefix}-{self._saved}.parquet"
        write_once(self._objects, {name: piece.to_bytes()})
        self._note(name)

    def load(self, now: datetime) -> list[Piece]:
        """What can be continued; what cannot is deleted."""
        self._is_used = True
        found: list[Piece] = []
        noted: dict[int, Sequence[str]] = {}
        for info in self._objects.list(names.FULL_READS):
            piece = self._read(info.name) if self._is_ours(info.name, noted) else None
            if piece is None or now - piece.begun_at > OLDEST:
                self._objects.delete(info.name)
            else:
                found.append(piece)
        return found

    def clear(self) -> None:
        """Once the history is live, or was found wanting. Costs nothing in a run that read nothing in full."""
        if self._is_used:
            self.drop()

    def drop(self) -> None:
        """What was read of a database that was put back since is of another time."""
        for info in self._objects.list(names.FULL_READS):
            self._objects.delete(info.name)

    def _is_ours(self, name: str, noted: dict[int, Sequence[str]]) -> bool:
        """Of these rules and ranges, and known to this database; ``noted`` has the runs looked up."""
        run, _, _ = name.removeprefix(self._place).partition("-")
        if not name.startswith(self._place) or not run.isdigit():
            return False
        number = int(run)
        if number not in noted:
            record = read_run_record(self._documents, number)
            noted[number] = record.pieces if record else ()
        return name in noted[number]

    def _read(self, name: str) -> Piece | None:
        stored = self._objects.read(name)
        return if_readable(Piece.from_bytes, stored.data if stored else None)


def chain(pieces: Sequence[Piece], after: str, up_to: str) -> Iterator[Piece]:
    """The pieces that follow each other without a gap from ``after`` on, to ``up_to`` at most (empty: to the end).

    Of two from the same id, written by two runs, either is whole; the one that reaches further saves more.
    """
    while following := [piece for piece in pieces if piece.after == after]:
        piece = max(following, key=lambda one: one.last)
        yield piece
        after = piece.last
        if after == up_to:  # what begins here is the next range's
            return
