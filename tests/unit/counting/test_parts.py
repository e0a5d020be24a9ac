"""The parts a job used: how they are listed, named and counted."""

from __future__ import annotations

import random

import pytest

from restock.counting.appointments import (
    Rejection,
    UsedPart,
)
from restock.counting.quantities import AMBIGUOUS
from tests.builders import NOON, appointment, part
from tests.unit.counting.counted import counted, parts_of, reasons


@pytest.mark.parametrize(
    ("quantity", "units"),
    [(2, 2.0), (2.5, 2.5), ("2", 2.0), (" 2.50 ", 2.5), ("1e2", 100.0), (".5", 0.5), ("+3", 3.0), (1_000_000, 1e6)],
)
def test_failing_4_quantities_are_whole_fractional_or_text(quantity, units):
    assert parts_of([part("Oil", quantity)]) == (UsedPart("oil", "Oil", units),)


@pytest.mark.parametrize(
    ("quantity", "units"),
    [
        ("1,5", 1.5),
        ("0,125", 0.125),
        (",5", 0.5),
        ("1,50", 1.5),
        ("1,2345", 1.2345),
        ("2 pcs", 2.0),
        ("2pcs.", 2.0),
        ("2 x", 2.0),
        ("2 Stück", 2.0),
        ("3 шт.", 3.0),
        ("4.5 l", 4.5),
        ("4,5\u00a0Liter", 4.5),
        ("2 m", 2.0),
        ("1 box (blue)", 1.0),
    ],
)
def test_a_quantity_that_can_mean_only_one_number_counts(quantity, units):
    assert parts_of([part("Oil", quantity)]) == (UsedPart("oil", "Oil", units),)


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        ("1,200", AMBIGUOUS),
        ("12,000", AMBIGUOUS),
        ("1,200,300", AMBIGUOUS),
        ("1,200 pcs", AMBIGUOUS),
        ("1.200 pcs", AMBIGUOUS),
        ("1,200.5", "is not a number"),
        ("1.200,5", "is not a number"),
        ("1 200", "is not a number"),
        ("1'200", "is not a number"),
        ("2 x 5", "is not a number"),
        ("2 boxes of 12", "is not a number"),
        ("2 dozen", "is not a number"),
        ("2k", "is not a number"),
        ("1e", "is not a number"),
        ("2-3", "is not a number"),
        ("2 1/2", "is not a number"),
        ("1/2", "is not a number"),
        ("pcs 2", "is not a number"),
        ("٢ pcs", "is not a number"),
        ("0 pcs", "is not positive"),
        ("-1 pcs", "is not positive"),
        ("9999999 pcs", "is above 1000000"),
        ("2 " + "x" * 10**6, "is not a number"),
    ],
    ids=lambda value: value[:20],
)
def test_promise_8_a_quantity_that_could_be_two_numbers_is_rejected(quantity, reason):
    assert reasons(appointment(parts=[part("Oil", quantity)]))[0] == f"spareParts.quantity {reason}"


@pytest.mark.parametrize(
    "listed",
    [
        {"0": part("Oil", 1), "1": part("Belt", 2)},
        {"1": part("Belt", 2), "0": part("Oil", 1)},
        {"-Nab": part("Oil", 1), "-Nac": part("Belt", 2)},
        {"oil": part("Oil", 1), "belt": part("Belt", 2)},
    ],
)
def test_parts_listed_as_a_map_count_as_a_list(listed):
    assert parts_of(listed) == (UsedPart("belt", "Belt", 2.0), UsedPart("oil", "Oil", 1.0))


def test_one_part_instead_of_a_list_counts():
    assert parts_of(part("Oil", 2)) == (UsedPart("oil", "Oil", 2.0),)


def test_promise_8_a_map_with_holes_is_counted_as_far_as_it_goes():
    fields = appointment() | {"spareParts": {"0": part("Oil", 1), "1": None, "10": part("OIL", 1), "2": part("oil", 1)}}

    assert counted(fields).usage.parts == (UsedPart("oil", "Oil", 3.0),)
    assert reasons(fields) == ["spareParts an entry is not a map"]


@pytest.mark.parametrize("listed", [{}, []])
def test_an_empty_map_is_an_empty_list(listed):
    assert counted(appointment() | {"spareParts": listed}) == counted(None)


@pytest.mark.parametrize(
    ("quantity", "reason"),
    [
        (None, "is missing"),
        (0, "is not positive"),
        (-1, "is not positive"),
        ("-2", "is not positive"),
        ("two", "is not a number"),
        ("", "is not a number"),
        ("0x10", "is not a number"),
        ("1_000", "is not a number"),
        ("٣", "is not a number"),
        ("1" * 65, "is not a number"),
        (True, "is not a number"),
        ([1], "is not a number"),
        (NOON, "is not a number"),
        (float("nan"), "is not finite"),
        (float("inf"), "is not finite"),
        ("1e999", "is not finite"),
        (1_000_001, "is above 1000000"),
        (2**63 - 1, "is above 1000000"),
    ],
)
def test_promise_8_other_quantities_are_rejected_with_a_reason_and_the_rest_counts(quantity, reason):
    fields = appointment(parts=[part("Bad", quantity), part("Good", 1)])

    found = counted(fields)

    assert found.usage.parts == (UsedPart("good", "Good", 1.0),)
    assert found.rejections == (Rejection("spareParts.quantity", reason),)


def test_failing_6_fractions_are_added_not_cut():
    assert parts_of([part("Oil", 0.5), part("Oil", 2.9)]) == (UsedPart("oil", "Oil", 3.4),)


def test_failing_6_names_that_differ_in_case_and_blanks_are_one_part():
    assert parts_of([part("AIR FILTER", 1), part("Air Filter ", 2)]) == (UsedPart("air filter", "AIR FILTER", 3.0),)


def test_a_part_is_known_by_its_id_if_it_has_one():
    assert parts_of([part("Oil", 1, id="P1"), part("Oil", 1), part("Oil", 1, id=" "), part("Oil", 1, id=7)]) == (
        UsedPart("P1", "Oil", 1.0),
        UsedPart("oil", "Oil", 3.0),
    )


def test_a_part_with_an_id_needs_no_name():
    assert parts_of([{"id": "P1", "quantity": 1}]) == (UsedPart("P1", "", 1.0),)


def test_the_order_of_the_list_does_not_matter():
    listed = [part("Oil", quantity) for quantity in (0.1, 0.2, 0.3, 1e6, 1e-9)] + [part("Air", 1), part("Belt", 2)]
    shuffled = random.Random(1).sample(listed, len(listed))

    assert parts_of(listed) == parts_of(shuffled)


def test_promise_8_of_an_endless_list_the_first_entries_are_counted():
    listed = [part(f"Part {number}", 1) for number in range(36_000)]

    assert len(parts_of(listed)) == 500
    assert reasons(appointment() | {"spareParts": listed}) == [
        "spareParts has more entries than the 500 that are counted"
    ]


@pytest.mark.parametrize("listed", [None, []])
def test_a_completion_without_parts_uses_nothing_and_that_is_no_mistake(listed):
    fields = appointment() | {"spareParts": listed}

    assert counted(fields) == counted(None)


def test_promise_8_what_is_no_list_of_maps_is_rejected():
    assert reasons(appointment() | {"spareParts": "Oil"}) == ["spareParts is not a list"]
    assert reasons(appointment() | {"spareParts": {"name": "Oil"}}) == ["spareParts is not a list"]
    assert reasons(appointment(parts=["Oil", None, [part()], part()])) == ["spareParts an entry is not a map"] * 3
    assert (
        reasons(appointment(parts=[{"quantity": 1}, part("  "), part("x" * 501), part(None), part(7)]))
        == ["spareParts an entry has neither a usable id nor a usable name"] * 5
    )
