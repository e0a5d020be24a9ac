"""The whole loop with real processes, under Eventarc's worse habits: events arrive late, twice and out of order.

The shop's messy past is there before the trigger is, as on a first deploy; then people work while it runs.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore, storage
from google.cloud.firestore_v1 import DELETE_FIELD

from local import running_stack, shop
from local.demo import Client, ForecastAnswer, ask
from local.emulators import call
from local.eventarc import Habits
from local.processes import free_port
from local.stack import Options, Stack
from restock import __main__ as operator
from restock.stored import names
from restock.stored.names import POINTER as NAME
from restock.stored.pointer import Pointer
from tests.recount import Row, recount, row_of
from tests.waiting import lasting, wait_until

pytestmark = pytest.mark.needs("firestore", "storage")

ZONE = "Europe/Berlin"  # two hours east: moments late in the evening fall on another day than in UTC
HABITS = Habits(delay_seconds=0.5, duplicates=0.3, seed=3)
AIR_FILTER = next(part for part in shop.parts() if part.name == "Air Filter")


class Shop:
    """A running Restock and the shop's own client of Firestore."""

    def __init__(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", stack.address["firestore_emulator_host"])
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", stack.address["storage_emulator_host"])
        self.stack = stack
        self.url = stack.address["forecast_url"]
        self.documents = firestore.Client(project=stack.address["project"])
        self.bucket = storage.Client(project="demo", credentials=AnonymousCredentials()).bucket(stack.address["bucket"])
        self.today = datetime.now(UTC).date() - timedelta(days=1)

    def load(self) -> None:
        shop.load(self.documents, shop.history(self.today - timedelta(days=1), days=60, zone=ZONE))

    def complete(self, prefix: str, count: int, quantity: float = 2) -> None:
        for number in range(count):
            now = datetime.now(UTC)
            shop.book_like_the_app(self.documents, f"{prefix}-{number}", day=self.today, now=now)
            used = [shop.entry(AIR_FILTER, quantity)]
            shop.complete_like_the_app(self.documents, f"{prefix}-{number}", used, day=self.today, now=now)

    def retrain(self, reason: str = "manual") -> dict[str, Any]:
        """Ask through the queue and wait for the run to end; its record."""
        before = len(self.stack.tasks.done(self.stack.queue))
        self.stack.ask_for_retrain(reason)
        self.wait(lambda: len(self.stack.tasks.done(self.stack.queue)) > before)
        self.wait_for_quiet()
        return self.runs()[-1]

    def runs(self) -> list[dict[str, Any]]:
        records = [record.to_dict() for record in self.documents.collection("restock_runs").stream()]
        return sorted(records, key=lambda record: record["run"])

    def wait_for_quiet(self) -> None:
        """Every event delivered, every task done."""
        self.wait(
            lasting(lambda: not self.stack.relay.undelivered and not self.stack.tasks.pending(self.stack.queue), 0.5)
        )

    def answer(self) -> ForecastAnswer:
        return ask(self.url, days=30)

    def served(self, address: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(call("GET", f"{self.url}/{address}"))
        return found

    def live(self) -> Pointer:
        return Pointer.from_bytes(self.bucket.blob(NAME).download_as_bytes())

    def live_history(self) -> list[Row]:
        """The rows of the history the pointer names."""
        table = pq.read_table(io.BytesIO(self.bucket.blob(names.history(self.live().history)).download_as_bytes()))
        return sorted(map(row_of, table.to_pylist()))

    def recounted(self) -> list[Row]:
        return recount(self.documents.collection("appointments").stream(), zone=ZONE)

    def wait(self, condition: Callable[[], bool], *, seconds: float = 90) -> None:
        def holds() -> bool:
            self.stack.check()
            return condition()

        wait_until(holds, timeout_seconds=seconds, every_seconds=0.05)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose shop has a past and a first model."""
    folder: Path = tmp_path_factory.mktemp("loop")
    options = Options(
        project="demo-loop",
        log_dir=folder / "logs",
        state_file=folder / "stack.json",
        forecast_port=free_port(),
        habits=HABITS,
        settings={"SHOP_TIME_ZONE": ZONE, "FORECAST_AUTH": "public", "KEEP_USAGE_WHEN_DELETED_AFTER_DAYS": "30"},
        is_trigger_live=False,
    )
    with Stack(options) as stack, pytest.MonkeyPatch.context() as monkeypatch:
        first = Shop(stack, monkeypatch)
        first.load()
        stack.open_trigger()
        first.retrain("schedule")
        first.wait(lambda: first.answer().status == 200)
        yield stack


@pytest.fixture
def repair_shop(trained: Stack, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(trained, monkeypatch)


@pytest.fixture
def operate(
    trained: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """`python -m restock ...` for the running stack: its exit status and what it printed."""
    for name, value in running_stack.environment(trained.options.state_file).items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> tuple[int, str]:
        status = operator.main([*words])
        out, err = capsys.readouterr()
        assert out.startswith(f"{words[0]}: the local stack\n")
        return status, (out.partition("\n")[2] + err).strip()

    return run


def test_the_first_training_counts_a_messy_past_like_an_independent_recount(repair_shop: Shop) -> None:
    first = repair_shop.runs()[0]

    assert first["status"] == "published"
    assert len(repair_shop.recounted()) > 500
    assert repair_shop.live_history() == repair_shop.recounted()


def test_ten_completions_bring_a_new_generation_and_every_answer_is_a_200(repair_shop: Shop) -> None:
    before = repair_shop.answer()

    with Client(repair_shop.url) as polling:
        repair_shop.complete("ten", 10)
        repair_shop.wait(lambda: polling.first_other_than(before.generation) is not None)

    repair_shop.wait_for_quiet()
    after = repair_shop.answer()
    assert {answer.status for answer in polling.answers} == {200}
    assert after.generation != before.generation
    assert after.totals["Air Filter"] > before.totals["Air Filter"]
    assert [run["reason"] for run in repair_shop.runs() if run["status"] == "published"][-1] == "threshold"


def test_a_later_retrain_reads_changes_and_catalogue_whatever_the_size_of_the_history(repair_shop: Shop) -> None:
    repair_shop.complete("later", 4)
    repair_shop.wait_for_quiet()

    run = repair_shop.retrain()

    assert run["status"] == "published"
    assert run["changes"]["applied"] == 4
    assert run["documents"]["read"] <= 4 + len(shop.catalogue()) + 20
    assert run["documents"]["read"] < len(repair_shop.live_history())


def test_edits_withdrawals_and_deletions_reach_the_history(repair_shop: Shop) -> None:
    appointments = repair_shop.documents.collection("appointments")
    repair_shop.complete("edited", 6)
    appointments.document("edited-0").update({"spareParts": [shop.entry(AIR_FILTER, 5)]})
    appointments.document("edited-1").update({"status": "in_process"})
    appointments.document("edited-2").delete()
    moved_to = repair_shop.today - timedelta(days=3)
    appointments.document("edited-3").update({"dateTime": f"{moved_to}T10:00:00"})  # all that the app writes then
    appointments.document("edited-4").update({"date": "31/12/2020", "createdAt": DELETE_FIELD, "completedDate": None})
    appointments.document("edited-5").update({"status": "rejected"})
    appointments.document("edited-5").update({"status": "completed"})
    repair_shop.wait_for_quiet()

    repair_shop.retrain()

    assert repair_shop.live_history() == repair_shop.recounted()
    edited = {row[0]: row[1:] for row in repair_shop.live_history() if row[0].startswith("edited")}
    assert edited["edited-0"][2] == 5
    assert edited["edited-3"][0] == moved_to
    assert edited["edited-4"][0] == repair_shop.today, "dateTime is the next usable date"
    assert "edited-1" not in edited
    assert "edited-2" not in edited
    assert edited["edited-5"][2] == 2


def test_nine_completions_do_not_train_and_the_tenth_does(repair_shop: Shop) -> None:
    published = [run for run in repair_shop.runs() if run["status"] == "published"]
    repair_shop.complete("nine", 9)
    repair_shop.wait_for_quiet()
    after_nine = [run for run in repair_shop.runs() if run["status"] == "published"]

    repair_shop.complete("tenth", 1)
    repair_shop.wait(lambda: len([run for run in repair_shop.runs() if run["status"] == "published"]) > len(published))

    repair_shop.wait_for_quiet()
    assert after_nine == published
    assert repair_shop.runs()[-1]["changes"]["awaiting"] in (0, 10)
    assert repair_shop.live_history() == repair_shop.recounted()


def test_a_day_is_the_day_in_the_shops_zone(repair_shop: Shop) -> None:
    rows = {row[0]: row[1] for row in repair_shop.live_history()}
    mess_day = rows["messy-date-null"] + timedelta(days=2)

    assert rows["messy-date-timestamp"] == mess_day + timedelta(days=1)
    assert rows["messy-date-moment-with-zone"] == mess_day + timedelta(days=1)
    assert rows["messy-date-moment-without-zone"] == mess_day
    assert isinstance(mess_day, date)


def test_an_operator_pins_and_unpins(repair_shop: Shop, operate) -> None:
    version = repair_shop.live().version

    assert f"live       version {version}, " in operate("status")[1]
    assert operate("pin") == (0, f"version {version} is pinned")
    assert f"version {version} is pinned; unpin to train again" in operate("retrain", "--wait")[1]
    assert "PINNED" in operate("status")[1]
    assert f"version {version} is no longer pinned" in operate("unpin")[1]

    assert " published (" in operate("retrain", "--wait")[1]


def test_an_operator_rolls_back_until_the_next_publication(repair_shop: Shop, operate) -> None:
    versions = [run["run"] for run in repair_shop.runs() if run["status"] == "published"]

    assert operate("rollback", "999999")[0] == 1
    done = operate("rollback", str(versions[-2]))

    lasting = "until the next publication; add --pin to keep it; the levels for apps follow it"
    assert done == (0, f"version {versions[-2]} is live again, {lasting}")
    levels = repair_shop.documents.document("restock_levels/current").get()
    assert levels.get("version") == versions[-2]
    repair_shop.wait(lambda: repair_shop.served("health")["model"]["version"] == versions[-2])
    assert " published (" in operate("rebuild", "--wait")[1]
    repair_shop.wait(lambda: repair_shop.served("health")["model"]["version"] > versions[-1])
    appointments = repair_shop.documents.collection("appointments").list_documents()
    assert repair_shop.runs()[-1]["documents"]["read"] > len(list(appointments))
    assert repair_shop.live_history() == repair_shop.recounted()


def test_an_operator_forgets_what_a_purged_appointment_used(repair_shop: Shop, operate) -> None:
    old = next(row[0] for row in repair_shop.live_history() if row[1] < repair_shop.today - timedelta(days=40))

    refused = operate("forget", old)
    repair_shop.documents.document(f"appointments/{old}").delete()
    repair_shop.wait_for_quiet()
    repair_shop.retrain()
    kept = {row[0] for row in repair_shop.live_history()}
    done = operate("forget", old)
    repair_shop.wait(lambda: old not in {row[0] for row in repair_shop.live_history()})

    assert refused == (1, f"appointments/{old} still exists; delete it first, then forget it")
    assert old in kept, "deleted when it was older than KEEP_USAGE_WHEN_DELETED_AFTER_DAYS"
    assert done[0] == 0
    assert f"the usage of {old} is withdrawn" in done[1]
    assert repair_shop.live_history() == repair_shop.recounted()
    assert operate("forget", old) == (0, f"nothing is known of an appointment {old}")


def test_an_operator_imports_usage_from_before_the_app(repair_shop: Shop, operate, tmp_path: Path) -> None:
    began = min(row[1] for row in repair_shop.live_history())
    before = began - timedelta(days=30)
    old = tmp_path / "old.csv"
    lines = [f"{before + timedelta(days=day % 30)},Air Filter,3" for day in range(40)]
    old.write_text("\n".join(["date,part,quantity", *lines, f"{before},Air Filter,many", ""]), encoding="utf-8")

    done = operate("import-usage", str(old), "--before", began.isoformat())
    ended = operate("retrain", "--wait")
    repair_shop.wait(lambda: repair_shop.served("v1/model")["first_day"] == before.isoformat())
    old.write_text("date,part,quantity\n", encoding="utf-8")
    taken_back = operate("import-usage", str(old), "--before", began.isoformat())

    assert done[0] == 0
    assert done[1].startswith("40 lines imported; the next retrain learns from them\n  1 refused: ")
    assert " published (" in ended[1]
    assert taken_back == (0, "0 lines imported; the next retrain learns from them")
    assert repair_shop.live_history() == repair_shop.recounted(), "the history holds what appointments say"
    assert operate("import-usage", str(tmp_path / "missing.csv"), "--before", began.isoformat())[0] == 1
