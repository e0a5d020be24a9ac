"""Promise 8: bad data is reported, not fatal. Malformed appointments through events and through the full read."""

from __future__ import annotations

import json

import pytest

from restock.counting.appointments import usage_of
from restock.counting.count import count, unknown_status
from restock.errors import StoreRefusedError
from restock.gcp.events import decode
from restock.logs import Log
from tests.builders import NOON, appointment, part, payload, rules
from tests.fakes import FakeDocuments, FakeQueue
from tests.hostile.corpus import cases, random_documents
from tests.unit.retraining.shop import Shop

CORPUS = dict(cases())
RANDOM = 500


def received(fields):
    """The event of a completion with these fields, as the platform would send it."""
    return decode(payload(before=appointment("in_process"), after=fields), NOON.isoformat())


def merged(event):
    """What one delivery leaves, and what was logged of it."""
    documents, queue = FakeDocuments(), FakeQueue()
    lines: list[str] = []
    log = Log("on_appointment", stream=type("Lines", (), {"write": lines.append, "flush": lambda self: None})())
    count(
        event,
        rules=rules(),
        threshold=1000,
        documents=lambda: documents,
        queue=lambda: queue,
        now=NOON,
        log=log,
    )
    change = documents.stored("restock_changes").get("restock_changes/a1")
    return change, [json.loads(line) for line in lines if line.strip()]


@pytest.mark.parametrize("name", CORPUS)
def test_promise_8_a_malformed_event_is_counted_as_far_as_it_goes_and_reported(name):
    event = received(CORPUS[name])
    expected = usage_of(event.after.fields, event.after.update_time, rules())

    change, lines = merged(event)

    assert (change is not None) == (not expected.usage.is_empty or expected.is_lost)
    warnings = [line for line in lines if line["severity"] == "WARNING"]
    assert len(warnings) == len(expected.rejections) + (unknown_status(event, rules()) is not None)
    assert all(line["appointment"] == "a1" for line in warnings)
    assert not any("x" * 1000 in line["message"] for line in lines)


@pytest.mark.parametrize("name", CORPUS)
def test_a_malformed_appointment_means_the_same_in_an_event_and_in_a_full_read(name):
    """The full read sees the client's Python values, the event protobuf's."""
    event = received(CORPUS[name])

    assert usage_of(event.after.fields, NOON, rules()) == usage_of(CORPUS[name], NOON, rules())


def fill(shop: Shop, without: str = "") -> int:
    """Store the corpus and random documents as appointments; returns how many rejections they are good for."""
    rejections = 0
    listed = [fields for name, fields in CORPUS.items() if name != without]
    for number, fields in enumerate([*listed, *(fields for _, fields in random_documents(RANDOM, seed=1))]):
        path = f"appointments/{number}"
        try:
            shop.documents.set(path, fields)
        except StoreRefusedError:
            continue  # Firestore itself would not hold it
        found = shop.documents.get(path)
        rejections += len(usage_of(found.fields, found.update_time, rules()).rejections)
    return rejections


def test_promise_8_one_full_read_takes_them_all_and_counts_every_rejection():
    shop = Shop()
    shop.complete("sound")
    rejections = fill(shop)

    outcome = shop.retrain()

    record = shop.record(1)
    assert outcome.status == "published"
    assert rejections > 500
    assert sum(record["rejected"].values()) == rejections
    assert len(record["rejected"]) < 40, "reasons are few, or nobody could read them"
    assert len(record["rejected_examples"]) == 20
    assert shop.used()["sound"] == 1.0


def test_promise_8_the_real_model_is_fitted_to_what_is_left_of_them():
    """Names of every alphabet and quantities up to a million reach the forecast, whose bytes can be read again."""
    from restock.forecasting.fitting import Fitter
    from restock.stored.artifact import ForecastArtifact

    shop = Shop()
    for number in range(30):
        shop.complete(f"sound{number}", date=f"2026-02-{1 + number % 28:02}", parts=[part("Oil", 1 + number % 3)])
    fill(shop, without="10,000 parts")  # which only take time
    shop.fit = Fitter("Europe/London", frozenset())

    outcome = shop.retrain(force=True)  # a million units of one part may well look absurd

    assert outcome.status == "published", outcome
    artifact = ForecastArtifact.from_bytes(shop.objects.read("models/1/forecast").data)
    assert {"Oil Filter"} <= {one.name for one in artifact.parts if one.active}


@pytest.mark.parametrize("status", ["in_process", "completed"])
def test_promise_8_random_events_are_taken_one_after_another(status):
    shop = Shop(retrain_threshold=100_000)
    for number, (_, fields) in enumerate(random_documents(RANDOM, seed=2)):
        shop.deliver(decode(payload(str(number), appointment(status), fields), NOON.isoformat()))

    assert shop.errors() == []
    assert len(shop.documents.stored("restock_changes")) > RANDOM / 10
