"""Promises 1 and 2 under a burst: the real on_appointment, queue and retrain, deliveries three times each in any order.

``RESTOCK_BURST=2000`` plays the full burst of 6,000 deliveries; ``make test`` a smaller one of the same shape.
"""

from __future__ import annotations

import http.client
import os
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.retries import RetryConfig
from local.cloud_tasks import LocalCloudTasks
from local.functions import start_function, wait_until_listening
from local.processes import Child, free_port
from restock.counting.count import AppointmentWritten
from restock.gcp.tasks import CloudTasksQueue
from restock.operating import verbs
from tests.builders import a_settings, cloud_event, environment, payload
from tests.emulator.repair_shop import TRAPS, ZONE, RepairShop
from tests.waiting import wait_until

pytestmark = pytest.mark.needs("firestore", "storage")

COMPLETIONS = int(os.environ.get("RESTOCK_BURST", "300"))
TIMES_EACH = 3
SENDERS = 32
THRESHOLD = 10
FIT_SECONDS = 2
"""So long a fit takes here: while one retrain is at work, completions gather for the next."""


@dataclass
class Loop:
    """on_appointment, the queue and retrain, each real; the events are sent by the test."""

    shop: RepairShop
    tasks: LocalCloudTasks
    queue: str
    on_appointment: str
    children: list[Child]
    retrain_url: str

    @classmethod
    def start(cls, firestore_host: str, storage, folder: Path) -> Loop:
        name = f"burst-{uuid.uuid4().hex[:8]}"
        tasks = LocalCloudTasks().start()
        queue = f"projects/{name}/locations/europe-west1/queues/retrain"
        tasks.create_queue(queue, RetryConfig(max_attempts=-1, min_backoff_seconds=0.2, max_backoff_seconds=2))
        ports = {"on_appointment": free_port(), "retrain": free_port()}
        env = environment(
            GOOGLE_CLOUD_PROJECT=name,
            RESTOCK_BUCKET=storage.create_bucket(name),
            SHOP_TIME_ZONE=ZONE,
            RETRAIN_QUEUE=queue,
            RETRAIN_URL=f"http://127.0.0.1:{ports['retrain']}/",
            TASKS_EMULATOR_HOST=tasks.host,
            TRAP_FIT_SECONDS=str(FIT_SECONDS),
            FIRESTORE_EMULATOR_HOST=firestore_host,
            STORAGE_EMULATOR_HOST=storage.url,
        )
        children = [
            start_function("on_appointment", port=ports["on_appointment"], env=env, log_dir=folder),
            start_function("retrain", port=ports["retrain"], env=env, functions_dir=TRAPS, log_dir=folder),
        ]
        for child in children:
            wait_until_listening(child, ports[child.name])
        on_appointment = f"http://127.0.0.1:{ports['on_appointment']}"
        return cls(RepairShop(name, name), tasks, queue, on_appointment, children, env["RETRAIN_URL"])

    def stop(self) -> None:
        for child in self.children:
            child.stop()
        self.tasks.stop()

    def send(self, events: list[AppointmentWritten]) -> Counter[int]:
        """Deliver in this order from many senders; again, as the platform would, what was answered with an error."""
        waiting, statuses, lock = list(reversed(events)), Counter[int](), threading.Lock()

        def sender(_: int) -> None:
            connection = http.client.HTTPConnection(urlsplit(self.on_appointment).netloc, timeout=120)
            while True:
                with lock:
                    if not waiting:
                        return
                    event = waiting.pop()
                status = post(connection, event)
                with lock:
                    statuses[status] += 1
                    if status >= 400:
                        waiting.insert(0, event)

        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(sender, range(SENDERS)))
        return statuses

    def come_to_rest(self) -> None:
        wait_until(lambda: not self.tasks.pending(self.queue), every_seconds=0.1)

    def retrain(self) -> None:
        """By hand, through the queue."""
        settings = a_settings(
            tasks_emulator_host=self.tasks.host, retrain_queue=self.queue, retrain_url=self.retrain_url
        )
        verbs.ask_for_retrain(CloudTasksQueue(settings))
        self.come_to_rest()

    def threshold_runs(self) -> list[str]:
        return [run["status"] for run in self.shop.runs() if run["reason"] == "threshold"]


def post(connection: http.client.HTTPConnection, event: AppointmentWritten) -> int:
    before, after = event.before, event.after
    assert after
    body = payload(
        event.appointment,
        before.fields if before else None,
        after.fields,
        after.update_time,
        before_at=before.update_time if before else None,
    )
    headers, body = cloud_event(body, event.appointment, after.update_time)
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


@pytest.fixture
def loop(_firestore, _storage, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loop]:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", _firestore.host)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", _storage.url)
    running = Loop.start(_firestore.host, _storage, tmp_path / "logs")
    yield running
    running.stop()


def test_promise_2_64_deliveries_of_the_tenth_completion_at_once_are_one_retrain(loop):
    shop = loop.shop
    shop.write("old", "completed")
    events = [shop.write(f"a{number}", "completed") for number in range(THRESHOLD)]
    loop.send(events[:-1])

    with ThreadPoolExecutor(64) as pool:
        netloc = urlsplit(loop.on_appointment).netloc
        statuses = Counter(
            pool.map(lambda _: post(http.client.HTTPConnection(netloc, timeout=120), events[-1]), range(64))
        )
    loop.come_to_rest()

    assert statuses == {200: 64}
    assert loop.threshold_runs().count("published") == 1
    assert len([run for run in shop.runs() if run["status"] == "published"]) == 1
    assert shop.live_history() == shop.recounted()
    assert shop.pending() == 0


def test_promises_1_2_a_burst_of_completions_is_counted_exactly(loop, request):
    shop = loop.shop
    shop.write("old", "completed")
    loop.retrain()
    events = [shop.write(f"a{number:04}", "completed") for number in range(COMPLETIONS)]
    deliveries = events * TIMES_EACH
    random.Random(7).shuffle(deliveries)

    started = time.monotonic()
    statuses = loop.send(deliveries)
    sent_seconds = time.monotonic() - started
    loop.come_to_rest()
    seconds = time.monotonic() - started

    merged = shop.documents.count_true("restock_changes", "pending", 100_000)
    done = len(loop.tasks.done(loop.queue))
    runs = Counter(loop.threshold_runs())
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(
            f"\nburst: {len(deliveries):,} deliveries of {COMPLETIONS:,} completions by {SENDERS} senders in "
            f"{sent_seconds:.0f} s, answers {dict(statuses)}, tasks {done}, retrains {dict(runs)}, "
            f"still pending {merged}"
        )
    assert sum(count for status, count in statuses.items() if status >= 500) == 0
    assert statuses[200] == len(deliveries)
    assert shop.awaiting() < THRESHOLD
    assert 0 < runs["published"] <= seconds / FIT_SECONDS + 1
    counted = sum(run["changes"]["awaiting"] for run in shop.runs() if run["status"] == "published")
    assert counted + shop.awaiting() == COMPLETIONS, "each counts once, towards one retrain"
    loop.retrain()
    assert shop.pending() == 0
    assert shop.live_history() == shop.recounted()
    assert len(shop.live_history()) == COMPLETIONS + 1
