"""One contract for the queue, held by the fake and by the real client against the local Cloud Tasks endpoint."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from restock.errors import StoreUnavailableError
from restock.scoped import queue_of
from tests.builders import a_settings
from tests.fakes import FakeQueue


class Fake:
    def __init__(self) -> None:
        self.clock_now = datetime.now(UTC)
        self.queue = FakeQueue(lambda: self.clock_now)

    def waiting(self) -> list[tuple[str, Any, datetime]]:
        return [(task.name, task.body, task.due) for task in self.queue.tasks.values()]

    def finish_all(self) -> None:
        for task in list(self.queue.tasks.values()):
            self.queue.settle(task, 200)


class Real:
    def __init__(self, server: Any, name: str) -> None:
        from restock.gcp.tasks import CloudTasksQueue

        self.server, self.name = server, name
        server.pause(name)
        settings = a_settings(
            retrain_queue=name,
            tasks_emulator_host=server.host,
            retrain_invoker="scheduler@demo.iam.gserviceaccount.com",
        )
        self.queue = CloudTasksQueue(settings)

    def waiting(self) -> list[tuple[str, Any, datetime]]:
        return [
            (
                task.name.rpartition("/")[2],
                json.loads(base64.b64decode(task.request["body"])),
                datetime.fromtimestamp(task.due, UTC),
            )
            for task in self.server.pending(self.name)
        ]

    def finish_all(self) -> None:
        for task in self.server.pending(self.name):
            self.server.delete(task.name)


@pytest.fixture(params=["fake", "cloud tasks"])
def world(request: pytest.FixtureRequest) -> Fake | Real:
    if request.param == "fake":
        return Fake()
    return Real(request.getfixturevalue("tasks_server"), request.getfixturevalue("queue"))


def test_a_task_carries_what_was_asked(world):
    assert world.queue.ask("run-1", {"reason": "threshold"}) is True

    assert [(name, body) for name, body, _ in world.waiting()] == [("run-1", {"reason": "threshold"})]


def test_the_same_name_is_one_task(world):
    world.queue.ask("run-1", {"reason": "threshold"})

    assert world.queue.ask("run-1", {"reason": "threshold"}) is False
    assert len(world.waiting()) == 1


def test_another_name_is_another_task(world):
    world.queue.ask("run-1", {"reason": "threshold"})

    assert world.queue.ask("run-2", {"reason": "threshold"}) is True
    assert len(world.waiting()) == 2


def test_the_name_of_a_finished_task_is_remembered(world):
    world.queue.ask("run-1", {"reason": "threshold"})
    world.finish_all()

    assert world.queue.ask("run-1", {"reason": "threshold"}) is False
    assert world.waiting() == []


def test_a_task_waits_until_its_time(world):
    not_before = datetime.now(UTC) + timedelta(minutes=7)

    world.queue.ask("run-1", {"reason": "threshold"}, not_before=not_before)

    ((_, _, due),) = world.waiting()
    assert not_before <= due <= not_before + timedelta(seconds=2)


def test_a_task_without_a_time_is_due_at_once(world):
    world.queue.ask("run-1", {"reason": "threshold"})

    ((_, _, due),) = world.waiting()
    assert due <= datetime.now(UTC) + timedelta(seconds=1)


def test_a_queue_that_is_not_there_is_unavailable(tasks_server, project):
    from restock.gcp.tasks import CloudTasksQueue

    missing = f"projects/{project}/locations/europe-west1/queues/missing"
    settings = a_settings(retrain_queue=missing, tasks_emulator_host=tasks_server.host)

    with pytest.raises(StoreUnavailableError, match="missing"):
        CloudTasksQueue(settings).ask("run-1", {"reason": "threshold"})


def test_the_task_names_the_invoker_and_the_deadline(tasks_server, queue):
    world = Real(tasks_server, queue)

    world.queue.ask("run-1", {"reason": "manual"})

    (task,) = tasks_server.pending(queue)
    assert task.request["oidcToken"]["serviceAccountEmail"] == "scheduler@demo.iam.gserviceaccount.com"
    assert task.request["oidcToken"]["audience"] == "http://127.0.0.1:1"
    assert task.deadline_seconds == 1800


def test_a_queue_that_does_not_answer_is_unavailable(project):
    from restock.gcp.tasks import CloudTasksQueue

    settings = a_settings(tasks_emulator_host="127.0.0.1:1")

    with pytest.raises(StoreUnavailableError):
        CloudTasksQueue(settings).ask("run-1", {"reason": "threshold"})


def test_the_tasks_of_two_shops_are_two_and_each_names_its_own(world):
    for shop in ("north", "south", "north"):
        queue_of(shop, world.queue).ask("run-1", {"reason": "threshold"})

    tasks = [(name, body) for name, body, _ in world.waiting()]
    assert [name.partition("-")[2] for name, _ in tasks] == ["north-run-1", "south-run-1"]
    assert [body for _, body in tasks] == [{"reason": "threshold", "shop": shop} for shop in ("north", "south")]
