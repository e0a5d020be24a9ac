"""The story of a chain's night: many shops, the sweep as two tasks, one of them killed, a threshold meanwhile, a table.

Emulators, the job's own entry point with Cloud Run's variables, and the retrain function behind a queue: all real. Only
the shops are invented, and their appointments are written straight into Firestore.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from local.chain_shops import PARTS, PROJECT, THRESHOLD, Chain, Ended, Opened, appointment
from local.cloud_tasks import LocalCloudTasks
from local.console import bold, dim, say
from local.functions import start_function, wait_until_listening
from local.processes import Child, ProcessError, free_port
from local.setup import ROOT
from restock.counting.appointments import CountingRules
from restock.counting.count import AppointmentWritten, Version, count
from restock.gcp.tasks import CloudTasksQueue
from restock.logs import Log
from restock.scoped import documents_of, queue_of
from restock.stored import names

PLACE = ROOT / ".local" / "chain"
SHOPS = 50
ZONES = ("Europe/London", "Europe/Athens", "America/New_York", "Pacific/Auckland")
LARGE, WRONG = "shop-000", "shop-001"
"""One has a share of all the work; one has a time zone that is none."""
ENDS_WITHIN_SECONDS = 1800


class Night(Chain):
    """And the retrain function behind a queue, for thresholds."""

    def __init__(self, shops: int) -> None:
        self.ids = [f"shop-{number:03}" for number in range(shops)]
        self.tasks = LocalCloudTasks().start()
        self.tasks.create_queue(f"projects/{PROJECT}/locations/local/queues/retrain")
        port = free_port()
        super().__init__(PLACE, tasks_host=self.tasks.host, retrain_url=f"http://127.0.0.1:{port}/")
        self.retrain: Child = start_function("retrain", port=port, env=self.env, log_dir=PLACE)
        wait_until_listening(self.retrain, port, timeout_seconds=300)

    def stop(self) -> None:
        self.retrain.stop()
        self.tasks.stop()
        super().stop()

    def open_shops(self) -> int:
        """Of different size, zone and age; returns the number of appointments."""
        return self.open(
            Opened(
                id,
                "Mars/Olympus" if id == WRONG else ZONES[number % len(ZONES)],
                *((120, 4) if id == LARGE else (20 + 3 * (number % 20), 1)),
            )
            for number, id in enumerate(self.ids)
        )

    def complete_ten(self, id: str) -> None:
        """The shop's app completes as many appointments as its threshold; each is counted as its event would be."""
        shop, documents = self.shops.find(id), documents_of(id, self.documents)
        for number in range(THRESHOLD):
            path = names.appointment(f"new-{number}")
            documents.create(path, appointment(0, number))
            found = documents.get(path)
            assert found
            count(
                AppointmentWritten(found.id, None, Version(found.fields, found.update_time), datetime.now(UTC), id),
                rules=CountingRules.of(shop.settings),
                threshold=shop.settings.retrain_threshold,
                documents=lambda: documents,
                queue=lambda: queue_of(id, CloudTasksQueue(self.settings)),
                now=datetime.now(UTC),
                log=Log("on_appointment", stream=(PLACE / "counting.log").open("a")),
            )


def until(what: str, is_so: Any) -> None:
    deadline = time.monotonic() + ENDS_WITHIN_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise ProcessError(f"the night did not go as it should: {what}")
        time.sleep(0.3)


@contextmanager
def step(what: str) -> Iterator[None]:
    say(f"\n{bold(what)}")
    began = time.monotonic()
    yield
    say(dim(f"  {time.monotonic() - began:.1f} s"))


def run(words: list[str]) -> None:
    """Tell the story; raises ProcessError if any of it does not happen."""
    if not hasattr(os, "wait4"):
        raise ProcessError("the story of a chain reads a task's memory as Linux and macOS tell it; not on Windows")
    shops = int(words[0]) if words else SHOPS
    night = Night(shops)
    try:
        tell(night)
    finally:
        night.stop()


def tell(night: Night) -> None:
    busy = night.ids[2]
    with step(f"Register {len(night.ids)} shops of four time zones; one is large, one's time zone is none"):
        say(f"  {night.open_shops()} appointments, and a catalogue of {PARTS} parts each")
    with step("Night: the sweep as two tasks. The second is killed in the midst of a shop, and repeated"):
        began = time.monotonic()
        first, second = night.start(0), night.start(1)
        until("the first shop is through", lambda: night.summary(busy))  # or its threshold would keep the sweep from it
        second.send_signal(signal.SIGKILL)
        killed = night.ended(second, 1, 0)
        again = night.start(1, attempt=1)
        say(f"  killed after {killed.cpu_seconds:.1f} CPU s, and started again")
        night.complete_ten(busy)
        say(f"  meanwhile {busy} completed {THRESHOLD} appointments: its threshold goes through the queue")
        tasks = [night.ended(first, 0, 0), night.ended(again, 1, 1)]
        wall = time.monotonic() - began
    with step("What was asked for meanwhile is trained"):
        until("the threshold's run", lambda: any(run.reason == "threshold" for run in night.runs(busy)))
        until("the threshold's run to end", lambda: not night.tasks.pending(night.settings.retrain_queue))
    report(night, tasks, wall, busy)


def report(night: Night, tasks: list[Ended], wall: float, busy: str) -> None:
    well = [id for id in night.ids if id != WRONG]
    summaries = {id: known for id in well if (known := night.summary(id))}
    missing = [id for id in well if id not in summaries or summaries[id].status not in ("published", "unchanged")]
    recounted = [id for id in well if night.is_as_recounted(id)]
    twice = [id for id in well if id != busy and len([run for run in night.runs(id) if run.status == "published"]) != 1]
    seconds = sum(known.seconds for known in summaries.values())
    cpu = sum(known.cpu_seconds for known in summaries.values())
    reads = [run.documents_read or 0 for id in well for run in night.runs(id) if run.status == "published"]
    writes = [run.documents_written or 0 for id in well for run in night.runs(id) if run.status == "published"]
    say(f"\n{'task':<18}{'exit':>5}{'CPU s':>8}{'peak MiB':>10}  how its shops ended")
    for index, task in enumerate(tasks):
        name = f"{index}, attempt {task.line.get('task', '')[-1:]}"
        say(f"{name:<18}{task.status:>5}{task.cpu_seconds:>8.1f}{task.peak_mib:>10.0f}  {task.line.get('ended')}")
    of_tasks = sum(task.cpu_seconds for task in tasks)
    rows = [
        ("shops that learnt, of those set right", f"{len(well) - len(missing)} of {len(well)}"),
        ("histories equal to a recount", f"{len(recounted)} of {len(well)}"),
        ("shops with another number of versions than one", str(len(twice))),
        ("CPU of a shop, mean; the largest", f"{cpu / len(summaries):.2f} s; {summaries[LARGE].cpu_seconds:.2f} s"),
        ("CPU beside the shops' (imports, lists), a task", f"{max(0.0, of_tasks - cpu) / 2:.1f} s"),
        ("documents read and written by a run, mean", f"{_mean(reads):.0f} and {_mean(writes):.0f}"),
        ("wall of both tasks against half of all shops' seconds", f"{wall:.0f} s, {wall / (seconds / 2):.2f} ×"),
    ]
    for what, value in rows:
        say(f"  {what:<56} {value}")
    if missing or twice or len(recounted) != len(well) or any(task.status for task in tasks):
        raise ProcessError(f"not every shop learnt once: missing {missing}, twice {twice}")
    for told in sorted({line["message"] for line in _errors()}):
        say(f"  told, and nobody stopped: {told}")


def _mean(numbers: list[int]) -> float:
    return sum(numbers) / max(1, len(numbers))


def _errors() -> Iterator[dict[str, Any]]:
    for path in PLACE.glob("task-*.log"):
        for line in path.read_text().splitlines():
            if '"ERROR"' in line:
                yield json.loads(line)
