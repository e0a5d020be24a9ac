"""Daily demand per part: the table every method is fitted on, made from usage and the catalogue.

Days run from the first usage through the last day of history, missing days are zeros, and every part of the
catalogue has a row even if nobody ever used it. A usage is a part's if its key is the part's catalogue id, else if
its key or its written name is, trimmed and case-folded, a name of the catalogue; what is left stays under its folded
name, inactive, and is reported as unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restock.errors import RefusedError
from restock.forecasting.closures import open_days, open_weekdays
from restock.forecasting.unseen import repeated
from restock.stored.artifact import RECENT_DAYS, Part
from restock.stored.distribution import Floats
from restock.written import fold

_STEPS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0)
_LOTS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 20.0, 24.0, 25.0, 50.0, 100.0)
_LOT_DAYS = 8  # so many days of use in whole lots make it a rule
_MANY_DAYS = 20  # of so many a fiftieth, at least one, may break the rule of a step
MOST_CELLS = 5_000_000
"""Parts x days of a table: about ten arrays of this size are in memory at once (promise 6; ``bench/memory.py``)."""
FEWEST_DAYS = 91
MOST_UNKNOWN = 2000
"""So many parts that no catalogue lists are forecast, the most used; what a hostile list may hold is bounded."""


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One document of the catalogue. ``supersedes`` is the id or the name of the part it replaces, if any."""

    id: str
    name: str
    category: str = ""
    supersedes: str | None = None


@dataclass(frozen=True, eq=False)
class Demand:
    """Quantities [parts, days] from ``first_day`` on; ``season`` is 7 for daily data, 1 for weekly or monthly steps."""

    parts: tuple[Part, ...]
    first_day: date
    quantities: Floats
    closed_days: frozenset[date] = frozenset()
    season: int = 7
    unknown: tuple[str, ...] = ()
    unseen: NDArray[np.bool_] | None = None
    """The days [parts, days] without stock, of which ``quantities`` repeats what was seen before, if there are any;"""
    recorded: Floats | None = None
    """and what was used as it was recorded."""
    left_out: int = 0
    """So many days before the first one did not fit into memory."""

    @property
    def last_day(self) -> date:
        return self.first_day + timedelta(self.days - 1)

    @property
    def days(self) -> int:
        return int(self.quantities.shape[1])

    @cached_property
    def weekdays(self) -> NDArray[np.int64]:
        """The weekday of each day, Monday 0; all 0 when the data has no weekdays."""
        return (self.first_day.weekday() + np.arange(self.days)) % 7 if self.season == 7 else np.zeros(self.days, int)

    @cached_property
    def is_closed(self) -> NDArray[np.bool_]:
        """The days of ``closed_days``."""
        return np.array([self.first_day + timedelta(k) in self.closed_days for k in range(self.days)])

    @cached_property
    def is_open(self) -> NDArray[np.bool_]:
        """The days that are evidence: the shop was open, as far as its usage shows."""
        return open_days(self.quantities, self.weekdays, self.is_closed)

    @cached_property
    def open_weekdays(self) -> NDArray[np.bool_]:
        """The weekdays [7] on which the shop opens."""
        return open_weekdays(self.quantities, self.weekdays, self.is_closed)

    @cached_property
    def unit(self) -> Floats:
        """The step each part's quantities come in: usually 1; half a litre; or the four plugs of every engine.

        One odd entry among many does not make a filter come in hundredths.
        """
        unit = np.full(len(self.parts), _STEPS[0])
        uses = (self.quantities > 0).sum(axis=1)
        tolerated = np.where(uses >= _MANY_DAYS, np.maximum(1, uses // 50), 0)
        for step in (*_STEPS, *_LOTS):
            steps = self.quantities / step
            odd = (np.abs(steps - np.rint(steps)) >= 1e-6).sum(axis=1)
            unit[(odd <= tolerated) if step <= 1 else (odd == 0) & (uses >= _LOT_DAYS)] = step
        return unit

    def parts_with_facts(self) -> tuple[Part, ...]:
        """The parts, each with the day of its last use and its days without stock."""
        used = self.as_recorded[:, ::-1] > 0
        days_ago = np.where(np.any(used, axis=1), np.argmax(used, axis=1), -1).tolist()
        unseen = [0] * len(self.parts) if self.unseen is None else self.unseen[:, -RECENT_DAYS:].sum(axis=1).tolist()
        return tuple(
            replace(part, last_used=self._days_before_last(ago) if ago >= 0 else None, unseen_days=days)
            for part, ago, days in zip(self.parts, days_ago, unseen, strict=True)
        )

    def _days_before_last(self, days: int) -> str:
        return (self.last_day - timedelta(days)).isoformat()

    @property
    def as_recorded(self) -> Floats:
        return self.quantities if self.recorded is None else self.recorded

    def without_stock_on(self, unseen: NDArray[np.bool_]) -> Demand:
        """The same, with days on which a part could not be used as no evidence of low demand."""
        if not unseen.any():
            return self
        filled = repeated(self.quantities, unseen, self.is_open)
        return replace(self, quantities=filled, unseen=unseen, recorded=self.quantities)

    def until(self, day: int) -> Demand:
        """The same parts with only the first ``day`` days: what was known then."""
        return self._cut(np.s_[:, :day])

    def only(self, rows: NDArray[np.int64]) -> Demand:
        """Some of the parts."""
        return replace(self._cut(np.s_[rows]), parts=tuple(self.parts[row] for row in rows))

    def _cut(self, kept: Any) -> Demand:
        unseen = None if self.unseen is None else self.unseen[kept]
        recorded = None if self.recorded is None else self.recorded[kept]
        return replace(self, quantities=self.quantities[kept], unseen=unseen, recorded=recorded)

    @classmethod
    def from_usage(
        cls,
        usage: Mapping[str, Any],
        catalogue: Sequence[CatalogueItem],
        *,
        through: date,
        closed_days: Iterable[date] = (),
        since: date | None = None,
    ) -> Demand:
        """Add usage (columns day, key, name, quantity) up to ``through`` to a table, under the catalogue's parts.

        A shop whose only usage is later than ``through`` (it opened today) is taken through that day. Days before
        ``since`` are left out, and those that ``first_day_that_fits`` says.
        """
        resolve = _Catalogue(catalogue)
        days = np.asarray(usage["day"]).astype("datetime64[D]")
        if len(days) and (days > np.datetime64(through)).all():
            through = days.max().item()
        first_day = min(days.min().item(), through) if len(days) else through
        spellings = list(zip(_texts(usage["key"]), _texts(usage["name"]), strict=True))
        # Sorted, so that the order of usage cannot matter; without a name last, so that a key is known by its name.
        distinct = sorted(set(spellings), key=lambda spelling: (not spelling[1], spelling))
        row_of = {spelling: resolve.row(*spelling) for spelling in distinct}
        rows = np.array([row_of[spelling] for spelling in spellings], np.int64)
        units = np.asarray(usage["quantity"], float)
        order = _order(resolve.parts, np.asarray(np.bincount(rows, units, len(resolve.parts)), float))
        place = np.full(len(resolve.parts), -1)
        place[order] = np.arange(len(order))
        begins = max(first_day_that_fits(len(order), first_day, through), since or first_day)
        span = (through - begins).days + 1
        columns = (days - np.datetime64(begins)).astype(np.int64)
        kept = (columns >= 0) & (columns < span) & (place[rows] >= 0)
        cells = place[rows[kept]] * span + columns[kept]
        quantities = np.asarray(np.bincount(cells, units[kept], len(order) * span), float).reshape(-1, span)
        parts = resolve.with_documents()
        return cls(
            parts=tuple(parts[row] for row in order),
            first_day=begins,
            quantities=quantities,
            closed_days=frozenset(closed_days),
            unknown=tuple(sorted(part.name for part in resolve.parts if not part.active)),
            left_out=(begins - first_day).days,
        )


def first_day_that_fits(parts: int, first_day: date, through: date) -> date:
    """Promise 6: parts x days are bounded before anything is allocated; of many parts the oldest days are left out.

    Raises RefusedError where not even a quarter of a year would fit.
    """
    days = MOST_CELLS // max(parts, 1)
    if (through - first_day).days < days:
        return first_day
    if days < FEWEST_DAYS:
        most = MOST_CELLS // FEWEST_DAYS
        raise RefusedError(f"{parts:,} parts do not fit into this run's memory, {most:,} would; nothing was allocated")
    return through - timedelta(days - 1)


def _texts(column: Any) -> list[str]:
    """What is absent is empty."""
    return [value if isinstance(value, str) else "" for value in column]


def _order(parts: Sequence[Part], units: Floats) -> list[int]:
    """The rows that become a table's, by name. Of unknown parts only the most used: each costs memory for every day."""
    unknown = [row for row, part in enumerate(parts) if not part.active]
    unknown.sort(key=lambda row: (-units[row], parts[row].key))
    left_out = set(unknown[MOST_UNKNOWN:])
    return sorted(set(range(len(parts))) - left_out, key=lambda row: (parts[row].name, parts[row].key))


class _Catalogue:
    """Finds the row of a usage; unknown parts get rows as they turn up. Documents of one name are one row, and what
    another part supersedes leads to that part's row: one shelf, one line.
    """

    def __init__(self, items: Sequence[CatalogueItem]) -> None:
        self.parts: list[Part] = []
        self._rows: dict[str, int] = {}  # by id
        self._names: dict[str, int] = {}  # by folded name
        listed = sorted((item for item in items if fold(item.name)), key=lambda item: item.id)
        for item in listed:
            name = fold(item.name)
            if name not in self._names:
                self._names[name] = len(self.parts)
                self.parts.append(Part(item.id, item.name.strip(), True, item.category.strip()))
            self._rows[item.id] = self._names[name]
        self._heirs: dict[int, int] = {}  # row of a superseded part -> row of its successor
        replaced = [
            (item.supersedes, self._rows[item.id]) for item in listed if item.supersedes and fold(item.supersedes)
        ]
        for word, old, heir in [(word, self._known(word), heir) for word, heir in replaced]:
            if old is None:  # it has left the catalogue, and is known by its heir alone
                self._rows.setdefault(word, heir)
                self._names.setdefault(fold(word), heir)
            elif old not in self._heirs and self._line(heir) != old:  # a chain of successors, never a ring
                self._heirs[old] = heir

    def row(self, key: str, name: str) -> int:
        for found in (self._known(key), self._names.get(fold(name))):
            if found is not None:
                return self._line(found)
        folded = fold(name) or fold(key)
        self._names[folded] = len(self.parts)
        self.parts.append(Part(folded, name.strip() or key, active=False))
        return self._names[folded]

    def with_documents(self) -> list[Part]:
        """The parts, each with the other ids that lead to it."""
        others: dict[int, list[str]] = {}
        for word, row in self._rows.items():
            line = self._line(row)
            if word != self.parts[line].key:
                others.setdefault(line, []).append(word)
        return [replace(part, documents=tuple(sorted(others.get(row, ())))) for row, part in enumerate(self.parts)]

    def _known(self, word: str) -> int | None:
        return self._rows.get(word, self._names.get(fold(word)))

    def _line(self, row: int) -> int:
        while row in self._heirs:
            row = self._heirs[row]
        return row
