"""Comparing a full read with the history: told by columns what a reader would tell row by row."""

import random
from datetime import timedelta

from restock.counting.appointments import Usage, UsedPart
from restock.history.history import CountedAppointment, Drift, History, drift, vanished
from tests.builders import NOON, TODAY

LONG_AGO, SINCE = NOON - timedelta(days=3), NOON - timedelta(days=1)


def used(name, *parts, day=TODAY, at=LONG_AGO):
    return CountedAppointment(name, Usage(day, tuple(UsedPart(key, key.upper(), units) for key, units in parts)), at)


def a_history(*counted):
    return History.of(counted, "rules", NOON)


def test_the_same_usage_counted_at_another_time_and_in_another_order_is_no_drift():
    one = a_history(used("a", ("p", 1.0), ("q", 0.5)), used("b", ("p", 2.0)))
    other = a_history(used("b", ("p", 2.0), at=NOON), used("a", ("q", 0.5), ("p", 1.0), at=NOON))

    assert drift(one, other, SINCE) == Drift()


def test_what_differs_is_told_from_what_may_still_be_under_way():
    expected = a_history(
        used("same", ("p", 1.0)), used("old", ("p", 1.0)), used("young", ("p", 1.0)), used("gone", ("p", 1.0))
    )
    found = a_history(
        used("same", ("p", 1.0)),
        used("old", ("p", 1.5)),
        used("young", ("p", 2.0), at=NOON),
        used("missed", ("p", 1.0)),
        used("new", ("p", 1.0), at=NOON),
    )

    assert drift(expected, found, SINCE) == Drift(differing=("missed", "old"), in_flight=("gone", "new", "young"))


def test_one_part_more_another_day_or_another_name_is_a_difference():
    expected = a_history(used("more", ("p", 1.0)), used("day", ("p", 1.0)), used("name", ("p", 1.0)))
    renamed = CountedAppointment("name", Usage(TODAY, (UsedPart("p", "Other", 1.0),)), LONG_AGO)
    found = a_history(
        used("more", ("p", 1.0), ("q", 1.0)), used("day", ("p", 1.0), day=TODAY - timedelta(days=1)), renamed
    )

    assert drift(expected, found, SINCE).differing == ("day", "more", "name")


def test_it_tells_what_a_reader_would_tell_appointment_by_appointment():
    chance = random.Random(3)
    for _ in range(30):
        expected, found = (
            {
                f"a{k}": used(
                    f"a{k}",
                    *((f"p{j}", chance.choice([1.0, 1.5])) for j in range(chance.randint(1, 3))),
                    at=chance.choice([LONG_AGO, NOON]),
                )
                for k in range(40)
                if chance.random() < 0.8
            }
            for _ in range(2)
        )
        unlike = {name for name in expected.keys() | found.keys() if usage_in(expected, name) != usage_in(found, name)}
        wrong = {name for name in unlike if name in found and found[name].source_time <= SINCE}

        told = drift(a_history(*expected.values()), a_history(*found.values()), SINCE)

        assert told == Drift(tuple(sorted(wrong)), tuple(sorted(unlike - wrong)))


def usage_in(counted, name):
    return counted[name].usage if name in counted else None


def test_the_vanished_are_counted_by_appointment():
    expected = a_history(used("a", ("p", 1.0), ("q", 1.0)), used("b", ("p", 1.0)), used("c", ("p", 1.0)))

    assert vanished(expected, a_history(used("b", ("p", 9.0)), used("d", ("p", 1.0)))) == (2, 3)
    assert vanished(a_history(), expected) == (0, 0)
