"""The relay has Eventarc's habits: at least once, in any order, again until answered with 2xx."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from infra.retries import RetryConfig
from local.eventarc import Habits, Relay, as_eventarc_sends_it
from local.processes import ProcessError, free_port
from restock.gcp.rest import Rest
from tests.receiver import Receiver
from tests.waiting import lasting, wait_until

QUICK = RetryConfig(max_attempts=-1, min_backoff_seconds=0.05, max_backoff_seconds=0.2)
HEADERS = {
    "ce-id": "e1",
    "ce-document": "appointments/a1",
    "Content-Type": "application/protobuf",
    "User-Agent": "emulator",
}

RelayMaker = Callable[..., Relay]


@pytest.fixture
def said() -> list[str]:
    """What the relay told its listener."""
    return []


@pytest.fixture
def relay_to(said: list[str]) -> Iterator[RelayMaker]:
    running: list[Relay] = []

    def make(url: str, **habits: Any) -> Relay:
        relay = Relay({"t1": url}, habits=Habits(**{"retries": QUICK, **habits}), listener=said.append)
        running.append(relay.start())
        return relay

    yield make
    for relay in running:
        relay.stop()


def send(relay: Relay, body: bytes = b"event", trigger: str = "t1") -> int:
    url = f"http://{relay.host}/functions/projects/p/triggers/{trigger}"
    return Rest().request("POST", url, body=body, headers=HEADERS).status


def test_an_event_arrives_with_its_attributes_and_nothing_of_the_emulators(
    relay_to: RelayMaker, receiver: Callable[..., Receiver]
) -> None:
    function = receiver()

    assert send(relay_to(function.url)) == 202

    [got] = function.wait_for(1)
    assert (got.headers["ce-id"], got.headers["ce-document"], got.body) == ("e1", "appointments/a1", b"event")
    assert got.headers["content-type"] == "application/protobuf"
    assert got.headers["user-agent"] != "emulator"


def test_the_body_is_protobuf_as_eventarc_sends_it_not_the_emulators_base64() -> None:
    protobuf = b"\n\x85\x01\n?projects/demo/databases/(default)/documents/appointments/a1"

    assert as_eventarc_sends_it(base64.b64encode(protobuf)) == protobuf
    assert as_eventarc_sends_it(protobuf) == protobuf


def test_what_is_not_answered_with_2xx_comes_again_after_growing_waits(
    relay_to: RelayMaker, receiver: Callable[..., Receiver]
) -> None:
    function = receiver(500, 429, 404, 204)
    relay = relay_to(function.url)

    send(relay)

    attempts = function.wait_for(4)
    wait_until(lasting(lambda: not relay.undelivered, 0.3))
    waits = [after.at - before.at for before, after in pairwise(attempts)]
    assert len(function.received) == 4
    assert waits[0] >= 0.05
    assert waits[1] >= 0.1
    assert waits[2] >= 0.2


def test_a_function_that_is_not_there_yet_gets_its_event_later(
    relay_to: RelayMaker, receiver: Callable[..., Receiver], said: list[str]
) -> None:
    port = free_port()
    send(relay_to(f"http://127.0.0.1:{port}"))
    wait_until(lambda: len(said) >= 2)

    function = receiver(port=port)

    function.wait_for(1)
    assert "appointments/a1: no answer, again in" in said[0]


def test_an_event_refused_for_a_day_is_dropped(
    relay_to: RelayMaker, receiver: Callable[..., Receiver], said: list[str]
) -> None:
    function = receiver(500)
    relay = relay_to(function.url, retries=replace(QUICK, max_retry_seconds=0.3))

    send(relay)

    wait_until(lambda: not relay.undelivered)
    assert function.received
    assert "dropped appointments/a1: 500 after a day of attempts" in said


def test_duplicates_and_delays_are_switched_on_by_settings(
    relay_to: RelayMaker, receiver: Callable[..., Receiver]
) -> None:
    function = receiver()
    relay = relay_to(function.url, delay_seconds=1.0, duplicates=1.0, seed=1)

    for number in range(8):
        send(relay, body=b"%d" % number)

    bodies = [got.body for got in function.wait_for(16)]
    assert sorted(bodies) == sorted([b"%d" % number for number in range(8)] * 2)
    assert bodies != sorted(bodies)


def test_habits_come_from_the_environment() -> None:
    env = {"EVENT_DELAY_SECONDS": "2.5", "EVENT_DUPLICATES": "0.2", "EVENT_SEED": "4"}

    assert Habits.from_env(env) == Habits(delay_seconds=2.5, duplicates=0.2, seed=4)
    assert Habits.from_env({}) == Habits()


@pytest.mark.parametrize("wrong", [{"EVENT_DELAY_SECONDS": "soon"}, {"EVENT_DUPLICATES": "2"}, {"EVENT_SEED": "1.5"}])
def test_a_wrong_habit_is_refused_by_name(wrong: dict[str, str]) -> None:
    with pytest.raises(ProcessError, match=f"{next(iter(wrong))}=.* is not a number from 0 to"):
        Habits.from_env(wrong)


def test_an_unknown_trigger_is_not_found(relay_to: RelayMaker) -> None:
    assert send(relay_to("http://127.0.0.1:9"), trigger="t2") == 404
