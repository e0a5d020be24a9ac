"""Promises 1, 2 and 3 when several act at once: real processes, the real emulators."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from restock.stored.published import read_live
from tests.emulator.repair_shop import THRESHOLD, RepairShop, RetrainAnswer, RetrainProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.needs("firestore", "storage")


@pytest.fixture(scope="module")
def process(_firestore, _storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RetrainProcess]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", _firestore.host)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", _storage.url)
        running = RetrainProcess(
            tmp_path_factory.mktemp("retrain"), lease_seconds=1900, threads=8, TASKS_EMULATOR_HOST="127.0.0.1:1"
        )
        yield running
        running.stop()


@pytest.fixture
def shop(process, firestore_emulator, project, bucket) -> RepairShop:
    """A shop that was trained once and then completed as many appointments as the threshold asks for."""
    shop = RepairShop(project, bucket)
    shop.happen("old", "completed")
    first = process.ask(shop, "manual")
    assert first
    assert first.body["status"] == "published", first
    for number in range(THRESHOLD):
        shop.happen(f"new-{number}", "completed")
    return shop


class Held:
    """A retrain that stands still after one step, until it is let go."""

    def __init__(self, process: RetrainProcess, shop: RepairShop, step: str, folder: Path, **traps: str) -> None:
        self.sign = folder / "go on"
        self._pool = ThreadPoolExecutor(1)
        self.answer: Future[RetrainAnswer | None] = self._pool.submit(
            process.ask, shop, "threshold", None, Hold_After=step, Sign=str(self.sign), **traps
        )
        wait_until(lambda: self.sign.with_suffix(".held").exists())

    def let_go(self) -> RetrainAnswer:
        self.sign.touch()
        answer = self.answer.result(timeout=60)
        self._pool.shutdown()
        assert answer
        return answer


@pytest.mark.parametrize("step", ["pointer", "history", "changes", "fitted", "files"])
def test_promise_3_a_holder_that_slept_past_its_lease_publishes_nothing(process, shop, step, tmp_path):
    sleeper = Held(process, shop, step, tmp_path, Lease_Seconds="1")
    shop.happen("old", "cancelled")
    time.sleep(1.1)
    other = process.ask(shop, "schedule")
    before = read_live(shop.objects)

    woken = sleeper.let_go()

    assert other
    assert other.body["status"] == "published"
    assert (woken.status, woken.body["status"]) in ((503, "overtaken"), (200, "below_threshold"))
    assert read_live(shop.objects) == before
    assert shop.live_history() == shop.recounted()
    assert shop.pending() == 0


def test_promise_3_the_threshold_and_the_schedule_at_once(process, shop):
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda reason: process.ask(shop, reason), ["threshold", "schedule"]))

    statuses = sorted(answer.body["status"] for answer in answers if answer)
    assert statuses in (["busy", "published"], ["below_threshold", "published"], ["published", "unchanged"])
    assert len({run["run"] for run in shop.runs()}) == len(shop.runs())
    assert [run["version"] for run in shop.runs() if run["status"] == "published"].count(2) <= 1
    assert shop.live_history() == shop.recounted()


def test_promise_2_two_tasks_for_one_crossing_are_one_training(process, shop):
    answers = [process.ask(shop, "threshold") for _ in range(2)]

    assert [answer.body["status"] for answer in answers if answer] == ["published", "below_threshold"]


def test_promise_2_eight_tasks_at_once_are_one_training(process, shop):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: process.ask(shop, "threshold"), range(8)))

    statuses = [answer.body["status"] for answer in answers if answer]
    assert statuses.count("published") == 1
    assert set(statuses) <= {"published", "busy", "below_threshold"}


@pytest.mark.parametrize("step", ["changes", "fitted", "commit"])
def test_promise_2_completions_during_a_retrain_count_for_the_next(process, shop, step, tmp_path):
    running = Held(process, shop, step, tmp_path)
    for number in range(THRESHOLD):
        shop.happen(f"meanwhile-{number}", "completed")
    shop.happen("new-0", "completed", 5)  # an edit of what is being trained
    busy = process.ask(shop, "threshold")
    first = running.let_go()

    assert busy
    assert (busy.status, busy.body["status"]) == (503, "busy")
    assert first.body["status"] == "published"
    assert shop.awaiting() >= THRESHOLD  # a hint: the edited one counts until the next run settles it
    second = process.ask(shop, "threshold")
    assert second
    assert second.body["status"] == "published"
    assert shop.runs()[-1]["changes"]["awaiting"] == THRESHOLD
    assert shop.live_history() == shop.recounted()
    assert shop.pending() == 0


def test_promise_2_a_retrain_that_fails_consumes_nothing_and_is_seen(process, shop):
    failures = [process.ask(shop, "threshold", Fail="the model exploded") for _ in range(3)]
    state, awaiting = shop.state(), shop.awaiting()
    shop.happen("one-more", "completed")
    last = process.ask(shop, "threshold")

    assert [answer.status for answer in failures if answer] == [500, 500, 500]
    assert awaiting == THRESHOLD
    assert "the model exploded" in state["last_error"]
    assert state["failures"] == 3
    waits = [(run["status"], "the model exploded" in run.get("error", "")) for run in shop.runs()[-4:-1]]
    assert waits == [("failed", True)] * 3
    (task,) = shop.queue.tasks.values() if len(shop.queue.tasks) == 1 else [list(shop.queue.tasks.values())[-1]]
    assert task.due >= state["retry_at"] > datetime.now(UTC)
    lines = [json.loads(line) for line in process.child.log.read_text().splitlines() if line.startswith("{")]
    assert sum(line["severity"] == "ERROR" and "the model exploded" in line["message"] for line in lines) >= 3
    assert last
    assert last.body["status"] == "published"
    assert "retry_at" not in shop.state()
    assert "last_error" not in shop.state()


def test_promise_3_a_rollback_fences_a_retrain_at_work(process, shop, tmp_path):
    from restock.operating import verbs
    from tests.unit.retraining.models import reads

    running = Held(process, shop, "files", tmp_path)
    verbs.roll_back(shop.objects, 1, datetime.now(UTC), reads, pin=True)
    answer = running.let_go()

    live = read_live(shop.objects).pointer
    assert (answer.status, answer.body["status"]) == (503, "overtaken")
    assert live
    assert (live.version, live.pinned) == (1, True)
    assert shop.awaiting() == THRESHOLD
