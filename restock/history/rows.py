"""The columns in which usage is stored, and how rows become them: of the history, a full read's pieces, imports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

COLUMNS = pa.schema(
    [
        ("appointment", pa.string()),
        ("day", pa.date32()),
        ("part", pa.string()),
        ("quantity", pa.float64()),
        ("source_time", pa.timestamp("us", tz="UTC")),
        ("name", pa.string()),
        ("service", pa.string()),
        ("booked_on", pa.date32()),
    ]
)
SINCE_SCHEMA_2 = {"service": "", "booked_on": None}
"""Columns that older files lack, and what such a file says of them."""


class Row(NamedTuple):
    """One row, in the order of the columns; in a full read, an appointment without usage has one without a part, which
    has a day if it is a completed job."""

    appointment: str
    day: date | None
    part: str | None
    quantity: float | None
    source_time: datetime
    name: str | None
    service: str = ""
    booked_on: date | None = None


def table_of(rows: Iterable[Row]) -> pa.Table:
    columns: dict[str, list[object]] = {name: [] for name in COLUMNS.names}
    lists = tuple(columns.values())
    for row in rows:
        for column, value in zip(lists, row, strict=True):
            column.append(value)
    return pa.table(columns, schema=COLUMNS)


def in_columns(rows: pa.Table) -> pa.Table:
    """A stored table's rows in today's columns; a KeyError if one is missing that always was there."""
    for name, value in SINCE_SCHEMA_2.items():
        if name not in rows.column_names:
            rows = rows.append_column(name, pa.repeat(pa.scalar(value, COLUMNS.field(name).type), rows.num_rows))
    return rows.select(COLUMNS.names).replace_schema_metadata(None).cast(COLUMNS)


def parquet(rows: pa.Table, facts: Mapping[str, str]) -> bytes:
    """The file of these rows, with what is to be known of them."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows.replace_schema_metadata(facts), sink, compression="zstd")
    return bytes(sink.getvalue())
