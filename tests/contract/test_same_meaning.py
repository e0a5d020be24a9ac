"""Promise 1 rests on it: an appointment means the same in the event the platform sends and in the full read."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from google.api_core.exceptions import GoogleAPIError
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from local.emulators import FirestoreEmulator
from local.triggers import register_trigger
from restock.counting.appointments import FIELDS_READ, usage_of
from restock.gcp.events import decode
from restock.gcp.firestore import FirestoreDocuments
from tests.builders import appointment, part, rules
from tests.hostile.corpus import FIELDS, PART_FIELDS, Document, cases, random_documents
from tests.receiver import Receiver

TOO_LARGE_FOR_AN_EVENT = 200_000

pytestmark = pytest.mark.needs("firestore")


def test_promise_1_an_appointment_means_the_same_in_its_event_and_in_a_full_read(tmp_path: Path, project, monkeypatch):
    receiver = Receiver()
    emulator = FirestoreEmulator.start(functions_host=receiver.url.removeprefix("http://"), log_dir=tmp_path)
    try:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
        register_trigger(emulator.host, project=project, trigger="t", document="appointments/{id}")
        written = write_all(firestore.Client(project, AnonymousCredentials()))
        received = receiver.wait_for(written, timeout_seconds=60)

        by_event = {}
        for one in received:
            event = decode(base64.b64decode(one.body), one.headers["ce-time"])
            by_event[event.appointment] = (
                event.after.update_time,
                meaning(event.after.fields, event.after.update_time),
            )
        by_read = {
            found.id: (found.update_time, meaning(found.fields, found.update_time))
            for page in FirestoreDocuments(project).pages("appointments", FIELDS_READ, 100)
            for found in page
        }
    finally:
        emulator.stop()
        receiver.stop()

    assert written > 300
    assert by_event == by_read
    keys = {one.key for _, counted in by_read.values() for one in counted.usage.parts}
    assert "p1" in keys  # a reference to a part is its id
    assert not [key for key in keys if key.startswith("projects/")]


def meaning(fields, update_time):
    return usage_of(fields, update_time, rules())


def references(client: firestore.Client) -> list[Document]:
    """Appointments that refer to documents of the shop and of another project, in every field and as a part's id."""
    elsewhere = firestore.Client("another-shop", AnonymousCredentials())
    found = []
    for reference in (client.document("spare_parts/p1"), elsewhere.document("spare_parts/p1")):
        found += [appointment(parts=[part(**{field: reference})]) for field in PART_FIELDS]
        found += [appointment() | {field: reference} for field in FIELDS]
    return found


def write_all(client: firestore.Client) -> int:
    """Every malformed document that Firestore holds and an event can carry."""
    written = 0
    documents = [*(fields for _, fields in [*cases(), *random_documents(100, seed=3)]), *references(client)]
    for number, fields in enumerate(documents):
        if len(repr(fields)) > TOO_LARGE_FOR_AN_EVENT:
            continue
        try:
            client.document(f"appointments/a{number}").set(fields)
        except (GoogleAPIError, ValueError):
            continue  # Firestore itself would not hold it
        written += 1
    return written
