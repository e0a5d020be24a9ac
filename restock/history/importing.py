"""Usage from before the app, from a CSV file: kept beside the history, and joined to it each time a model is fitted.

The history holds what appointments say and can always be recomputed from them; imported usage has no appointments, so
it never enters the history, no full read can lose it, and no drift is reported of it. It lies in one object of the
bucket; importing again replaces it, importing an empty file takes it back. Overlap would count twice, so the day the
app took over is asked for, and nothing on or after it is accepted.

    python3 -m infra import-usage old.csv --before 2024-03-01

Columns: date (YYYY-MM-DD), part (name), quantity; optionally part_id, the part's id in the catalogue.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from restock.counting.appointments import LONGEST_NAME, MOST_UNITS
from restock.errors import BadRequestError, DamagedError
from restock.history.history import COLUMNS, History
from restock.stored.names import IMPORTED as NAME
from restock.stores import ObjectStore
from restock.written import fold

NEEDED = ("date", "part", "quantity")
MOST_ROWS = 5_000_000


@dataclass(frozen=True)
class Imported:
    """Rows in the history's own columns, and how many lines were refused for which reason."""

    rows: pa.Table
    rejected: Counter[str]


def read_file(path: Path, *, earliest: date, before: date) -> Imported:
    """Understand a CSV file of UTF-8; raises BadRequestError for one that cannot be read as that."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return read(lines, earliest=earliest, before=before)
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise BadRequestError(f"{path}: {exc}") from exc


def read(lines: Iterable[str], *, earliest: date, before: date) -> Imported:
    """Understand a CSV file; a line that cannot be counted is refused with its reason, the others are kept."""
    reader = csv.DictReader(lines)
    if missing := [name for name in NEEDED if name not in (reader.fieldnames or ())]:
        raise BadRequestError(
            f"the file has no column {', '.join(missing)}; its first line must name {', '.join(NEEDED)}"
        )
    columns: dict[str, list[object]] = {name: [] for name in COLUMNS.names}
    rejected: Counter[str] = Counter()
    imported_at = datetime.now(UTC)
    for number, line in enumerate(reader):
        if number == MOST_ROWS:
            raise BadRequestError(f"the file has more than {MOST_ROWS:,} lines; sum it up by day and part first")
        try:
            day, key, name, quantity = _usage_of(line, earliest, before)
        except ValueError as exc:
            rejected[str(exc)] += 1
            continue
        row = (f"import/{day.isoformat()}", day, key, quantity, imported_at, name)
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return Imported(pa.table(columns, schema=COLUMNS), rejected)


def _usage_of(line: Mapping[str, str | None], earliest: date, before: date) -> tuple[date, str, str, float]:
    name, part_id = (line.get("part") or "").strip(), (line.get("part_id") or "").strip()
    if not name or max(len(name), len(part_id)) > LONGEST_NAME:
        raise ValueError("part is empty or too long")
    try:
        day = date.fromisoformat((line.get("date") or "").strip())
    except ValueError as exc:
        raise ValueError("date is not YYYY-MM-DD") from exc
    if not earliest <= day < before:
        raise ValueError(f"date is not from {earliest} until before {before}")
    try:
        quantity = float((line.get("quantity") or "").strip())
    except ValueError as exc:
        raise ValueError("quantity is not a number") from exc
    if not 0 < quantity <= MOST_UNITS or not math.isfinite(quantity):
        raise ValueError(f"quantity is not above 0 and at most {MOST_UNITS:,}")
    return day, part_id or fold(name), name, quantity


def told(imported: Imported) -> str:
    """For the person who asked."""
    refused = [f"  {number} lines refused: {reason}" for reason, number in imported.rejected.most_common()]
    return "\n".join([f"{imported.rows.num_rows} lines imported; the next retrain learns from them", *refused])


def store(objects: ObjectStore, imported: Imported) -> None:
    """Replace what was imported before."""
    sink = pa.BufferOutputStream()
    pq.write_table(imported.rows, sink, compression="zstd")
    before = objects.read(NAME)
    objects.write(NAME, bytes(sink.getvalue()), if_generation=before.generation if before else 0)


def with_imported(history: History, objects: ObjectStore) -> History:
    """The history as a model should see it: what appointments say, and what was used before there were any."""
    stored = objects.read(NAME)
    if stored is None:
        return history
    try:
        rows = pq.ParquetFile(pa.BufferReader(stored.data)).read().select(COLUMNS.names).cast(COLUMNS)
    except (pa.ArrowException, KeyError, ValueError, OSError) as exc:
        raise DamagedError(f"{NAME}: {exc}; import the file again, or delete the object") from exc
    return replace(history, rows=pa.concat_tables([rows, history.rows]))
