"""Promises 1, 2, 3 and 4 when the retrain process dies: a SIGKILL after each step, against the real emulators.

Every shop is trained once, then things happen to it, then its retrain is killed after one step. Whoever asks next finds
the lease held, until it runs out; the run after that must find everything right.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from restock.stored.published import read_live
from tests.emulator.repair_shop import THRESHOLD, RepairShop, RetrainAnswer, RetrainProcess
from tests.waiting import wait_until

pytestmark = pytest.mark.needs("firestore", "storage")

LEASE_SECONDS = 8
STEPS = (
    "lease",
    "pointer",
    "history",
    "changes",
    "settled",
    "full read",
    "fitted",
    "files",
    "commit",
    "marked",
    "released",
)
OF_A_CHAIN = ", a shop's"
SHOP_STEPS = ("changes", "commit", "marked")
"""Tried in a shop of a chain besides, with the next shop beside it in the same stores."""
COMMITTED = ("commit", "marked", "released")


@dataclass
class Crash:
    """What was found right after one process died."""

    shop: RepairShop
    answer: RetrainAnswer | None
    version: int
    pending: int
    at_once: RetrainAnswer | None
    leased_at: float


@pytest.fixture(scope="module")
def process(_firestore, _storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RetrainProcess]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", _firestore.host)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", _storage.url)
        # Nobody listens there: that a run looks at the threshold in the end is a courtesy, and may fail
        running = RetrainProcess(
            tmp_path_factory.mktemp("retrain"), lease_seconds=LEASE_SECONDS, TASKS_EMULATOR_HOST="127.0.0.1:1"
        )
        yield running
        running.stop()


@pytest.fixture(scope="module")
def crashes(process: RetrainProcess, _firestore, _storage) -> dict[str, Crash]:
    """Every step's crash, one after the other, so that the leases run out while the next ones are prepared."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", _firestore.host)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", _storage.url)
        alone = {step: crash_after(step, process, new_shop(step, _storage)) for step in STEPS}
        beside = {f"{step}{OF_A_CHAIN}": beside_another(step, process, _storage) for step in SHOP_STEPS}
        return alone | {
            name: crash_after(name.removesuffix(OF_A_CHAIN), process, shop) for name, shop in beside.items()
        }


def new_shop(step: str, storage, shop: str = "") -> RepairShop:
    name = f"crash-{step.replace(' ', '-')}-{uuid.uuid4().hex[:6]}"
    return RepairShop(name, storage.create_bucket(name), shop)


def beside_another(step: str, process: RetrainProcess, storage) -> RepairShop:
    """A shop of a chain; the one beside it has the same appointments with other quantities, trained and awaiting."""
    shop = new_shop(step, storage, "north")
    shop.neighbour = RepairShop(shop.project, shop.bucket, "north2")
    for number in range(THRESHOLD):
        shop.neighbour.happen(f"old-{number}", "completed", 70)
    trained = process.ask(shop.neighbour, "manual")
    assert trained
    assert trained.body["status"] == "published", trained
    shop.neighbour.happen("new-0", "completed", 70)
    return shop


def crash_after(step: str, process: RetrainProcess, shop: RepairShop) -> Crash:
    for number in range(5):
        shop.happen(f"old-{number}", "completed")
    first = process.ask(shop, "manual")
    assert first, process.child.why_it_ended()
    assert first.body["status"] == "published", first
    shop.happen("old-0", "completed", 4)
    shop.happen("old-1", "cancelled")
    shop.happen("old-2", None)
    for number in range(THRESHOLD):
        shop.happen(f"new-{number}", "completed")
    body = {"rebuild": True} if step == "full read" else {}
    answer = process.ask(shop, "threshold", body, Kill_After=step)
    leased_at = time.monotonic()
    live = read_live(shop.objects).pointer
    assert live
    return Crash(shop, answer, live.version, shop.pending(), ask_until_alive(process, shop), leased_at)


def ask_until_alive(process: RetrainProcess, shop: RepairShop) -> RetrainAnswer:
    """The master starts another worker within a moment."""
    return wait_until(lambda: process.ask(shop, "threshold"), every_seconds=0.1)


table: list[str] = []


@pytest.mark.parametrize("name", [*STEPS, *(f"{step}{OF_A_CHAIN}" for step in SHOP_STEPS)])
def test_promises_1_2_3_4_after_a_crash_past_this_step(name, process, crashes):
    crash = crashes[name]
    step, shop = name.removesuffix(OF_A_CHAIN), crash.shop

    assert crash.answer is None, "the process was to die"
    assert crash.at_once
    assert crash.version == (2 if step in COMMITTED else 1)
    if step != "released":  # else the lease was given back, and this already was the next run
        assert (crash.at_once.status, crash.at_once.body["status"]) == (503, "busy")
    if step == "lease":
        shop.happen("while-down", "completed")

    time.sleep(max(0.0, crash.leased_at + LEASE_SECONDS - time.monotonic()))
    after = process.ask(shop, "threshold")

    assert after
    assert after.body["status"] == ("below_threshold" if step in COMMITTED else "published"), after
    assert shop.live_history() == shop.recounted()
    assert shop.awaiting() == 0
    live = read_live(shop.objects).pointer
    assert live
    assert len([run for run in shop.runs() if run.get("version") == live.version and run["status"] == "published"]) <= 1
    assert shop.state().get("lease") is None
    again = process.ask(shop, "threshold")
    assert again
    assert again.body["status"] == "below_threshold", "what was trained would be counted twice"
    process.ask(shop, "manual")
    assert shop.live_history() == shop.recounted()
    assert shop.pending() == 0
    if shop.neighbour:
        untouched = [row for row in shop.neighbour.recounted() if row[0] != "new-0"]
        assert shop.neighbour.live_history() == untouched, "a row of one shop was trained in the other"
        assert shop.neighbour.awaiting() == 1
    table.append(
        f"  {name:<17} version {crash.version}, {crash.pending} pending, then {crash.at_once.body['status']:<15}"
        f" → {after.body['status']:<15} version {live.version}, history = recount, 0 awaiting"
    )


def test_the_table_of_crash_points(request, crashes):
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print("\nkilled after  found at once → after the lease ran out", *table, sep="\n")
    assert len(table) == len(STEPS) + len(SHOP_STEPS)
