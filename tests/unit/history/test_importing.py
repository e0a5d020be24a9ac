"""Usage from before the app: what is refused, what is kept, and that it joins the history only for fitting."""

from __future__ import annotations

import io
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from restock.counting.appointments import Usage, UsedPart
from restock.errors import BadRequestError, DamagedError
from restock.history.history import CountedAppointment, History
from restock.history.importing import NAME, Imported, read, store, with_imported
from tests.fakes import FakeObjects

NOW = datetime(2026, 3, 2, tzinfo=UTC)
COUNTED = CountedAppointment("a1", Usage(date(2026, 3, 1), (UsedPart("p1", "Air Filter", 2.0),)), NOW)


def imported(text: str) -> Imported:
    return read(io.StringIO(text), earliest=date(2010, 1, 1), before=date(2024, 3, 1))


def history() -> History:
    return History.of([COUNTED], "rules", NOW)


def test_a_line_becomes_a_row_under_its_id_or_its_folded_name() -> None:
    found = imported("date,part,quantity,part_id\n2023-05-01, Air Filter ,2.5,\n2023-05-02,Oil,1,p9\n")

    rows = found.rows.to_pylist()
    assert [(row["day"], row["part"], row["name"], row["quantity"]) for row in rows] == [
        (date(2023, 5, 1), "air filter", "Air Filter", 2.5),
        (date(2023, 5, 2), "p9", "Oil", 1.0),
    ]
    assert found.rejected == Counter()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2024-03-01,Oil,1", "date is not from 2010-01-01 until before 2024-03-01"),
        ("1999-01-01,Oil,1", "date is not from 2010-01-01 until before 2024-03-01"),
        ("01/05/2023,Oil,1", "date is not YYYY-MM-DD"),
        ("2023-05-01,,1", "part is empty or too long"),
        ("2023-05-01,Oil,two", "quantity is not a number"),
        ("2023-05-01,Oil,nan", "quantity is not above 0 and at most 1,000,000"),
        ("2023-05-01,Oil,-1", "quantity is not above 0 and at most 1,000,000"),
        ("2023-05-01,Oil", "quantity is not a number"),
    ],
)
def test_a_line_that_cannot_be_counted_is_refused_and_the_others_stay(line: str, reason: str) -> None:
    found = imported(f"date,part,quantity\n{line}\n2023-05-02,Oil,1\n")

    assert found.rejected == Counter({reason: 1})
    assert found.rows.num_rows == 1


def test_a_file_without_the_columns_is_refused_whole() -> None:
    with pytest.raises(BadRequestError, match="has no column quantity"):
        imported("date,part\n2023-05-01,Oil\n")


def test_imported_usage_joins_the_history_and_leaves_it_as_it_was() -> None:
    objects = FakeObjects()
    known = history()
    store(objects, imported("date,part,quantity\n2023-05-01,Oil,1\n"))

    joined = with_imported(known, objects)

    assert [row["part"] for row in joined.rows.to_pylist()] == ["oil", "p1"]
    assert (joined.rules, joined.rebuilt_at) == (known.rules, known.rebuilt_at)
    assert len(known) == 1


def test_importing_again_replaces_and_an_empty_file_takes_back() -> None:
    objects = FakeObjects()
    store(objects, imported("date,part,quantity\n2023-05-01,Oil,1\n"))
    store(objects, imported("date,part,quantity\n2023-05-01,Oil,3\n"))
    assert with_imported(history(), objects).rows["quantity"].to_pylist() == [3.0, 2.0]

    store(objects, imported("date,part,quantity\n"))

    assert with_imported(history(), objects).rows.num_rows == 1


def test_without_an_import_the_history_is_the_history() -> None:
    known = history()

    assert with_imported(known, FakeObjects()) is known


def test_a_damaged_import_is_told_with_its_remedy() -> None:
    objects = FakeObjects()
    objects.write(NAME, b"not parquet", if_generation=0)

    with pytest.raises(DamagedError, match="import the file again"):
        with_imported(history(), objects)
