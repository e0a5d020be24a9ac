"""What an operator does with a deployed project: looks, is told what stands in the way, sends dead deliveries again."""

from __future__ import annotations

import base64

import pytest

from tests.infra.conftest import World

pytestmark = pytest.mark.needs("gcloud")


def test_status_shows_what_stands(deployed: World) -> None:
    deployed.google.resources["storage demo-shop-restock/o/models/current.json"] = {"updated": "2026-03-02T12:00:00Z"}

    text = deployed.infra("status").text

    words = [line.split()[:2] for line in text.splitlines()]

    assert ["forecast", "ACTIVE"] in words
    assert ["queue", "stands"] in words
    assert "1 task waits, first-training-" in text
    assert ["bucket", "stands"] in words
    assert ["pointer", "published"] in words
    assert ["trigger", "set"] in words


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (lambda google: setattr(google, "billing", False), "billing is off"),
        (lambda google: setattr(google, "permissions", lambda asked: asked[1:]), "this account lacks"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_told_before_anything_changes(deployed: World, prepare, told: str) -> None:
    prepare(deployed.google)
    try:
        ended = deployed.infra("deploy")
    finally:
        deployed.google.billing, deployed.google.permissions = True, list

    assert ended.status == 1
    assert told in ended.text
    assert "nothing was changed" in ended.text
    assert ended.changes == []


def test_a_project_that_is_not_there_is_told(deployed: World) -> None:
    deployed.settings(project='"another-shop"')

    ended = deployed.infra("deploy")

    assert ended.status == 1
    assert "another-shop" in ended.text
    assert ended.changes == []


def test_dead_deliveries_are_sent_again_as_they_came(deployed: World) -> None:
    google = deployed.google
    event = base64.b64encode(b"\x0a\xff\x80").decode()  # protobuf, not text
    attributes = {
        "ce-id": "7",
        "ce-subject": "documents/appointments/a1",
        "CloudPubSubDeadLetterSourceSubscription": "s",
    }
    dead = google.named("pubsub", "/subscriptions/restock-dead-events")
    dead["messages"] = [{"data": event, "attributes": attributes, "messageId": "1"}]
    topic = google.named("eventarc", "restock-on-appointment-111111")["transport"]["pubsub"]["topic"]

    looked = deployed.infra("replay", "--look")
    ended = deployed.infra("replay")

    assert "documents/appointments/a1" in looked.text
    assert looked.changes == []
    assert ended.status == 0, ended.text
    assert dead["messages"] == []
    assert google.resources[f"pubsub {topic}"]["messages"] == [
        {"data": event, "attributes": {"ce-id": "7", "ce-subject": "documents/appointments/a1"}}
    ]
