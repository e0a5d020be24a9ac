"""Usage from before the app as a CSV file, whichever program wrote it: what is not certain is refused with its line.

Columns: date (YYYY-MM-DD), part (name), quantity; optionally part_id, the part's id in the catalogue. Commas,
semicolons or tabs part them. A line is a record: no part's name runs over two lines, so a quote that was never closed
costs its own line only.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from restock import written
from restock.counting.appointments import LONGEST_NAME
from restock.counting.quantities import AMBIGUOUS, may_be_thousands, quantity_of
from restock.errors import BadRequestError
from restock.history.rows import Row, table_of

NEEDED = ("date", "part", "quantity")
PART_ID = "part_id"
NO_APPOINTMENT = "import/"
"""Where a row has its appointment: no document's id holds a slash."""
SEPARATORS: tuple[str, ...] = (",", ";", "\t")
MOST_ROWS = 5_000_000
_SAID = re.compile(r'"?sep=(.)', re.IGNORECASE)
LINES_NAMED = 3
"""So many lines are named of each reason; they mostly have one cause."""


@dataclass
class Refused:
    """How many lines could not be counted, why, and where the first of them stand."""

    numbers: Counter[str] = field(default_factory=Counter)
    first: dict[str, list[int]] = field(default_factory=dict)

    def add(self, reason: str, line: int) -> None:
        self.numbers[reason] += 1
        if self.numbers[reason] <= LINES_NAMED:
            self.first.setdefault(reason, []).append(line)


@dataclass(frozen=True)
class Imported:
    """Rows in the history's own columns, and what was refused."""

    rows: pa.Table
    refused: Refused
    lines: int


class _Layout(NamedTuple):
    separator: str
    columns: dict[str, int]
    width: int


class _Used(NamedTuple):
    day: date
    key: str
    name: str
    quantity: float


def read_file(path: Path, *, earliest: date, before: date) -> Imported:
    """Understand a CSV file of UTF-8; raises BadRequestError for one that cannot be read as that."""
    try:
        # What is not UTF-8 is refused with its line, below
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as lines:
            return read(lines, earliest=earliest, before=before)
    except OSError as exc:
        raise BadRequestError(f"{path}: {exc}") from exc


def read(lines: Iterable[str], *, earliest: date, before: date) -> Imported:
    """Understand a CSV file; a line that cannot be counted is refused with its reason, the others are kept."""
    numbered = ((number, line.rstrip("\r\n")) for number, line in enumerate(lines, 1))
    layout = _layout_of(numbered)
    refused, read_lines, imported_at = Refused(), 0, datetime.now(UTC)

    def understood() -> Iterator[Row]:
        nonlocal read_lines
        for number, line in numbered:
            if not line.strip(layout.separator + " \t"):
                continue
            read_lines += 1
            if read_lines > MOST_ROWS:
                raise BadRequestError(f"the file has more than {MOST_ROWS:,} lines; sum it up by day and part first")
            try:
                day, key, name, quantity = _usage_of(_cells(line, layout.separator), layout, earliest, before)
            except ValueError as exc:
                refused.add(str(exc), number)
                continue
            yield Row(f"{NO_APPOINTMENT}{day.isoformat()}", day, key, quantity, imported_at, name)

    rows = table_of(understood())
    return Imported(rows, refused, read_lines)


def _layout_of(numbered: Iterator[tuple[int, str]]) -> _Layout:
    """From the line that names the columns, and the line before it by which Excel says what parts them."""
    line = next(numbered, (1, ""))[1].removeprefix("\ufeff")
    marks = SEPARATORS
    if said := _SAID.match(line):
        if said[1] not in SEPARATORS:
            raise BadRequestError(f"line 1: only a comma, a semicolon or a tab may part the cells, not {said[1]!r}")
        marks, line = (said[1],), next(numbered, (2, ""))[1]
    layouts = [_named(line, mark) for mark in marks]
    names, mark = max(layouts, key=lambda layout: len(set(NEEDED) & set(layout[0])))
    if missing := [name for name in NEEDED if name not in names]:
        raise BadRequestError(
            f"the file has no column {', '.join(missing)}; its first line must name {', '.join(NEEDED)}"
        )
    if doubled := [name for name in (*NEEDED, PART_ID) if names.count(name) > 1]:
        raise BadRequestError(f"two columns of the file are named {', '.join(doubled)}; nobody can tell which counts")
    return _Layout(mark, {name: names.index(name) for name in (*NEEDED, PART_ID) if name in names}, len(names))


def _named(line: str, mark: str) -> tuple[list[str], str]:
    try:
        return [written.fold(name).replace(" ", "_") for name in _cells(line, mark)], mark
    except ValueError as exc:
        raise BadRequestError(f"the line that names the columns {exc}") from exc


def _cells(line: str, separator: str) -> list[str]:
    if not line.isascii() and any("\udc80" <= letter <= "\udcff" for letter in line):
        raise ValueError("is not UTF-8; save the file as CSV UTF-8")
    try:
        return next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error as exc:
        raise ValueError(f"has a quote that is not closed, or is no CSV ({exc})") from exc


def _usage_of(cells: list[str], layout: _Layout, earliest: date, before: date) -> _Used:
    if len(cells) != layout.width:
        more = "more" if len(cells) > layout.width else "fewer"
        raise ValueError(f"has {more} cells than the first line names; put quotes around what holds a separator")
    found = {name: cells[place].strip() for name, place in layout.columns.items()}
    name, part_id = found["part"], found.get(PART_ID, "")
    if not name or max(len(name), len(part_id)) > LONGEST_NAME:
        raise ValueError("part is empty or too long")
    try:
        day = written.day(found["date"])
    except ValueError as exc:
        raise ValueError("date is not YYYY-MM-DD") from exc
    if not earliest <= day < before:
        raise ValueError(f"date is not from {earliest} until before {before}")
    quantity = quantity_of(found["quantity"])
    if layout.separator != "," and may_be_thousands(found["quantity"], "."):
        quantity = AMBIGUOUS  # where a comma marks decimals, a point may part thousands
    if isinstance(quantity, str):
        raise ValueError(f"quantity {quantity}")
    if layout.separator == "," and _may_be_decimals(cells, layout):
        raise ValueError("what follows quantity may be its decimals; put quotes around the quantity, or use semicolons")
    return _Used(day, part_id or written.fold(name), name, quantity)


def _may_be_decimals(cells: list[str], layout: _Layout) -> bool:
    """1,200 without quotes is two cells: the second may pass for the part's name or id."""
    behind = layout.columns["quantity"] + 1
    is_ours = behind in (layout.columns["part"], layout.columns.get(PART_ID))
    return is_ours and len(cells[behind].strip()) <= 3 and cells[behind].strip().isdigit()
