"""Usage from before the app: kept beside the history, and joined to it each time a model is fitted.

The history holds what appointments say and can always be recomputed from them; imported usage has no appointments, so
it never enters the history, no full read can lose it, and no drift is reported of it. It lies in one object of the
bucket; importing again replaces it, importing a file of which only the first line is left takes it back. Overlap would
count twice, so the day the app took over is asked for, and nothing on or after it is accepted.

    python3 -m infra import-usage old.csv --before 2024-03-01
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from restock.errors import BadRequestError, DamagedError
from restock.history.history import History
from restock.history.rows import in_columns, parquet
from restock.history.usage_file import LINES_NAMED, Imported, Refused
from restock.stored import names
from restock.stored.names import IMPORTED as NAME
from restock.stored.published import read_live, read_verified
from restock.stores import ObjectStore

MOST_REFUSED = 0.03
"""Of the lines. More are no slips: it is another kind of file, and what was imported before is worth more."""


def first_counted(objects: ObjectStore) -> tuple[date, str] | None:
    """The first day of the live history and one appointment of it; None where nothing has been counted yet."""
    live = read_live(objects).pointer
    if live is None:
        return None
    rows = History.from_bytes(read_verified(objects, names.history(live.history), live.history_sha256)).rows.select(
        ["day", "appointment"]
    )
    if not rows.num_rows:
        return None
    first = rows.filter(pc.equal(rows["day"], pc.min(rows["day"]))).slice(0, 1).to_pylist()[0]
    return first["day"], first["appointment"]


def check_before(before: date, today: date, counted: tuple[date, str] | None) -> None:
    """Raise BadRequestError where imported usage could meet counted usage: it would be learnt twice."""
    if before > today:
        raise BadRequestError(f"--before {before} is after today, {today}; it is the first day the app counted")
    if counted and before > counted[0]:
        raise BadRequestError(
            f"--before {before} is after the first day that was counted, {counted[0]} (appointment {counted[1]}): what"
            f" was used in between would count twice. Write --before {counted[0]}, or correct that appointment's day"
        )


def told(imported: Imported) -> str:
    """For the person who asked."""
    return "\n".join(
        [f"{imported.rows.num_rows} lines imported; the next retrain learns from them", *_lines_of(imported.refused)]
    )


def _lines_of(refused: Refused) -> list[str]:
    found = []
    for reason, number in refused.numbers.most_common():
        lines = ", ".join(map(str, refused.first[reason])) + (", ..." if number > LINES_NAMED else "")
        found.append(f"  {number} refused: {reason} (line {lines})")
    return found


def store(objects: ObjectStore, imported: Imported) -> None:
    """Replace what was imported before; raises BadRequestError, and stores nothing, if too many lines were refused."""
    number = imported.refused.numbers.total()
    if number > MOST_REFUSED * imported.lines:
        told = [f"nothing imported: {number} of {imported.lines} lines were refused", *_lines_of(imported.refused)]
        raise BadRequestError(
            "\n".join([*told, "What was imported before stays. Correct the file and import it again."])
        )
    before = objects.read(NAME)
    objects.write(NAME, parquet(imported.rows, {}), if_generation=before.generation if before else 0)


def read_imported(objects: ObjectStore) -> bytes | None:
    """What was imported, as it is stored; None if nothing was."""
    stored = objects.read(NAME)
    return stored.data if stored else None


def with_imported(history: History, imported: bytes | None) -> History:
    """The history as a model should see it: what appointments say, and what was used before there were any."""
    if imported is None:
        return history
    try:
        rows = in_columns(pq.ParquetFile(pa.BufferReader(imported)).read())
    except (pa.ArrowException, KeyError, ValueError, OSError) as exc:
        raise DamagedError(f"{NAME}: {exc}; import the file again, or delete the object") from exc
    return replace(history, rows=pa.concat_tables([rows, history.rows]))
