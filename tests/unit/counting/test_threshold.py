"""When a completion asks for a retrain, and when it does not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.counting.count import count
from restock.counting.threshold import task_name
from restock.errors import StoreUnavailableError
from restock.logs import Log
from restock.stored.names import STATE
from tests.builders import NOON, appointment, completion, part, written
from tests.unit.counting.world import World

MINUTE = timedelta(minutes=1)


def test_the_tenth_completion_asks_for_a_retrain():
    world = World(threshold=10)

    world.deliver(*(completion(f"a{n}") for n in range(9)))
    assert world.queue.tasks == {}
    world.deliver(completion("a9"))

    assert [task.body for task in world.queue.tasks.values()] == [{"reason": "threshold"}]


def test_failing_1_the_first_training_needs_no_more_than_the_threshold():
    world = World(threshold=1)

    world.deliver(completion())

    assert len(world.queue.created) == 1


def test_failing_2_withdrawals_do_not_outweigh_completions():
    world = World(threshold=12)

    world.deliver(*(completion(f"new{n}") for n in range(12)))
    world.deliver(*(written(f"old{n}", appointment(), appointment("in_process")) for n in range(3)))

    assert len(world.queue.created) == 1


def test_promise_2_edits_do_not_count():
    world = World(threshold=1)

    world.deliver(written(before=appointment(), after=appointment(parts=[part("Oil", 3)])))

    assert len(world.queue.created) == 0


def test_promise_2_a_delivery_that_changes_nothing_still_looks_at_the_threshold():
    """The process may have died after merging and before asking."""
    world = World(threshold=1)
    world.deliver(completion())
    world.queue.tasks.clear()

    world.deliver(completion())

    assert len(world.queue.tasks) == 1


def test_promise_2_a_queue_that_is_away_is_an_error_that_a_redelivery_mends():
    world = World(threshold=1)

    def away(effect):
        raise StoreUnavailableError("queue")

    world.queue.before = away
    with pytest.raises(StoreUnavailableError):
        world.deliver(completion())
    world.queue.before = lambda effect: None
    world.deliver(completion())

    assert len(world.queue.created) == 1


def test_one_crossing_is_one_task_however_often_it_is_seen():
    world = World(threshold=2)

    world.deliver(*(completion(f"a{n}") for n in range(8)))

    assert len(world.queue.created) == 1


def test_promise_2_the_crossing_after_another_run_gets_a_task_of_its_own():
    world = World(threshold=1)
    world.deliver(completion("a1"))
    world.documents.set(STATE, {"run": 1})

    world.deliver(completion("a2"))

    assert len(world.queue.created) == 2


def test_a_task_waits_for_retry_at():
    world = World(threshold=1)
    world.documents.set(STATE, {"run": 3, "retry_at": NOON + 10 * MINUTE})

    world.deliver(completion())

    assert [task.due for task in world.queue.tasks.values()] == [NOON + 10 * MINUTE]


def test_task_names_are_of_one_run_and_one_hour():
    assert task_name(1, NOON) == task_name(1, NOON + 59 * MINUTE)
    assert task_name(1, NOON) != task_name(1, NOON + 60 * MINUTE)
    assert task_name(1, NOON) != task_name(2, NOON)


def test_the_queue_is_loaded_at_the_threshold_not_at_the_first_completion():
    """Its client takes longer to load than a delivery takes."""
    world = World(threshold=3)
    loaded = []

    def load():
        loaded.append(len(world.documents.stored("restock_changes")))
        return world.queue

    for number in range(4):
        count(
            completion(f"a{number}"),
            rules=world.rules,
            threshold=3,
            documents=world.open_documents,
            queue=load,
            now=NOON,
            log=Log("on_appointment", stream=world.lines),
        )

    assert loaded == [3, 4]
