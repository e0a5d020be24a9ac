"""The sweep as Cloud Run runs it: processes of the job's own entry point, one of them killed and repeated."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import uuid
from pathlib import Path

import pytest

from local.setup import ENVIRONMENTS, python_of
from restock.stored import names
from restock.stored.published import read_live
from tests.builders import environment
from tests.emulator.repair_shop import RepairShop
from tests.waiting import wait_until

pytestmark = pytest.mark.needs("firestore", "storage")

MAIN = Path(__file__).parents[2] / "functions/sweep/main.py"
SHOPS = ("north", "north2", "south")


class Job:
    """One execution's tasks."""

    def __init__(self, project: str, bucket: str, log: Path) -> None:
        self.env = environment(
            GOOGLE_CLOUD_PROJECT=project,
            RESTOCK_BUCKET=bucket,
            RESTOCK_CHAIN="true",
            SWEEP_HOUR="0",
            TRAINING_BUDGET_SECONDS="1",
            TASKS_EMULATOR_HOST="127.0.0.1:1",
            CLOUD_RUN_EXECUTION="night-1",
            CLOUD_RUN_TASK_COUNT="2",
        )
        self.log = log

    def start(self, index: int, attempt: int) -> subprocess.Popen[bytes]:
        task = {"CLOUD_RUN_TASK_INDEX": str(index), "CLOUD_RUN_TASK_ATTEMPT": str(attempt)}
        with self.log.open("ab") as log:
            python = python_of(ENVIRONMENTS["retrain"][0])
            return subprocess.Popen([python, MAIN], env=os.environ | self.env | task, stdout=log, stderr=log)

    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


def test_a_task_killed_in_the_midst_of_a_shop_is_repeated_and_every_shop_has_learnt_once(
    firestore_emulator, storage_server, project, tmp_path
):
    bucket = storage_server.create_bucket(f"sweep-{uuid.uuid4().hex[:8]}")
    shops = [RepairShop(project, bucket, shop) for shop in SHOPS]
    for number, shop in enumerate(shops):
        for appointment in range(3):
            shop.happen(f"a{appointment}", "completed", 1 + number)
    job = Job(project, bucket, tmp_path / "sweep.log")

    killed = job.start(0, attempt=0)
    wait_until(lambda: shops[0].state().get("lease") or killed.poll() is not None)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    again = job.start(0, attempt=1)
    assert again.wait(timeout=240) == 0, job.log.read_text()

    for shop in shops:
        live = read_live(shop.objects).pointer
        assert live
        assert shop.live_history() == shop.recounted()
        published = [run["version"] for run in shop.runs() if run.get("status") == "published"]
        assert published == [live.version]
        summary = shop.documents.get(names.SUMMARY)
        assert summary
        assert summary.fields["status"] == "published"
        assert summary.fields["cpu_seconds"] > 0
        assert summary.fields["standing"]["trained_at"]
        assert shop.documents.get(names.BALANCE)
    assert job.lines()[-1]["ended"] == {"published": 3}
