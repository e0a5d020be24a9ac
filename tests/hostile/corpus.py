"""Malformed appointments: what clerks, old app versions and imports leave behind, and what nobody would believe.

Each is one case with its name. A case says nothing of what it should count as; the contract's rules are tested in
tests/unit/counting. Here it only matters that nothing stops, and that nothing goes unreported.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.builders import appointment, part

Document = dict[str, Any]

ODD_VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "minus one": -1,
    "largest integer": 2**63 - 1,
    "smallest integer": -(2**63),
    "NaN": float("nan"),
    "infinity": float("inf"),
    "tiny": 5e-324,
    "empty text": "",
    "blanks": " \t\n\u00a0\u2003",
    "text": "text",
    "long text": "x" * 100_000,
    "bytes": b"\x00\xff",
    "moment": datetime(2026, 3, 1, 23, 30, tzinfo=UTC),
    "first moment": datetime(1, 1, 1, tzinfo=UTC),
    "last moment": datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    "empty list": [],
    "list": [1, "a", None],
    "empty map": {},
    "map": {"a": 1},
    "seconds": 1772323200,
    "milliseconds": 1772323200000,
    "an exported moment": {"_seconds": 1772323200, "_nanoseconds": 0},
    "an endless moment": {"_seconds": 2**62, "_nanoseconds": 0},
    "nested": {"a": {"b": {"c": [{"d": {"e": [1]}}]}}},
}
FIELDS = (
    "status",
    "spareParts",
    "service",
    "date",
    "appointmentDate",
    "completedDate",
    "dateTime",
    "timestamp",
    "createdAt",
)
PART_FIELDS = ("id", "name", "quantity", "price")
DAYS = (
    "0001-01-01",
    "9999-12-31",
    "2026-02-29",
    "2026-13-01",
    "01/03/2026",
    "2026-3-1",
    "2026-03-01T25:00:00Z",
    "2026-03-01T23:30:00+99:99",
    "-2026-03-01",
    "２０２６-03-01",
    "2026-03-01\x00",
    "0000-00-00",
    "today",
    "1772323200",
    "20260301",
    "1772323200000",
    "2026-03-01T00:10:00 +07:00",
    "Timestamp(seconds=1772323200, nanoseconds=0)",
    "2026-03-01T00:10:00" + "+" * 50,
    "2026-03-01T00:10:00[" + "/" * 50 + "]",
    "Timestamp(seconds=999999999999, nanoseconds=0)",
    "9" * 19,
)
STATUSES = (
    "AppointmentStatus.completed",
    "done",
    "Terminé",
    "completed.completed",
    "Status." * 20_000 + "completed",
)
LISTS: tuple[Any, ...] = (
    {"0": part(), "1": part("Belt", 2)},
    {"0": part(), "1": None},
    {"p1": part(quantity="2 pcs")},
    part(),
    {str(number): part(f"Part {number}", 1) for number in range(1000)},
    {"0": {"0": part()}},
)
NAMES = (
    "\u0000",
    "\u202eretliF liO",
    "é",
    "e\u0301",
    "ﬁlter",
    "İ",
    "ß",
    "🔧" * 300,
    "\ud7ff",
    "\uffff",
    "a\u0300" * 400,
    "'; DROP TABLE parts; --",
    "<script>",
    "__proto__",
    "../../etc/passwd",
    "%s%n",
    "NaN",
    "None",
    "\r\nX: y",
)
QUANTITIES = (
    "1e308",
    "1e-308",
    "١٢",
    "1,5",
    "1.5.5",
    "0x1f",
    "--1",
    "+",
    ".",
    "1e",
    "inf",
    "nan",
    "9" * 400,
    "1_0",
    "1/2",
    "1,200",
    "2 pcs",
    "2 dozen",
    "2 " + "p" * 60,
    "1," * 30,
)


def cases() -> Iterator[tuple[str, Document]]:
    """Every case by name."""
    for field in FIELDS:
        without = appointment()
        without.pop(field, None)
        yield f"no {field}", without
        for name, value in ODD_VALUES.items():
            yield f"{field} is {name}", appointment() | {field: value}
    for field in PART_FIELDS:
        for name, value in ODD_VALUES.items():
            yield f"a part's {field} is {name}", appointment(parts=[part() | {field: value}, part("Belt", 1)])
    for day in DAYS:
        yield f"date {day!r}", appointment(date=day)
        yield f"only date {day!r}", appointment(date=day, createdAt=None)
    for name in NAMES:
        yield f"a part named {name[:20]!r}", appointment(parts=[part(name), part(None, id=name)])
    for quantity in QUANTITIES:
        yield f"quantity {quantity[:20]!r}", appointment(parts=[part("Oil", quantity)])
    for status in STATUSES:
        yield f"status {status[:30]!r}", appointment(status)
    for number, listed in enumerate(LISTS):
        yield f"parts as a map, {number}", appointment() | {"spareParts": listed}
    yield "no field at all", {}
    yield "10,000 parts", appointment(parts=[part(f"Part {number}", number % 5) for number in range(10_000)])
    yield "10,000 times one part", appointment(parts=[part("Oil", 0.1)] * 10_000)
    yield "1 MiB of text", appointment(note="x" * 1_000_000)
    yield "1 MiB of service", appointment(service="x" * 1_000_000)
    yield "1 MiB in a part's name", appointment(parts=[part("x" * 1_000_000)])
    yield (
        "a list of every odd value",
        appointment(parts=[value for value in ODD_VALUES.values() if value != [1, "a", None]]),
    )


def random_documents(count: int, seed: int) -> Iterator[tuple[str, Document]]:
    """Documents with odd values wherever chance puts them, several at once."""
    chance = random.Random(seed)
    values = [value for value in ODD_VALUES.values() if not (isinstance(value, str) and len(value) > 1000)]
    values += [*DAYS, *NAMES, *QUANTITIES]
    for number in range(count):
        fields = appointment(parts=[part() for _ in range(chance.randrange(4))])
        for field in chance.sample(FIELDS, chance.randrange(1, 5)):
            fields[field] = chance.choice(values)
        for entry in fields["spareParts"] if isinstance(fields["spareParts"], list) else []:
            if isinstance(entry, dict):
                entry[chance.choice(PART_FIELDS)] = chance.choice(values)
        yield f"random {number}", fields
