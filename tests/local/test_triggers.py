"""An emulator that does not send events as Restock knows them is refused at start, not waited for in vain."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from local.eventarc import PROBE, Relay
from local.processes import ProcessError
from local.triggers import PROBED_DOCUMENT, prove_events
from tests.receiver import Receiver


def prove(emulator: Receiver, relay: Relay) -> None:
    prove_events(emulator.url.removeprefix("http://"), relay, project="demo-probe", timeout_seconds=0.1)


def test_an_emulator_without_triggers_is_refused(receiver: Callable[..., Receiver]) -> None:
    with pytest.raises(ProcessError, match=r"takes no triggers .*\(404\): name another in FIRESTORE_EMULATOR_JAR"):
        prove(receiver(404), Relay({}))


def test_an_emulator_that_sends_nothing_is_refused(receiver: Callable[..., Receiver]) -> None:
    with pytest.raises(ProcessError, match=r"sent no event within 0\.1 s"):
        prove(receiver(200), Relay({}))


def test_an_event_of_another_kind_is_refused(receiver: Callable[..., Receiver]) -> None:
    relay = Relay({})
    relay.accept(PROBE, {}, b'{"specversion": "2.0"}')

    with pytest.raises(ProcessError, match="not of the kind Restock knows"):
        prove(receiver(200), relay)


def test_the_event_of_the_probe_goes_no_further_and_its_document_is_deleted(receiver: Callable[..., Receiver]) -> None:
    emulator, relay = receiver(200), Relay({})
    relay.accept(PROBE, {}, f"projects/p/databases/(default)/documents/{PROBED_DOCUMENT}".encode())

    prove(emulator, relay)

    assert [request.method for request in emulator.received] == ["POST", "PATCH", "DELETE"]
    assert relay.undelivered == 0
