"""What becomes of completions of which nothing can be counted: they leave a trace, and give way to what comes later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.builders import NOON, appointment, completion, part, written
from tests.unit.counting.world import World

LOST = {"parts": [part("Oil", "two")]}

MINUTE = timedelta(minutes=1)


def test_promise_8_a_completion_of_which_nothing_counts_leaves_a_change_that_awaits_nothing():
    world = World(threshold=1)

    world.deliver(completion(**LOST))

    assert world.change() == {
        "usage": [],
        "source_time": NOON,
        "pending": True,
        "awaiting": False,
        "rejected": [{"field": "spareParts.quantity", "reason": "is not a number"}],
        "rules": world.rules.digest,
        "schema": 2,
    }
    assert world.queue.tasks == {}
    assert world.logged()[-1]["message"] == "merged; nothing of it could be counted, the next run reports it"


@pytest.mark.parametrize(
    "fields",
    [
        appointment(date="01/03/2026", createdAt=None),
        appointment() | {"spareParts": "2 x Oil"},
        appointment() | {"spareParts": {"name": "Oil"}},
        appointment(parts=["Oil"]),
        appointment(parts=[{"quantity": 1}]),
        appointment(parts=[part("Oil", 0), part("Belt", None)]),
    ],
)
def test_promise_8_whatever_made_a_completion_uncountable_it_leaves_a_trace(fields):
    world = World()

    world.deliver(written(before=appointment("in_process"), after=fields))

    assert world.change()["pending"] is True
    assert world.change()["rejected"]


@pytest.mark.parametrize(
    "event",
    [
        written(before=appointment(**LOST), after=appointment(**LOST, rating=5)),
        written(before=appointment("pending", **LOST), after=appointment("cancelled", **LOST)),
        written(after=appointment(parts=[])),
    ],
)
def test_promise_8_a_write_that_loses_nothing_more_costs_no_database_call(event):
    world = World()

    world.deliver(event)

    assert world.opened == 0


@pytest.mark.parametrize(
    ("after", "used"),
    [(appointment(), 1), (appointment("cancelled", **LOST), 0), (appointment(parts=[]), 0), (None, 0)],
)
@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1, 0)])
def test_promise_1_a_trace_gives_way_to_what_came_later_in_any_order_of_deliveries(after, used, order):
    world = World()
    events = [completion(**LOST), written(before=appointment(**LOST), after=after, before_at=NOON, at=NOON + MINUTE)]

    world.deliver(*(events[number] for number in order))

    assert len(world.change()["usage"]) == used
    assert "rejected" not in world.change()
    assert world.change()["awaiting"] is bool(used)


def test_an_edit_that_makes_a_completion_unreadable_withdraws_it_and_says_why():
    world = World()

    world.deliver(completion(), written(before=appointment(), after=appointment(**LOST), at=NOON + MINUTE))

    assert world.change()["usage"] == []
    assert world.change()["rejected"] == [{"field": "spareParts.quantity", "reason": "is not a number"}]


@pytest.mark.parametrize("status", ["done", "BookingStatus.done", "Terminé", 3, None])
def test_promise_8_an_unknown_status_is_said_with_its_remedy_if_there_are_parts(status):
    world = World()

    world.deliver(written(after=appointment(status)), written(after=appointment(status, parts=[])))

    (line,) = [line for line in world.logged() if line["severity"] == "WARNING"]
    assert line["appointment"] == "a1"
    assert "is not known" in line["message"]
    assert "COMPLETED_STATUSES" in line["message"]
    assert world.opened == 0


@pytest.mark.parametrize("status", ["pending", "confirmed", "in_process", "Cancelled ", "BookingStatus.rejected"])
def test_a_status_of_the_app_is_nothing_to_speak_of(status):
    world = World()

    world.deliver(written(after=appointment(status)))

    assert [line for line in world.logged() if line["severity"] == "WARNING"] == []
