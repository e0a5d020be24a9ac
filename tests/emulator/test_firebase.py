"""The functions under the Firebase CLI's emulators: the path of people who work with `firebase emulators:start`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from google.cloud import firestore

from local import firebase, shop
from local.demo import ask
from local.firebase import Emulators, runnable_jar
from local.setup import ROOT

pytestmark = pytest.mark.needs("firestore", "storage", "node")


@pytest.fixture(scope="module")
def emulators(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulators]:
    with firebase.running(log_dir=tmp_path_factory.mktemp("firebase")) as running:
        yield running


@pytest.fixture
def client(emulators: Emulators, monkeypatch: pytest.MonkeyPatch) -> firestore.Client:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulators.firestore_host)
    return firestore.Client(project=firebase.PROJECT)


def test_completed_appointments_reach_on_appointment_and_a_forecast_is_served(
    emulators: Emulators, client: firestore.Client
) -> None:
    shop.load(client, [])
    brake_pads = next(part for part in shop.parts() if part.name == "Brake Pads Front")
    now = datetime.now(UTC)

    for number in range(10):
        shop.book_like_the_app(client, f"a{number}", day=now.date(), now=now)
        shop.complete_like_the_app(client, f"a{number}", [shop.entry(brake_pads, 4)], day=now.date(), now=now)

    wait_until(lambda: len(list(client.collection("restock_changes").list_documents())) == 10)
    wait_until(lambda: ask(emulators.forecast_url, days=30).status == 200)
    answer = ask(emulators.forecast_url, days=30)
    assert answer.totals["Brake Pads Front"] > 0
    assert len(answer.totals) == 40
    done = emulators.tasks.done(firebase.QUEUE)
    assert [task.last_status for task in done if task.attempts][:1] == [200]


def test_every_function_of_firebase_json_has_its_description() -> None:
    config = json.loads((ROOT / "firebase.json").read_text())

    sources = {about["source"] for about in config["functions"]}

    assert sources == {"functions/on_appointment", "functions/retrain", "functions/forecast"}
    assert all((ROOT / source / "functions.yaml").is_file() for source in sources)


def test_a_jar_in_a_deep_folder_with_a_blank_is_named_in_folded_lines(tmp_path: Path) -> None:
    deep = tmp_path / ("a folder " + "x" * 100) / "emulator.jar"

    wrapper = runnable_jar(deep, tmp_path / "wrapper.jar")

    import zipfile

    manifest = zipfile.ZipFile(wrapper).read("META-INF/MANIFEST.MF").decode()
    assert max(len(line) for line in manifest.split("\r\n")) <= 72
    assert deep.as_uri() in manifest.replace("\r\n ", "")


def wait_until(condition: Callable[[], bool], *, timeout_seconds: float = 90) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
