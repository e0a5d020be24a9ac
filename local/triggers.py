"""Triggers: asks the Firestore emulator to send the events of a document pattern to its functions host."""

from __future__ import annotations

import time
import urllib.error

from local.emulator_jar import NAME_ANOTHER
from local.emulators import call
from local.eventarc import PROBE, Relay
from local.processes import ProcessError

WRITTEN = "google.cloud.firestore.document.v1.written"
PROBED_DOCUMENT = "restock_probe/at-start"


def register_trigger(firestore_host: str, *, project: str, trigger: str, document: str) -> None:
    """From now on every write to a matching document is posted as a CloudEvent to /functions/projects/P/triggers/ID.

    The host it goes to is the `functions_host` the emulator was started with. The emulator delivers once and never
    again; Eventarc's habits are added by local/eventarc.py.
    """
    try:
        call(
            "POST",
            f"http://{firestore_host}/emulator/v1/projects/{project}/eventarcTrigger?eventarcTriggerId={trigger}",
            {
                "eventType": WRITTEN,
                "database": "(default)",
                "namespace": "(default)",
                "document": {"value": document, "matchType": "PATH_PATTERN"},
            },
        )
    except urllib.error.HTTPError as exc:
        raise ProcessError(
            f"this Firestore emulator takes no triggers as Restock asks for them ({exc.code}): {NAME_ANOTHER}"
        ) from exc


def prove_events(firestore_host: str, relay: Relay, *, project: str, timeout_seconds: float = 60) -> None:
    """An emulator that sends no events, or not as known, would look like a shop in which nothing ever happens."""
    register_trigger(firestore_host, project=project, trigger=PROBE, document="restock_probe/{id}")
    url = f"http://{firestore_host}/v1/projects/{project}/databases/(default)/documents/{PROBED_DOCUMENT}"
    call("PATCH", url, {"fields": {}})
    deadline = time.monotonic() + timeout_seconds
    while not (body := relay.probed):
        if time.monotonic() > deadline:
            raise ProcessError(f"this Firestore emulator sent no event within {timeout_seconds:g} s: {NAME_ANOTHER}")
        time.sleep(0.01)
    call("DELETE", url)
    if PROBED_DOCUMENT.encode() not in body:
        raise ProcessError(f"this Firestore emulator's events are not of the kind Restock knows: {NAME_ANOTHER}")
