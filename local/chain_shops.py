"""A chain on this machine's emulators: shops with a past, tasks of the sweep as Cloud Run starts them, and a recount.

The story of `make chain` is told with it (local/chain.py), and nights are measured with it (bench/chain.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from local.configuration import settings_for
from local.emulators import FirestoreEmulator, StorageServer
from local.setup import ENVIRONMENTS, ROOT, python_of
from restock.gcp.firestore import FirestoreDocuments
from restock.gcp.firestore import client as firestore_client
from restock.gcp.storage import BucketObjects
from restock.history.history import History
from restock.scoped import documents_of, objects_of
from restock.settings import RETRAIN, Settings
from restock.shops import Shops
from restock.stored import names
from restock.stored.published import read_live, read_verified
from restock.stored.run_record import RunRecord
from restock.stored.summary import Summary, summary_of

PROJECT, BUCKET = "demo-chain", "demo-chain"
PARTS = 12
THRESHOLD = 10
NO_QUEUE = "127.0.0.1:1"
THE_JOB = ROOT / "functions" / "sweep" / "main.py"


@dataclass(frozen=True)
class Ended:
    """One task's attempt, as the system accounts for it."""

    status: int
    cpu_seconds: float
    peak_mib: float
    line: Mapping[str, Any]


@dataclass(frozen=True)
class Opened:
    """A shop to be opened: how many appointments of how many days lie behind it."""

    id: str
    zone: str
    days: int
    a_day: int = 1


class Chain:
    """The emulators, and what lies in them. ``main`` is what a task runs.

    Clients are kept by project for as long as a process lives: who opens a second chain gives it another.
    """

    def __init__(
        self,
        place: Path,
        *,
        project: str = PROJECT,
        tasks_host: str = NO_QUEUE,
        retrain_url: str = "",
        main: Path = THE_JOB,
    ) -> None:
        self.place, self.project, self._main = place, project, main
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        self.firestore = FirestoreEmulator.start(log_dir=place)
        self.storage = StorageServer.start(log_dir=place)
        self.storage.create_bucket(BUCKET, project=project)
        self.env = settings_for(
            project=project,
            bucket=BUCKET,
            storage_url=self.storage.url,
            tasks_host=tasks_host,
            queue=f"projects/{project}/locations/local/queues/retrain",
            retrain_url=retrain_url or "http://127.0.0.1:1/",
        ) | {
            "FIRESTORE_EMULATOR_HOST": self.firestore.host,
            "RESTOCK_CHAIN": "true",
            "RETRAIN_THRESHOLD": str(THRESHOLD),
            "SWEEP_HOUR": "0",
            "TRAINING_BUDGET_SECONDS": os.environ.get("TRAINING_BUDGET_SECONDS", "1"),
        }
        os.environ.update(self.env)
        self.settings = Settings.from_env(RETRAIN)
        self.documents, self.objects = FirestoreDocuments(project), BucketObjects(project, BUCKET)
        self.shops = Shops(self.settings, lambda: self.documents)

    def stop(self) -> None:
        self.storage.stop()
        self.firestore.stop()

    def open(self, shops: Iterable[Opened]) -> int:
        """Register them all, and let each have a past; returns the number of appointments."""
        written, batch = 0, firestore_client(self.project).bulk_writer()
        for number, shop in enumerate(shops):
            registered = {"time_zone": shop.zone, "name": f"Shop {number}"}
            batch.set(batch._client.document(names.shop(shop.id)), registered)
            for part in range(PARTS):
                path = f"{names.root(shop.id)}{names.CATALOGUE}/p{part}"
                batch.set(batch._client.document(path), {"name": f"Part {part}", "stock": 5, "price": 10 + part})
            for entry in range(shop.days * shop.a_day):
                path = f"{names.root(shop.id)}{names.appointment(f'old-{entry}')}"
                batch.set(batch._client.document(path), appointment(1 + entry // shop.a_day, number + entry))
                written += 1
        batch.close()
        return written

    def start(self, index: int, attempt: int = 0) -> subprocess.Popen[bytes]:
        """A task of the job, as Cloud Run starts it."""
        task = {
            "CLOUD_RUN_EXECUTION": "night-1",
            "CLOUD_RUN_TASK_INDEX": str(index),
            "CLOUD_RUN_TASK_COUNT": "2",
            "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
        }
        python = python_of(ENVIRONMENTS["retrain"][0])
        with self.log_of(index, attempt).open("wb") as log:
            return subprocess.Popen([python, self._main], env={**os.environ, **task}, stdout=log, stderr=log)

    def log_of(self, index: int, attempt: int) -> Path:
        return self.place / f"task-{index}-{attempt}.log"

    def ended(self, process: subprocess.Popen[bytes], index: int, attempt: int) -> Ended:
        """Waits for its end. A task that was killed says nothing at the end of its log."""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        lines = [line for line in self.log_of(index, attempt).read_text().splitlines() if '"ended"' in line]
        peak = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 2**20)
        line = json.loads(lines[-1]) if lines else {}
        return Ended(process.returncode, usage.ru_utime + usage.ru_stime, peak, line)

    def version(self, id: str) -> int:
        live = read_live(objects_of(id, self.objects)).pointer
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
        objects = objects_of(id, self.objects)
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


def appointment(days_ago: int, number: int) -> dict[str, Any]:
    day = (datetime.now(UTC) - timedelta(days=days_ago)).date().isoformat()
    part = number % PARTS
    parts = [{"id": f"p{part}", "name": f"Part {part}", "quantity": 1 + number % 2}]
    return {"status": "completed", "date": day, "spareParts": parts}
