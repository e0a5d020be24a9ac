"""Each procedure of docs/runbook.md that touches data, typed as it stands there, against the whole local stack.

One shop, one procedure after the other. Among its bookings is one that was purged long after its day, whose usage only
histories remember. Nothing may be lost: after each procedure the live history is what an independent recount of the
appointments finds, with that booking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

from local import running_stack
from local.demo import ask
from local.processes import free_port
from local.setup import ROOT
from local.stack import Options, Stack
from restock import __main__ as operator
from restock.retraining.lease import acquire
from restock.stored import names
from restock.stored.published import read_live
from tests.emulator.repair_shop import ZONE, RepairShop
from tests.recount import Row
from tests.waiting import lasting, wait_until

pytestmark = pytest.mark.needs("firestore", "storage")

PURGED = "purged"
SETTINGS = {
    "SHOP_TIME_ZONE": ZONE,
    "FORECAST_AUTH": "public",
    "RETRAIN_THRESHOLD": "1000",  # no run but those that are asked for
    "KEEP_USAGE_WHEN_DELETED_AFTER_DAYS": "30",
}


class Operated(RepairShop):
    """The shop, and what a person types and does with Google's own tools."""

    def __init__(self, stack: Stack, capsys: pytest.CaptureFixture[str] | None, purged: list[Row]) -> None:
        super().__init__(stack.options.project, stack.bucket)
        self.stack, self.purged, self._capsys = stack, purged, capsys
        self.all_objects = storage.Client("demo", AnonymousCredentials()).bucket(stack.bucket)

    def types(self, *words: str) -> str:
        """``python -m restock ...``; what it printed."""
        operator.main([*words])
        out, err = self._capsys.readouterr() if self._capsys else ("", "")
        return out + err

    def completes(self, *appointments: str) -> None:
        for appointment in appointments:
            self.write(appointment, "completed")
        self.waits_until_quiet()

    def waits_until_quiet(self) -> None:
        """Every event delivered, every task done."""

        def is_quiet() -> bool:
            self.stack.check()
            return not self.stack.relay.undelivered and not self.stack.tasks.pending(self.stack.queue)

        wait_until(lasting(is_quiet, 0.5), timeout_seconds=120, every_seconds=0.05)

    def generations(self, prefix: str = "") -> list[Any]:
        """``gcloud storage ls --all-versions``, the oldest first."""
        return sorted(self.all_objects.list_blobs(prefix=prefix, versions=True), key=lambda blob: int(blob.generation))

    def copies_back(self, blob: Any, data: bytes | None = None) -> None:
        """``gcloud storage cp gs://B/NAME#GENERATION gs://B/NAME``."""
        whole = blob.download_as_bytes() if data is None else data
        self.all_objects.blob(blob.name).upload_from_string(whole)

    def has_lost_nothing(self) -> bool:
        self.waits_until_quiet()
        assert self.live_history() == sorted([*self.recounted(), *self.purged])
        return True


@pytest.fixture(scope="module")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, list[Row]]]:
    folder: Path = tmp_path_factory.mktemp("runbook")
    options = Options(
        project="demo-runbook",
        log_dir=folder / "logs",
        state_file=folder / "stack.json",
        forecast_port=free_port(),
        settings=SETTINGS,
    )
    with Stack(options) as stack, pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in running_stack.environment(options.state_file).items():
            monkeypatch.setenv(name, value)
        shop = Operated(stack, None, [])
        long_ago = (datetime.now(UTC) - timedelta(days=60)).date().isoformat()
        used = [{"id": "p1", "name": "Oil Filter", "quantity": 4}]
        shop.client.document(f"appointments/{PURGED}").set(
            {"status": "completed", "spareParts": used, "date": long_ago}
        )
        shop.completes("a1", "a2", "a3")
        shop.types("retrain", "--wait")
        shop.completes("a4")
        shop.write(PURGED, None)
        shop.waits_until_quiet()
        shop.types("retrain", "--wait")
        yield stack, [row for row in shop.live_history() if row[0] == PURGED]


@pytest.fixture
def shop(
    _trained: tuple[Stack, list[Row]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Operated:
    stack, purged = _trained
    for name, value in running_stack.environment(stack.options.state_file).items():
        monkeypatch.setenv(name, value)
    capsys.readouterr()
    operated = Operated(stack, capsys, purged)
    assert purged
    assert operated.has_lost_nothing()
    return operated


def test_restore_a_deleted_or_damaged_object_a_pointer_copied_back_is_repaired_by_the_next_run(shop: Operated) -> None:
    older = shop.generations(names.POINTER)[-1]
    data = older.download_as_bytes()
    shop.completes("b1")
    assert "published" in shop.types("retrain", "--wait")

    shop.copies_back(older, data)
    shop.completes("b2")
    said = shop.types("retrain", "--wait")

    assert "published" in said
    assert shop.runs()[-1]["drift"]["differing"] + shop.runs()[-1]["drift"]["in_flight"] >= 1
    assert shop.has_lost_nothing()


def test_restore_a_deleted_or_damaged_object_without_any_history_a_rebuild_waits_for_one_to_be_copied_back(
    shop: Operated,
) -> None:
    live = read_live(shop.objects).pointer
    assert live
    whole = {blob.name: blob.download_as_bytes() for blob in shop.all_objects.list_blobs(prefix=names.HISTORIES)}
    for name in whole:
        shop.all_objects.blob(name).upload_from_string(b"damaged")
    before = live.version

    refused = shop.types("rebuild", "--wait")
    newest = names.history(live.history)
    shop.all_objects.blob(newest).upload_from_string(whole[newest])
    shop.types("rebuild", "--wait")

    assert "no history can be read" in refused
    after = read_live(shop.objects).pointer
    assert after
    assert after.version >= before
    assert shop.has_lost_nothing()


def test_restore_a_deleted_or_damaged_object_lost_documents_of_restock_are_made_again(shop: Operated) -> None:
    shop.completes("c1")
    for collection in (names.CHANGES, names.RUNS, names.STATES):
        for document in shop.client.collection(collection).stream():
            document.reference.delete()

    shop.types("retrain")
    shop.waits_until_quiet()
    shop.types("rebuild", "--wait")

    assert next(run["status"] for run in shop.runs()) == "overtaken"
    assert shop.has_lost_nothing()


def test_restore_a_deleted_or_damaged_object_an_unreadable_change_is_made_anew(shop: Operated) -> None:
    shop.completes("d1")
    shop.documents.set(names.change("d1"), {"schema": 99, "pending": True, "awaiting": True})

    said = shop.types("retrain", "--wait")

    assert "published" in said
    assert shop.has_lost_nothing()


def test_the_whole_bucket_deleted_comes_back_with_what_was_completed_meanwhile(shop: Operated) -> None:
    forecast = shop.stack.address["forecast_url"]
    assert ask(forecast, days=30).status == 200
    shop.stack.tasks.pause(shop.stack.queue)
    kept = [(blob, blob.download_as_bytes()) for blob in shop.generations()]
    shop.objects.erase("", keep="")
    assert shop.generations() == []

    for appointment in ("e1", "e2"):
        shop.write(appointment, "completed")
    wait_until(lambda: shop.pending() == 2, timeout_seconds=60)
    served = ask(forecast, days=30).status
    for blob, data in kept:
        shop.copies_back(blob, data)
    shop.stack.tasks.pause(shop.stack.queue, is_paused=False)
    status = shop.types("status")
    said = shop.types("rebuild", "--wait")

    assert served == 200
    assert "PROBLEM" not in status
    assert "published" in said
    assert shop.has_lost_nothing()


def test_restore_drill_ends_where_it_began(shop: Operated) -> None:
    before = read_live(shop.objects).pointer
    assert before
    earlier = max(run["run"] for run in shop.runs() if run["status"] == "published" and run["run"] < before.version)

    shop.types("pin")
    pinned = shop.generations(names.POINTER)[-1]
    data = pinned.download_as_bytes()
    shop.types("rollback", str(earlier), "--pin")
    rolled_back = read_live(shop.objects).pointer
    shop.completes("f1")
    shop.copies_back(pinned, data)
    status = shop.types("status")
    ended = shop.types("retrain", "--wait")
    shop.types("unpin")
    rebuilt = shop.types("rebuild", "--wait")

    assert rolled_back
    assert (rolled_back.version, rolled_back.pinned) == (earlier, True)
    assert f"version {before.version}, " in status
    assert "PINNED" in status
    assert "pinned; unpin to train again" in ended
    assert "published" in rebuilt
    assert shop.runs()[-1]["drift"]["differing"] == 0
    assert shop.has_lost_nothing()


def test_delete_a_customers_data_and_nobody_elses(shop: Operated) -> None:
    shop.write("a1", None)
    shop.waits_until_quiet()
    shop.types("pin")
    live = read_live(shop.objects).pointer
    assert live
    before = sorted(blob.name for blob in shop.generations(names.HISTORIES))
    refused = shop.types("erase", "a1")
    untouched = sorted(blob.name for blob in shop.generations(names.HISTORIES))
    shop.types("unpin")
    shop.waits_until_quiet()
    live = read_live(shop.objects).pointer
    assert live
    overtaken = names.history(live.history + 1)  # of a run that stored its files and was then overtaken
    shop.all_objects.blob(overtaken).upload_from_string(b"newer than the live one, and names a1")

    said = shop.types("erase", "a1")

    now = read_live(shop.objects).pointer
    assert now
    assert "make unpin" in refused
    assert untouched == before
    assert "appointment a1 is forgotten" in said
    assert "what remains:" in said
    assert [blob.name for blob in shop.generations(names.HISTORIES)] == [names.history(now.history)]
    assert "a1" not in {row[0] for row in shop.live_history()}
    assert shop.has_lost_nothing()


def test_move_to_another_region_is_taken_over_only_when_told(shop: Operated) -> None:
    state = dict(shop.state())
    shop.documents.set(names.STATE, state | {"published": state["published"] | {"bucket": "the-old-bucket"}})
    shop.write("g1", "completed")
    history = shop.live_history()

    ended = shop.types("retrain", "--wait")
    left = shop.live_history()
    adopted = shop.types("rebuild", "--adopt", "--wait")

    assert "the-old-bucket" in ended
    assert left == history
    assert "published" in adopted
    assert shop.has_lost_nothing()


def test_by_hand_a_dead_runs_lease_is_freed(shop: Operated) -> None:
    shop.completes("h1")
    acquire(shop.documents, "dead", "schedule", datetime.now(UTC), seconds=3600)

    freed = shop.types("free-lease")
    said = shop.types("retrain", "--wait")

    assert "the lease is free" in freed
    assert "published" in said
    assert shop.has_lost_nothing()


def test_every_procedure_here_is_a_heading_of_the_runbook() -> None:
    headings = re.findall(r"^### (.+)$", (ROOT / "docs/runbook.md").read_text(encoding="utf-8"), re.MULTILINE)
    titles = {re.sub(r"\W+", "_", heading.replace("'", "").split(",")[0]).lower() for heading in headings} | {"by_hand"}

    tests = [name.removeprefix("test_") for name in globals() if name.startswith("test_")]

    assert [name for name in tests if not name.startswith((*titles, "every_procedure"))] == []
