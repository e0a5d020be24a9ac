"""Stock as every run saw it: when a part was out of stock, and so had no chance to be used.

The shop's app can't record the use of a part at stock zero, so a stock-out looks like no demand. Each run that reads
the catalogue keeps what it saw: intervals out of stock per document, in one write-once file that the pointer names
beside the history, made of the last one and this run's sighting.

::

    sightings     in ─── out ─── out ─── out ──────── more than 3 days ──────── out ─── in
    out of stock      ·──┴───────┴───────┘        (proves nothing)              └┘
                      └── since ``updatedAt``, if that lies between: use and nothing else brings stock to zero

What was used on a day had been there: of an interval only the days after its last use count, and of a part that is
used at stock zero again and again nobody keeps the stock, so that it proves nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from restock.stored.fields import check_schema, decoding
from restock.written import number

FIELDS = ("stock", "updatedAt")
"""What is read of the catalogue for it."""
LONGEST_BETWEEN = timedelta(days=3)
KEPT = timedelta(days=3 * 365)
SCHEMA = 1
READABLE_SCHEMAS = (1,)
_ALWAYS = date.min
_MOST_CONTRADICTIONS = 2


@dataclass(frozen=True, slots=True)
class Interval:
    since: datetime
    until: datetime
    """The last sighting that found none."""


@dataclass(frozen=True, slots=True)
class DocumentSeen:
    """One document of the catalogue; ``first`` is None if it was there when the first run looked."""

    first: datetime | None
    last: datetime
    out: tuple[Interval, ...] = ()

    def sighted(self, now: datetime, is_out: bool, updated_at: datetime | None) -> DocumentSeen:
        """With one sighting more."""
        if not is_out:
            return DocumentSeen(self.first, now, self._kept(now))
        was_out = bool(self.out) and self.out[-1].until == self.last
        if was_out and now - self.last <= LONGEST_BETWEEN:
            return DocumentSeen(self.first, now, (*self._kept(now)[:-1], Interval(self.out[-1].since, now)))
        since = updated_at if updated_at is not None and self.last < updated_at <= now else now
        return DocumentSeen(self.first, now, (*self._kept(now), Interval(since, now)))

    def _kept(self, now: datetime) -> tuple[Interval, ...]:
        return tuple(one for one in self.out if one.until >= now - KEPT)


@dataclass(frozen=True)
class StockSeen:
    """What all runs saw so far, by the id of the catalogue's document."""

    documents: Mapping[str, DocumentSeen] = field(default_factory=dict)

    def sighted(self, catalogue: Iterable[Mapping[str, Any]], now: datetime) -> StockSeen:
        """With what this run sees: documents with ``id``, ``stock`` and ``updatedAt``."""
        found = {
            id: seen for id, seen in self.documents.items() if seen.last >= now - KEPT
        }  # what left the catalogue may be superseded by what is in it
        for entry in catalogue:
            id, updated_at = str(entry["id"]), _moment(entry.get("updatedAt"))
            is_out = _is_out(entry.get("stock"))
            known = self.documents.get(id)
            if known is not None:
                found[id] = known.sighted(now, is_out, updated_at)
            else:
                since = updated_at if updated_at is not None and updated_at <= now else now
                first = now if self.documents else None
                found[id] = DocumentSeen(first, now, (Interval(since, now),) if is_out else ())
        return StockSeen(found)

    def without_stock(
        self, lines: Sequence[Sequence[str]], quantities: NDArray[np.float64], first_day: date, zone: ZoneInfo
    ) -> NDArray[np.bool_]:
        """The days [lines, days] on which a line had no chance to be used: all its documents out of stock all day."""
        found = np.zeros(quantities.shape, bool)
        for row, documents in enumerate(lines):
            records = [self.documents[id] for id in documents if id in self.documents]
            if any(record.out for record in records):
                found[row] = _all_out(records, first_day, quantities.shape[1], zone)
                used = quantities[row] > 0
                if (found[row] & used).sum() > _MOST_CONTRADICTIONS:
                    found[row] = False
                _cut_at_use(found[row], used)
        return found

    def to_bytes(self) -> bytes:
        """As stored; equal sights are equal bytes."""
        documents = {
            id: {
                "first": seen.first.isoformat() if seen.first else None,
                "last": seen.last.isoformat(),
                "out": [[one.since.isoformat(), one.until.isoformat()] for one in seen.out],
            }
            for id, seen in sorted(self.documents.items())
        }
        return json.dumps({"schema": SCHEMA, "documents": documents}, separators=(",", ":")).encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes) -> StockSeen:
        """Raises DamagedError for anything else."""
        with decoding("the stock seen"):
            return cls._read(json.loads(data))

    @classmethod
    def _read(cls, stored: Mapping[str, Any]) -> StockSeen:
        check_schema(stored, READABLE_SCHEMAS)
        moment = datetime.fromisoformat
        return cls(
            {
                id: DocumentSeen(
                    moment(seen["first"]) if seen["first"] else None,
                    moment(seen["last"]),
                    tuple(Interval(moment(since), moment(until)) for since, until in seen["out"]),
                )
                for id, seen in stored["documents"].items()
            }
        )


def _all_out(records: Sequence[DocumentSeen], first_day: date, days: int, zone: ZoneInfo) -> NDArray[np.bool_]:
    """A document has a say from its first sighting to its last: it was added later, or has left the catalogue."""
    every, some = np.ones(days, bool), np.zeros(days, bool)
    for record in records:
        out, is_there = np.zeros(days, bool), np.zeros(days, bool)
        for interval in record.out:
            out[_whole_days(interval.since, interval.until, first_day, zone)] = True
        first = record.first.astimezone(zone).date() if record.first else _ALWAYS
        last = record.last.astimezone(zone).date()
        is_there[max((first - first_day).days, 0) : max((last - first_day).days + 1, 0)] = True
        every &= out | ~is_there
        some |= out
    found: NDArray[np.bool_] = every & some
    return found


def _whole_days(since: datetime, until: datetime, first_day: date, zone: ZoneInfo) -> slice:
    """The columns of the shop's days that lie wholly between."""
    begin, end = since.astimezone(zone), until.astimezone(zone)
    first = (
        begin.date()
        if begin == begin.replace(hour=0, minute=0, second=0, microsecond=0)
        else begin.date() + timedelta(1)
    )
    return slice(max((first - first_day).days, 0), max((end.date() - first_day).days, 0))


def _cut_at_use(out: NDArray[np.bool_], used: NDArray[np.bool_]) -> None:
    """Of every run of days only what comes after its last use: until then there was some."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], out.astype(int), [0]])))
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        uses = np.flatnonzero(used[begin:end])
        if len(uses):
            out[begin : begin + uses[-1] + 1] = False


def _is_out(stock: Any) -> bool:
    if isinstance(stock, bool) or not isinstance(stock, int | float | str):
        return False
    try:
        found = number(stock.strip()) if isinstance(stock, str) else float(stock)
    except (ValueError, OverflowError):
        return False
    return math.isfinite(found) and found <= 0


def _moment(value: Any) -> datetime | None:
    """A moment that says which: as Firestore keeps it, or as text with its zone."""
    if isinstance(value, str) and len(value) <= 40:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo is not None else None
