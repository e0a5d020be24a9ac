"""The door of counting, driven as the platform drives it: CloudEvents over HTTP."""

from __future__ import annotations

import base64
import json

import pytest

from restock import stores
from restock.errors import StoreUnavailableError
from restock.stores import Update
from tests.builders import NOON, appointment, cloud_event, payload
from tests.fakes import FakeClock, FakeDocuments, FakeQueue
from tests.functions.doors import open_door


class Door:
    def __init__(self, monkeypatch, capsys, **changed):
        self.client, self.main = open_door("on_appointment", monkeypatch, **changed)
        self.clock = FakeClock(NOON)
        self.documents, self.queue = FakeDocuments(self.clock), FakeQueue(self.clock)
        self.capsys = capsys
        monkeypatch.setattr(self.main, "documents", lambda: self.documents)
        monkeypatch.setattr(self.main, "queue", lambda: self.queue)
        monkeypatch.setattr(self.main, "datetime", type("Frozen", (), {"now": staticmethod(lambda zone: self.clock())}))
        monkeypatch.setattr(stores, "pause", lambda attempt: None)

    def post(self, body, **headers):
        given, body = cloud_event(body)
        return self.client.post("/", data=body, headers=given | headers)

    def logged(self):
        return [json.loads(line) for line in self.capsys.readouterr().out.splitlines() if line.startswith("{")]


@pytest.fixture
def door(monkeypatch, capsys):
    return Door(monkeypatch, capsys, RETRAIN_THRESHOLD="1")


COMPLETED = payload(before=appointment("in_process", []), after=appointment())


@pytest.mark.parametrize("form", [bytes, base64.b64encode], ids=["raw", "base64"])
def test_a_completion_is_counted_and_a_retrain_asked_for(door, form):
    answer = door.post(form(COMPLETED))

    assert answer.status_code == 200
    assert door.documents.get("restock_changes/a1").fields["awaiting"] is True
    assert [task.body for task in door.queue.tasks.values()] == [{"reason": "threshold"}]


def test_one_line_says_the_outcome_with_the_appointment_and_the_trace(door):
    door.post(COMPLETED, **{"X-Cloud-Trace-Context": "0af7651916cd43dd8448eb211c80319c/1;o=1"})

    (line,) = door.logged()
    assert line["severity"] == "INFO"
    assert line["appointment"] == "a1"
    assert line["logging.googleapis.com/trace"] == "projects/demo-restock/traces/0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("body", [b"", b"nonsense", b"\x0a\xff", payload(), payload(after=appointment(), path="users")])
def test_an_event_nothing_can_mend_is_acknowledged_and_named_once(door, body):
    answer = door.post(body)

    assert answer.status_code == 200
    assert door.documents.writes == 0
    (line,) = door.logged()
    assert line["severity"] == "ERROR"
    assert line["event"] == "e1"
    assert line["subject"] == "documents/appointments/a1"


def test_a_store_that_is_away_is_answered_with_an_error_so_that_the_event_comes_again(door):
    def away(effect):
        raise StoreUnavailableError("Firestore is away")

    door.documents.before = away
    assert door.post(COMPLETED).status_code == 500
    door.documents.before = lambda effect: None
    assert door.post(COMPLETED).status_code == 200

    assert door.documents.get("restock_changes/a1") is not None


def test_promise_1_a_delivery_that_meets_a_change_that_cannot_be_read_comes_again_once_a_run_has_found_it(door):
    door.documents.set("restock_changes/a1", {"schema": 99})

    assert door.post(COMPLETED).status_code == 500
    assert door.documents.get("restock_changes/a1").fields == {"schema": 99, "pending": True}
    (line,) = [line for line in door.logged() if line["severity"] == "ERROR"]
    assert "restock_changes/a1" in line["message"]


def test_a_deletion_is_dated_by_the_event_for_shops_that_purge(monkeypatch, capsys):
    door = Door(monkeypatch, capsys, KEEP_USAGE_WHEN_DELETED_AFTER_DAYS="30")
    old = payload(before=appointment(date="2026-01-02"), before_at=NOON.replace(month=1))

    door.post(old, **{"ce-time": "2026-03-02T12:00:00Z"})
    assert door.documents.get("restock_changes/a1") is None
    door.clock.now = NOON.replace(month=1, day=20)
    door.post(old, **{"ce-time": "2026-01-20T12:00:00Z"})
    assert door.documents.get("restock_changes/a1").fields["usage"] == []


def test_a_change_overtaken_while_it_is_merged_is_merged_again(door):
    door.post(COMPLETED)
    left = [1]

    def overtake(effect):
        if effect.startswith("update") and left[0]:
            left[0] = 0
            found = door.documents.get("restock_changes/a1")
            door.documents.update(Update(found.path, {"trained_time": NOON}, found.update_time))

    door.documents.before = overtake
    later = NOON.replace(hour=13)
    door.post(payload(before=appointment(), after=appointment("cancelled"), before_at=NOON, at=later))

    found = door.documents.get("restock_changes/a1").fields
    assert found["trained_time"] == NOON
    assert found["usage"] == []


@pytest.fixture
def chain(monkeypatch, capsys):
    door = Door(monkeypatch, capsys, RETRAIN_THRESHOLD="1", RESTOCK_CHAIN="true")
    for shop in ("north", "south"):
        door.documents.set(f"restock_shops/{shop}", {"time_zone": "Europe/Lisbon", "threshold": 2})
    return door


def of_shop(shop, id="a1"):
    path = f"shops/{shop}/appointments"
    return payload(id, before=appointment("in_process", []), after=appointment(), path=path)


def test_two_shops_count_the_same_appointment_apart_and_the_shop_is_in_task_body_and_line(chain):
    chain.post(of_shop("north"))
    chain.post(of_shop("south"))
    chain.post(of_shop("north", "a2"))

    assert len(chain.documents.stored("shops/north/restock_changes")) == 2
    assert len(chain.documents.stored("shops/south/restock_changes")) == 1
    assert chain.documents.stored("restock_changes") == {}
    assert [task.body for task in chain.queue.tasks.values()] == [{"reason": "threshold", "shop": "north"}]
    assert ["-north-retrain-" in name for name in chain.queue.tasks] == [True]
    assert [line["shop"] for line in chain.logged()] == ["north", "south", "north"]


def test_a_shop_nobody_registered_is_not_counted_and_is_as_soon_as_it_is(chain):
    assert chain.post(of_shop("west")).status_code == 200
    chain.documents.set("restock_shops/west", {"time_zone": "Europe/Lisbon"})
    assert chain.post(of_shop("west")).status_code == 200

    assert len(chain.documents.stored("shops/west/restock_changes")) == 1
    warned, counted = chain.logged()
    assert (warned["severity"], "'west' is no shop" in warned["message"]) == ("WARNING", True)
    assert counted["shop"] == "west"


def test_a_shop_with_a_wrong_setting_has_its_events_come_again_and_stops_no_other(chain):
    chain.documents.set("restock_shops/north", {"time_zone": "Mars/Olympus"})

    assert chain.post(of_shop("north")).status_code == 500
    assert chain.post(of_shop("south")).status_code == 200
    chain.documents.set("restock_shops/north", {"time_zone": "Europe/Lisbon"})
    assert chain.post(of_shop("north")).status_code == 200

    (told,) = [line for line in chain.logged() if line["severity"] == "ERROR"]
    assert "shop north stands still: time_zone='Mars/Olympus' is not a time zone" in told["message"]


def test_an_event_of_another_kind_of_deployment_is_refused_by_name(chain, monkeypatch, capsys):
    assert chain.post(COMPLETED).status_code == 200
    (told,) = chain.logged()
    assert "it names no shop, and RESTOCK_CHAIN is true" in told["message"]
    single = Door(monkeypatch, capsys, RESTOCK_CHAIN="false")
    assert single.post(of_shop("north")).status_code == 200
    (told,) = single.logged()
    assert "it is of shop 'north', and RESTOCK_CHAIN is not set" in told["message"]
    assert single.documents.writes == 0
