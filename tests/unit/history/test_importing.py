"""Usage from before the app: which files are stored, and that they join the history only for fitting."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

import pytest

from restock.counting.appointments import Usage, UsedPart
from restock.errors import BadRequestError, DamagedError
from restock.history.history import CountedAppointment, History
from restock.history.importing import NAME, check_before, first_counted, read_imported, store, told, with_imported
from restock.history.usage_file import Imported, read
from tests.fakes import FakeObjects
from tests.unit.retraining.shop import Shop

NOW = datetime(2026, 3, 2, tzinfo=UTC)
COUNTED = CountedAppointment("a1", Usage(date(2026, 3, 1), (UsedPart("p1", "Air Filter", 2.0),)), NOW)


def imported(text: str) -> Imported:
    return read(io.StringIO(text), earliest=date(2010, 1, 1), before=date(2024, 3, 1))


def history() -> History:
    return History.of([COUNTED], "rules", NOW)


def test_imported_usage_before_the_first_counted_day_is_accepted() -> None:
    check_before(date(2024, 3, 1), date(2026, 3, 2), (date(2024, 3, 1), "a1"))
    check_before(date(2026, 3, 2), date(2026, 3, 2), None)


def test_a_takeover_after_today_is_refused() -> None:
    with pytest.raises(BadRequestError, match="2026-03-03 is after today, 2026-03-02"):
        check_before(date(2026, 3, 3), date(2026, 3, 2), None)


def test_a_takeover_after_the_first_counted_day_is_refused_with_the_appointment() -> None:
    with pytest.raises(BadRequestError, match=r"2024-02-29 \(appointment a7\).* Write --before 2024-02-29"):
        check_before(date(2024, 3, 1), date(2026, 3, 2), (date(2024, 2, 29), "a7"))


def test_the_first_counted_day_is_that_of_the_live_history() -> None:
    shop = Shop()
    for number, day in enumerate(("2024-05-01", "2024-04-30", "2025-01-01")):
        shop.complete(f"a{number}", date=day)
    assert first_counted(shop.objects) is None

    shop.retrain()

    assert first_counted(shop.objects) == (date(2024, 4, 30), "a1")


GOOD = "date,part,quantity\n" + "2023-05-01,Oil,1\n" * 100


@pytest.mark.parametrize(
    "wrong",
    [
        GOOD.replace("2023-05-01", "01/05/2023"),
        GOOD.replace("2023-05-01,Oil,1\n", "2023-05-01,Oil,x\n", 4),
        "date,part,quantity\n2023-05-01,Oil,x\n",
        "date,part,quantity\n2023-05-01,Oil,1\n2023-05-01,Oil,x\n",
    ],
)
def test_a_wrong_file_leaves_what_was_imported_before_and_says_why(wrong: str) -> None:
    objects = FakeObjects()
    store(objects, imported(GOOD))

    with pytest.raises(BadRequestError, match=r"nothing imported(.|\n)*\(line [23]"):
        store(objects, imported(wrong))

    assert with_imported(history(), read_imported(objects)).rows.num_rows == 101


def test_a_few_slips_are_told_and_the_rest_is_taken() -> None:
    objects = FakeObjects()
    found = imported(GOOD + "2023-05-01,Oil,x\n2023-05-01,Oil,y\n01/05/2023,Oil,1\n")

    store(objects, found)

    assert told(found).splitlines() == [
        "100 lines imported; the next retrain learns from them",
        "  2 refused: quantity is not a number (line 102, 103)",
        "  1 refused: date is not YYYY-MM-DD (line 104)",
    ]
    assert with_imported(history(), read_imported(objects)).rows.num_rows == 101


def test_imported_usage_joins_the_history_and_leaves_it_as_it_was() -> None:
    objects = FakeObjects()
    known = history()
    store(objects, imported("date,part,quantity\n2023-05-01,Oil,1\n"))

    joined = with_imported(known, read_imported(objects))

    assert [row["part"] for row in joined.rows.to_pylist()] == ["oil", "p1"]
    assert (joined.rules, joined.rebuilt_at) == (known.rules, known.rebuilt_at)
    assert len(known) == 1


def test_importing_again_replaces_and_an_empty_file_takes_back() -> None:
    objects = FakeObjects()
    store(objects, imported("date,part,quantity\n2023-05-01,Oil,1\n"))
    store(objects, imported("date,part,quantity\n2023-05-01,Oil,3\n"))
    assert with_imported(history(), read_imported(objects)).rows["quantity"].to_pylist() == [3.0, 2.0]

    store(objects, imported("date,part,quantity\n"))

    assert with_imported(history(), read_imported(objects)).rows.num_rows == 1


def test_without_an_import_the_history_is_the_history() -> None:
    known = history()

    assert with_imported(known, read_imported(FakeObjects())) is known


def test_a_damaged_import_is_told_with_its_remedy() -> None:
    objects = FakeObjects()
    objects.write(NAME, b"not parquet", if_generation=0)

    with pytest.raises(DamagedError, match="import the file again"):
        with_imported(history(), read_imported(objects))
