"""All usage ever counted, as one file: a row per appointment and part.

Columns: appointment, day, part (its key), quantity (units), source_time (of the appointment version counted), name (as
written), service (folded) and booked_on, the day the booking was made. A file is written once and never changed; the
live one is the one the pointer names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from restock.counting.appointments import Usage, UsedPart
from restock.errors import DamagedError
from restock.history.rows import COLUMNS, Row, in_columns, parquet, table_of
from restock.stored.change import Change

SCHEMA = 2
READABLE_SCHEMAS = (1, 2)
USAGE_COLUMNS = [name for name in COLUMNS.names if name != "source_time"]
"""What an appointment used; the rest is when that was counted."""


class JobsOf(NamedTuple):
    """Jobs of one service in one month, which is a text like 2026-03."""

    service: str
    month: str


@dataclass(frozen=True, slots=True)
class CountedAppointment:
    """One appointment's row or rows, before they are columns."""

    appointment: str
    usage: Usage
    source_time: datetime

    def rows(self) -> Iterator[Row]:
        used = self.usage
        for part in used.parts:
            yield Row(
                self.appointment,
                used.day,
                part.key,
                part.quantity,
                self.source_time,
                part.name,
                used.service,
                used.booked_on,
            )


@dataclass(frozen=True)
class History:
    rows: pa.Table
    rules: str
    """Digest of the counting rules all rows were counted by."""
    rebuilt_at: datetime
    """Read time of the last full read: every version up to it is in."""
    is_recount: bool = False
    """That read was the first by these rules: until a deploy was through, on_appointment may have counted by others."""
    database: str = ""
    """Whose appointments: projects/P/databases/D. Older releases did not say."""
    without_parts: Mapping[JobsOf, int] = field(default_factory=dict)
    """The completed jobs that listed no parts, as the last full read found them: what a service's use is a share of."""

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @classmethod
    def of(cls, counted: Iterable[CountedAppointment], rules: str, rebuilt_at: datetime) -> History:
        return cls(rows_of(counted), rules, rebuilt_at)

    def source_times(self, appointments: Sequence[str]) -> dict[str, datetime]:
        """The version each of these appointments was counted at, for those that have rows."""
        found = self.rows.filter(pc.is_in(self.rows["appointment"], value_set=pa.array(appointments, pa.string())))
        return dict(zip(found["appointment"].to_pylist(), found["source_time"].to_pylist(), strict=True))

    def counted(self, appointments: Sequence[str]) -> dict[str, CountedAppointment]:
        """What these appointments used, for those that have rows."""
        found = self.rows.filter(pc.is_in(self.rows["appointment"], value_set=pa.array(appointments, pa.string())))
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in found.to_pylist():
            rows.setdefault(row["appointment"], []).append(row)
        return {
            appointment: CountedAppointment(
                appointment,
                Usage(
                    ours[0]["day"],
                    tuple(UsedPart(row["part"], row["name"], row["quantity"]) for row in ours),
                    ours[0]["service"],
                    ours[0]["booked_on"],
                ),
                ours[0]["source_time"],
            )
            for appointment, ours in rows.items()
        }

    def seen_in_full(self) -> pa.ChunkedArray:
        """Of each row, whether the last full read had it."""
        return pc.less_equal(self.rows["source_time"], pa.scalar(self.rebuilt_at, pa.timestamp("us", tz="UTC")))

    def holds(self, change: Change, source_times: dict[str, datetime]) -> datetime | None:
        """Up to which version of the change's appointment this history is known to be complete, if at all.

        A row holds its own version. Without one, a full read has seen, and left out, everything up to its read time.
        """
        row_time = source_times.get(change.appointment)
        if row_time is not None:
            return row_time
        return change.source_time if change.source_time <= self.rebuilt_at else None

    def applied(self, changes: Sequence[Change]) -> tuple[History, int]:
        """This history with the changes in it, and how many of them made a difference.

        Promise 1: a row is replaced only by a newer version of its appointment, so applying twice is applying once.
        """
        source_times = self.source_times([change.appointment for change in changes])
        newer = []
        for change in changes:
            held = self.holds(change, source_times)
            if held is None or change.source_time > held:
                newer.append(change)
        effective = [change for change in newer if not change.usage.is_empty or change.appointment in source_times]
        if not effective:
            return self, 0
        kept = self.without([change.appointment for change in effective if change.appointment in source_times])
        added = rows_of(CountedAppointment(c.appointment, c.usage, c.source_time) for c in effective)
        return replace(self, rows=pa.concat_tables([kept.rows, added])), len(effective)

    def without(self, appointments: Sequence[str]) -> History:
        """The rows of all others; the very same columns if there is nothing to leave out, which is the common case."""
        if not appointments:
            return self
        named = pc.is_in(self.rows["appointment"], value_set=pa.array(appointments, pa.string()))
        return replace(self, rows=self.rows.filter(pc.invert(named)))

    def to_bytes(self) -> bytes:
        facts = {"schema": str(SCHEMA), "rules": self.rules, "rebuilt_at": self.rebuilt_at.isoformat()}
        facts |= {"recount": "true"} if self.is_recount else {}
        facts |= {"database": self.database} if self.database else {}
        facts["without_parts"] = json.dumps([[*jobs, count] for jobs, count in self.without_parts.items()])
        return parquet(self.rows, facts)

    @classmethod
    def from_bytes(cls, data: bytes) -> History:
        """Raises DamagedError for anything but a whole history of a readable layout."""
        try:
            rows = pq.ParquetFile(pa.BufferReader(data)).read()
            facts = {key.decode(): value.decode() for key, value in (rows.schema.metadata or {}).items()}
            if int(facts["schema"]) not in READABLE_SCHEMAS:
                raise DamagedError(f"history: schema {facts['schema']} is not among {READABLE_SCHEMAS}")
            rebuilt_at = datetime.fromisoformat(facts["rebuilt_at"])
            without = {JobsOf(*jobs): int(n) for *jobs, n in json.loads(facts.get("without_parts", "[]"))}
            database = facts.get("database", "")
            return cls(in_columns(rows), facts["rules"], rebuilt_at, "recount" in facts, database, without)
        except (pa.ArrowException, KeyError, TypeError, ValueError, OSError) as exc:
            raise DamagedError(f"history: {exc}") from exc


def rows_of(counted: Iterable[CountedAppointment]) -> pa.Table:
    return table_of(row for one in counted for row in one.rows())


@dataclass(frozen=True)
class Drift:
    """What a full read found to differ from the history with its pending changes applied."""

    differing: tuple[str, ...] = field(default=())
    """Appointments whose usage differs although their last write is older than any event may be: a broken promise."""
    in_flight: tuple[str, ...] = field(default=())
    """Appointments written lately, or deleted, whose event may still be under way."""


def drift(expected: History, found: History, in_flight_since: datetime | None) -> Drift:
    """Compare two histories, telling what is still under way from what is wrong (None: all of it is).

    As columns, for this is where two whole histories are in memory: a row that only one of them has, whenever it was
    counted, makes its appointment differ.
    """
    sides = [
        history.rows.drop_columns(["source_time"]).append_column("side", pa.array(np.full(len(history), side, np.int8)))
        for side, history in enumerate((expected, found))
    ]
    rows = pa.concat_tables(sides).group_by(USAGE_COLUMNS).aggregate([("side", "min"), ("side", "max")])
    one_sided = rows.filter(pc.equal(rows["side_min"], rows["side_max"]))["appointment"].unique().to_pylist()
    source_times = found.source_times(one_sided)
    differing: list[str] = []
    in_flight: list[str] = []
    for appointment in sorted(one_sided):
        counted_at = source_times.get(appointment)
        young = in_flight_since is not None and (counted_at is None or counted_at > in_flight_since)
        (in_flight if young else differing).append(appointment)
    return Drift(tuple(differing), tuple(in_flight))


def vanished(expected: History, found: History) -> tuple[int, int]:
    """How many appointments of the expected history the other one no longer has, and how many there were."""
    before = expected.rows["appointment"].unique()
    kept = pc.is_in(before, value_set=found.rows["appointment"].unique())
    return len(before) - int(pc.sum(kept).as_py() or 0), len(before)
