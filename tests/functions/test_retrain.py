"""The door of training: what it answers, and what it hands on."""

from __future__ import annotations

import sys

import pytest

from restock.retraining.run import Outcome
from restock.scoped import ScopedDocuments, ScopedObjects
from restock.shops import Shops
from tests.builders import a_settings
from tests.fakes import FakeDocuments
from tests.functions.doors import open_door


@pytest.fixture
def door(monkeypatch):
    client, main = open_door("retrain", monkeypatch, TASKS_EMULATOR_HOST="127.0.0.1:1", FIRESTORE_EMULATOR_HOST="x:1")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    asked = []

    def run(request, tools):
        asked.append((request, tools))
        return outcomes.pop()

    outcomes = [Outcome("published", 200, "version 7 published", run=7, version=7, generation=123)]
    monkeypatch.setattr(main, "run", run)
    return client, asked, outcomes


def test_it_answers_with_the_outcome(door):
    client, asked, _ = door

    answer = client.post("/", json={"reason": "manual", "rebuild": True})

    assert answer.status_code == 200
    assert answer.get_json() == {
        "status": "published",
        "http_status": 200,
        "message": "version 7 published",
        "run": 7,
        "version": 7,
        "generation": 123,
    }
    ((request, tools),) = asked
    assert (request.reason, request.rebuild, request.force) == ("manual", True, False)
    assert tools.settings.bucket == "demo-restock"


@pytest.mark.parametrize(("status", "code"), [("busy", 503), ("failed", 500), ("refused", 200), ("overtaken", 503)])
def test_the_status_tells_the_queue_whether_to_come_again(door, status, code):
    client, _, outcomes = door
    outcomes[:] = [Outcome(status, code, "why")]

    assert client.post("/", json={"reason": "threshold"}).status_code == code


def test_the_schedulers_body_without_a_content_type_is_read(door):
    client, asked, _ = door

    assert client.post("/", data=b'{"reason": "schedule"}').status_code == 200
    assert asked[0][0].reason == "schedule"


def test_a_mistake_is_answered_not_run(door):
    client, asked, _ = door

    answer = client.post("/", json={"reason": "because"})

    assert answer.status_code == 400
    assert "send one of schedule, threshold, manual" in answer.get_json()["message"]
    assert asked == []


def test_only_post_runs_anything(door):
    client, asked, _ = door

    answer = client.get("/")

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert asked == []


def test_what_nobody_foresaw_is_answered_without_its_trace(door):
    client, _, outcomes = door
    outcomes.clear()  # popping from it fails inside the door

    answer = client.post("/", json={"reason": "manual"})

    assert answer.status_code == 500
    assert not any(word in answer.get_data(as_text=True) for word in ("Traceback", "IndexError", "main.py"))


@pytest.fixture
def chain(door, monkeypatch):
    client, asked, outcomes = door
    settings = a_settings(is_chain=True, tasks_emulator_host="127.0.0.1:1")
    documents = FakeDocuments()
    documents.set("restock_shops/north", {"time_zone": "Europe/Lisbon", "threshold": 2})
    documents.set("restock_shops/south", {"time_zone": "Mars/Olympus"})
    monkeypatch.setattr(sys.modules["main"], "shops", Shops(settings, lambda: documents))
    return client, asked, outcomes


def test_a_task_of_a_shop_is_run_by_its_settings_on_its_stores(chain):
    client, asked, _ = chain

    assert client.post("/", json={"reason": "threshold", "shop": "north"}).status_code == 200

    ((request, tools),) = asked
    assert request.shop == "north"
    assert tools.settings.retrain_threshold == 2
    assert tools.settings.time_zone == "Europe/Lisbon"
    assert isinstance(tools.documents, ScopedDocuments)
    assert isinstance(tools.objects, ScopedObjects)


@pytest.mark.parametrize(
    ("shop", "status", "words"),
    [
        ({}, 400, "it names no shop, and RESTOCK_CHAIN is true"),
        ({"shop": "west"}, 404, "'west' is no shop"),
        ({"shop": "south"}, 500, "shop south stands still: time_zone='Mars/Olympus'"),
        ({"shop": "../north"}, 400, "send the id of a shop"),
    ],
)
def test_a_task_for_what_is_no_shop_runs_nothing(chain, shop, status, words):
    client, asked, _ = chain

    answer = client.post("/", json={"reason": "threshold"} | shop)

    assert answer.status_code == status
    assert words in answer.get_json()["message"]
    assert asked == []
