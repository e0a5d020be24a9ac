"""The functions under the Firebase CLI's emulators: the path of people who work with `firebase emulators:start`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from google.cloud import firestore

from local import emulator_jar, firebase, machine, shop
from local.demo import ask
from local.firebase import Emulators
from tests.waiting import wait_until

pytestmark = pytest.mark.needs("firestore", "storage", "node")


def test_the_firestore_emulator_that_set_up_fetches_is_the_one_this_cli_names() -> None:
    assert json.loads(machine.EMULATOR_PIN.read_text()) == emulator_jar.named_by_cli()


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
    # The forecast may answer before retrain has told the queue that it is done.
    wait_until(
        lambda: [task.last_status for task in emulators.tasks.done(firebase.QUEUE) if task.attempts][:1] == [200]
    )
