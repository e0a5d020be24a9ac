"""The story of a chain's night: many shops, the sweep as two tasks, one of them killed, a threshold meanwhile, a table.

Emulators, the job's own entry point with Cloud Run's variables, and the retrain function behind a queue: all real. Only
the shops are invented, and their appointments are written straight into Firestore.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.cloud_tasks import LocalCloudTasks
from local.configuration import settings_for
from local.console import bold, dim, say
from local.emulators import FirestoreEmulator, StorageServer
from local.functions import start_function, wait_until_listening
from local.processes import Child, ProcessError, free_port
from local.setup import ENVIRONMENTS, ROOT, python_of
from restock.counting.appointments import CountingRules
from restock.counting.count import AppointmentWritten, Version, count
from restock.gcp.firestore import FirestoreDocuments
from restock.gcp.firestore import client as firestore_client
from restock.gcp.storage import BucketObjects
from restock.gcp.tasks import CloudTasksQueue
from restock.history.history import History
from restock.logs import Log
from restock.scoped import documents_of, objects_of, queue_of
from restock.settings import RETRAIN, Settings
from restock.shops import Shops
from restock.stored import names
from restock.stored.published import read_live, read_verified
from restock.stored.run_record import RunRecord
from restock.stored.summary import Summary, summary_of

PLACE = ROOT / ".local" / "chain"
PROJECT, BUCKET = "demo-chain", "demo-chain"
SHOPS = 50
ZONES = ("Europe/London", "Europe/Athens", "America/New_York", "Pacific/Auckland")
PARTS = 12
THRESHOLD = 10
LARGE, WRONG = "shop-000", "shop-001"
"""One has a share of all the work; one has a time zone that is none."""
ENDS_WITHIN_SECONDS = 1800


@dataclass(frozen=True)
class Ended:
    """One task's attempt, as the system accounts for it."""

    status: int
    cpu_seconds: float
    peak_mib: float
    line: Mapping[str, Any]


class Night:
    """The emulators, and what runs on them."""

    def __init__(self, shops: int) -> None:
        self.ids = [f"shop-{number:03}" for number in range(shops)]
        shutil.rmtree(PLACE, ignore_errors=True)
        PLACE.mkdir(parents=True)
        self.firestore = FirestoreEmulator.start(log_dir=PLACE)
        self.storage = StorageServer.start(log_dir=PLACE)
        self.tasks = LocalCloudTasks().start()
        queue = self.tasks.create_queue(f"projects/{PROJECT}/locations/local/queues/retrain").name
        port = free_port()
        self.storage.create_bucket(BUCKET, project=PROJECT)
        self.env = settings_for(
            project=PROJECT,
            bucket=BUCKET,
            storage_url=self.storage.url,
            tasks_host=self.tasks.host,
            queue=queue,
            retrain_url=f"http://127.0.0.1:{port}/",
        ) | {
            "FIRESTORE_EMULATOR_HOST": self.firestore.host,
            "RESTOCK_CHAIN": "true",
            "RETRAIN_THRESHOLD": str(THRESHOLD),
            "SWEEP_HOUR": "0",
            "TRAINING_BUDGET_SECONDS": os.environ.get("TRAINING_BUDGET_SECONDS", "1"),
        }
        os.environ.update(self.env)
        self.settings = Settings.from_env(RETRAIN)
        self.documents = FirestoreDocuments(PROJECT)
        self.shops = Shops(self.settings, lambda: self.documents)
        self.retrain: Child = start_function("retrain", port=port, env=self.env, log_dir=PLACE)
        wait_until_listening(self.retrain, port, timeout_seconds=300)

    def stop(self) -> None:
        self.retrain.stop()
        self.tasks.stop()
        self.storage.stop()
        self.firestore.stop()

    def open_shops(self) -> int:
        """Register them all, and let each have a past; returns the number of appointments."""
        written, batch = 0, firestore_client(PROJECT).bulk_writer()
        for number, id in enumerate(self.ids):
            zone = "Mars/Olympus" if id == WRONG else ZONES[number % len(ZONES)]
            batch.set(batch._client.document(names.shop(id)), {"time_zone": zone, "name": f"Shop {number}"})
            for part in range(PARTS):
                path = f"{names.root(id)}{names.CATALOGUE}/p{part}"
                batch.set(batch._client.document(path), {"name": f"Part {part}", "stock": 5, "price": 10 + part})
            days, a_day = (120, 4) if id == LARGE else (20 + 3 * (number % 20), 1)
            for day in range(days * a_day):
                path = f"{names.root(id)}{names.appointment(f'old-{day}')}"
                batch.set(batch._client.document(path), self.appointment(1 + day // a_day, number + day))
                written += 1
        batch.close()
        return written

    def appointment(self, days_ago: int, number: int) -> dict[str, Any]:
        day = (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()
        part = number % PARTS
        parts = [{"id": f"p{part}", "name": f"Part {part}", "quantity": 1 + number % 2}]
        return {"status": "completed", "date": day, "spareParts": parts}

    def complete_ten(self, id: str) -> None:
        """The shop's app completes as many appointments as its threshold; each is counted as its event would be."""
        shop, documents = self.shops.find(id), documents_of(id, self.documents)
        for number in range(THRESHOLD):
            path = names.appointment(f"new-{number}")
            documents.create(path, self.appointment(0, number))
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

    def start(self, index: int, attempt: int = 0) -> subprocess.Popen[bytes]:
        """A task of the job, as Cloud Run starts it."""
        task = {
            "CLOUD_RUN_EXECUTION": "night-1",
            "CLOUD_RUN_TASK_INDEX": str(index),
            "CLOUD_RUN_TASK_COUNT": "2",
            "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
        }
        python = python_of(ENVIRONMENTS["retrain"][0])
        with log_of(index, attempt).open("wb") as log:
            main = ROOT / "functions" / "sweep" / "main.py"
            return subprocess.Popen([python, main], env={**os.environ, **task}, stdout=log, stderr=log)

    def version(self, id: str) -> int:
        live = read_live(objects_of(id, BucketObjects(PROJECT, BUCKET))).pointer
        return live.version if live else 0

    def summary(self, id: str) -> Summary | None:
        found = documents_of(id, self.documents).get(names.SUMMARY)
        return summary_of(found.fields if found else None)

    def runs(self, id: str) -> list[RunRecord]:
        return [
            RunRecord.from_fields(one.fields) for one in documents_of(id, self.documents).newest(names.RUNS, "run", 9)
        ]

    def is_as_recounted(self, id: str) -> bool:
        """Promise 1, of one shop: its live history, with what is pending, against its appointments."""
        shop, documents = self.shops.find(id), documents_of(id, self.documents)
        objects = objects_of(id, BucketObjects(PROJECT, BUCKET))
        live = read_live(objects).pointer
        assert live
        history = History.from_bytes(read_verified(objects, names.history(live.history), live.history_sha256))
        held = {(row["appointment"], row["part"], row["quantity"]) for row in history.rows.to_pylist()}
        written = {
            (found.id, part["id"], float(part["quantity"]))
            for page in documents.pages(names.APPOINTMENTS, ("spareParts",), 1000)
            for found in page
            for part in found.fields["spareParts"]
        }
        return held == written and shop.id == id


def log_of(index: int, attempt: int) -> Path:
    return PLACE / f"task-{index}-{attempt}.log"


def ended(process: subprocess.Popen[bytes], index: int, attempt: int) -> Ended:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = [line for line in log_of(index, attempt).read_text().splitlines() if '"ended"' in line]
    peak = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 2**20)
    line = json.loads(lines[-1]) if lines else {}
    return Ended(process.returncode, usage.ru_utime + usage.ru_stime, peak, line)


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
        until("the first shop learnt", lambda: night.version(busy))
        second.send_signal(signal.SIGKILL)
        killed = ended(second, 1, 0)
        again = night.start(1, attempt=1)
        say(f"  killed after {killed.cpu_seconds:.1f} CPU s, and started again")
        night.complete_ten(busy)
        say(f"  meanwhile {busy} completed {THRESHOLD} appointments: its threshold goes through the queue")
        tasks = [ended(first, 0, 0), ended(again, 1, 1)]
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
    (told,) = {line["message"] for line in _errors()}
    say(f"  told, and nobody stopped: {told}")


def _mean(numbers: list[int]) -> float:
    return sum(numbers) / max(1, len(numbers))


def _errors() -> Iterator[dict[str, Any]]:
    for path in PLACE.glob("task-*.log"):
        for line in path.read_text().splitlines():
            if '"ERROR"' in line:
                yield json.loads(line)
