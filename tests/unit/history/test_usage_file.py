"""A CSV file from any spreadsheet: read for certain, or refused with the number of its line."""

from __future__ import annotations

import io
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from restock.counting.quantities import AMBIGUOUS
from restock.errors import BadRequestError
from restock.history.usage_file import Imported, read, read_file

EARLIEST, BEFORE = date(2010, 1, 1), date(2024, 3, 1)
MORE = "has more cells than the first line names; put quotes around what holds a separator"
FEWER = MORE.replace("more", "fewer")
DECIMALS = "what follows quantity may be its decimals; put quotes around the quantity, or use semicolons"


def imported(text: str) -> Imported:
    return read(io.StringIO(text), earliest=EARLIEST, before=BEFORE)


def taken(found: Imported) -> list[tuple[str, float]]:
    return [(row["part"], row["quantity"]) for row in found.rows.to_pylist()]


def test_a_line_becomes_a_row_under_its_id_or_its_folded_name() -> None:
    found = imported("date,part,quantity,part_id\n2023-05-01, Air Filter ,2.5,\n2023-05-02,Oil,1,p9\n")

    rows = found.rows.to_pylist()
    assert [(row["day"], row["part"], row["name"], row["quantity"]) for row in rows] == [
        (date(2023, 5, 1), "air filter", "Air Filter", 2.5),
        (date(2023, 5, 2), "p9", "Oil", 1.0),
    ]
    assert found.refused.numbers == Counter()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2024-03-01,Oil,1", "date is not from 2010-01-01 until before 2024-03-01"),
        ("1999-01-01,Oil,1", "date is not from 2010-01-01 until before 2024-03-01"),
        ("01/05/2023,Oil,1", "date is not YYYY-MM-DD"),
        ("2023-W09-5,Oil,1", "date is not YYYY-MM-DD"),
        ("20230501,Oil,1", "date is not YYYY-MM-DD"),
        ("2023-05-01T00:00:00,Oil,1", "date is not YYYY-MM-DD"),
        ("２０２３-05-01,Oil,1", "date is not YYYY-MM-DD"),
        ("2023-05-01,,1", "part is empty or too long"),
        (f"2023-05-01,{'x' * 501},1", "part is empty or too long"),
        ("2023-05-01,Oil,two", "quantity is not a number"),
        ("2023-05-01,Oil,", "quantity is not a number"),
        ("2023-05-01,Oil,nan", "quantity is not a number"),
        ("2023-05-01,Oil,1_000", "quantity is not a number"),
        ("2023-05-01,Oil,1 000", "quantity is not a number"),
        ("2023-05-01,Oil,0x10", "quantity is not a number"),
        ("2023-05-01,Oil,１", "quantity is not a number"),
        ("2023-05-01,Oil,1e999", "quantity is not finite"),
        ("2023-05-01,Oil,1e9", "quantity is above 1000000"),
        ("2023-05-01,Oil,-1", "quantity is not positive"),
        ('2023-05-01,Oil,"1,200"', f"quantity {AMBIGUOUS}"),
        ("2023-05-01,Oil", FEWER),
        ("2023-05-01,Bolt,1,200", MORE),
        ("2023-05-01,Engine oil,1,5", MORE),
        ("2023-05-01,Oil,1,", MORE),
        ("2023-05-01,Oil, synthetic,1", MORE),
    ],
)
def test_a_line_that_cannot_be_counted_is_refused_with_its_number_and_the_others_stay(line: str, reason: str) -> None:
    found = imported(f"date,part,quantity\n{line}\n2023-05-02,Oil,1\n")

    assert found.refused.numbers == Counter({reason: 1})
    assert found.refused.first == {reason: [2]}
    assert taken(found) == [("oil", 1.0)]


@pytest.mark.parametrize(
    "line", ['2023-05-01,"Oil,1', '"2023-05-01,Oil,1', '2023-05-01,Oil,"1', '2023-05-01,"19" wheel,1']
)
def test_a_stray_quote_costs_its_own_line_and_none_behind_it(line: str) -> None:
    found = imported(f'date,part,quantity\n{line}\n2023-05-02,Oil,1\n2023-05-03,"Belt",2\n')

    assert taken(found) == [("oil", 1.0), ("belt", 2.0)]
    assert list(found.refused.first.values()) == [[2]]
    assert "quote that is not closed" in next(iter(found.refused.first))


def test_a_quote_inside_a_name_is_part_of_it() -> None:
    found = imported('date,part,quantity\n2023-05-01,Rim 19",1\n2023-05-01,"Rim 19"", black",1\n')

    assert taken(found) == [('rim 19"', 1.0), ('rim 19", black', 1.0)]


@pytest.mark.parametrize("text", ["1,200", "1,5", "12,50"])
@pytest.mark.parametrize("header", ["date,part,quantity,part_id", "date,quantity,part"])
def test_decimals_or_thousands_behind_a_bare_comma_are_not_taken_for_a_name_or_an_id(header: str, text: str) -> None:
    line = f"2023-05-01,{text}" if header.endswith("part") else f"2023-05-01,Oil,{text}"
    found = imported(f"{header}\n{line}\n")

    assert found.refused.numbers == Counter({DECIMALS: 1})
    assert taken(found) == []


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_separator_is_recognised_or_said_in_the_first_line(
    separator: str, said: bool, end: str, tmp_path: Path
) -> None:
    lines = [separator.join(cells) for cells in (("date", "part", "quantity"), ("2023-05-01", "Oil", "2"))]
    file = tmp_path / "usage.csv"
    file.write_text(end.join([f"sep={separator}"] * said + lines), encoding="utf-8-sig", newline="")

    found = read_file(file, earliest=EARLIEST, before=BEFORE)

    assert taken(found) == [("oil", 2.0)]


def test_line_numbers_are_those_of_the_file() -> None:
    found = imported("sep=;\ndate;part;quantity\n2023-05-01;Oil;1\n;;\n\n2023-05-01;Oil;x\n")

    assert found.refused.first == {"quantity is not a number": [6]}
    assert found.lines == 2


@pytest.mark.parametrize("header", ["Date,PART, Quantity ,Part ID", "\ufeffdate,part,quantity,part_id,"[:-1]])
def test_headers_are_read_in_any_case_and_behind_a_byte_order_mark(header: str) -> None:
    assert taken(imported(f"{header}\n2023-05-01,Oil,1,p9\n")) == [("p9", 1.0)]


def test_with_semicolons_a_comma_marks_decimals_and_a_point_of_thousands_is_refused() -> None:
    found = imported(
        "date;part;quantity\n2023-05-01;Oil;1,5\n2023-05-01;Oil;1.5\n2023-05-01;Oil;1.200\n2023-05-01;Oil;1.200,5\n"
        "2023-05-01;Oil;1,200\n"
    )

    assert taken(found) == [("oil", 1.5), ("oil", 1.5)]
    assert found.refused.first == {f"quantity {AMBIGUOUS}": [4, 6], "quantity is not a number": [5]}


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("date,part", "has no column quantity"),
        ("", "has no column date, part, quantity"),
        ("date|part|quantity", "has no column date, part, quantity"),
        ("date,part,quantity,Quantity", "two columns of the file are named quantity"),
        ("date,part,part,quantity", "two columns of the file are named part"),
        ("sep=|\ndate|part|quantity", "only a comma, a semicolon or a tab"),
        ('date,"part,quantity', "the line that names the columns has a quote that is not closed"),
    ],
)
def test_a_file_whose_columns_are_not_certain_is_refused_whole(header: str, words: str) -> None:
    with pytest.raises(BadRequestError, match=words.replace("|", r"\|")):
        imported(f"{header}\n2023-05-01,Oil,1\n")


def test_columns_of_others_are_left_alone() -> None:
    found = imported("price,date,note,note,part,quantity\n9.5,2023-05-01,a,b,Oil,1\n")

    assert taken(found) == [("oil", 1.0)]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_a_line_that_is_not_utf_8_is_refused_with_its_number(encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    file.write_bytes("date,part,quantity\n2023-05-01,Öl,1\n2023-05-01,Oil,1\n".encode(encoding))

    found = read_file(file, earliest=EARLIEST, before=BEFORE)

    assert found.refused.first == {"is not UTF-8; save the file as CSV UTF-8": [2]}
    assert taken(found) == [("oil", 1.0)]


@pytest.mark.parametrize("data", ["date,part,quantity\n".encode("utf-16"), b"PK\x03\x04\x00\xff", b"\x00" * 100])
def test_what_is_no_text_is_refused_whole(data: bytes, tmp_path: Path) -> None:
    file = tmp_path / "usage.csv"
    file.write_bytes(data)

    with pytest.raises(BadRequestError):
        read_file(file, earliest=EARLIEST, before=BEFORE)


def test_only_the_first_lines_of_a_reason_are_named() -> None:
    found = imported("date,part,quantity\n" + "2023-05-01,Oil,x\n" * 10)

    assert found.refused.numbers == Counter({"quantity is not a number": 10})
    assert found.refused.first == {"quantity is not a number": [2, 3, 4]}
