"""Quantities that look like typing errors are told once, and usual ones never."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.counting.appointments import Usage, UsedPart
from restock.history.history import CountedAppointment, History
from restock.history.unusual import unusual, unusual_since
from tests.builders import NOON, TODAY


def history(*quantities, part="belt"):
    rows = [
        CountedAppointment(f"{part}-{n}", Usage(TODAY, (UsedPart(part, part, float(quantity)),)), NOON)
        for n, quantity in enumerate(quantities)
    ]
    return History.of(rows, "r", NOON)


@pytest.mark.parametrize("typed", [1_000_000, 10_000, 100])
def test_a_typing_error_is_told_with_part_appointment_and_what_is_usual(typed):
    (found,) = unusual(None, history(1, 2, 1, 1, 2, 1, typed))

    assert (found.appointment, found.part, found.quantity, found.usual) == ("belt-6", "belt", typed, 1.0)
    assert f"appointments/belt-6 uses {typed:,} of belt, usual are 1" in str(found)


def test_a_second_one_hides_neither():
    assert len(unusual(None, history(1, 1, 2, 1, 5000, 5000, 1))) == 2


def test_for_four_weeks_it_is_told_in_public_without_the_appointment():
    lately = history(1, 2, 1, 1, 2, 1, 5000)

    (found,) = unusual_since(TODAY, lately)

    assert found.without_appointment().startswith(f"unusual quantity: 5,000 of belt used on {TODAY}, usual are 1; ")
    assert "belt-6" not in found.without_appointment()
    assert unusual_since(TODAY + timedelta(1), lately) == []


def test_it_is_told_once():
    after = history(1, 1, 1, 1, 1, 5000)

    assert unusual(after, after) == []


@pytest.mark.parametrize("usual", [[4000, 5000, 3500, 4500, 20_000], [1, 2, 1, 1, 40], [1, 1, 1, 1, 12]])
def test_what_is_usual_for_a_part_is_not_told(usual):
    assert unusual(None, history(*usual)) == []


def test_a_part_hardly_ever_used_is_held_against_all_parts():
    both = History.of((), "r", NOON)
    import pyarrow as pa

    rows = pa.concat_tables([history(1, 2, 1, 1, 1, 2).rows, history(900, part="rare").rows])

    assert [one.part for one in unusual(both, History(rows, "r", NOON))] == ["rare"]


def test_nothing_used_is_nothing_unusual():
    assert unusual(None, History.of((), "r", NOON)) == []
