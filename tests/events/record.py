"""Records what the Firestore emulator sends for each kind of write: ``python -m tests.events.record``.

Run it when the emulator or the app's documents change; the tests read what it left here.
"""

from __future__ import annotations

import json
import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from local.emulators import FirestoreEmulator
from local.triggers import register_trigger
from tests.receiver import Receiver

HERE = Path(__file__).parent
PROJECT = "demo-restock"
PARTS = [
    {"id": "p1", "name": "Oil Filter", "quantity": 1, "price": 9.5},
    {"name": "Ölwanne ✓", "quantity": "2.5"},
    {"id": None, "name": "Coolant", "quantity": 0.5},
]
BOOKING = {
    "userId": "u1",
    "service": "Full service",
    "date": "2026-03-02",
    "dateTime": datetime(2026, 3, 2, 23, 30, 0, 123456, tzinfo=UTC),
    "status": "pending",
    "spareParts": None,
    "rating": float("nan"),
    "where": firestore.GeoPoint(51.5, -0.1),
}


def record() -> None:
    receiver = Receiver()
    with tempfile.TemporaryDirectory() as logs:
        emulator = FirestoreEmulator.start(
            functions_host=receiver.url.removeprefix("http://"), log_dir=Path(logs) / "logs"
        )
        try:
            os.environ["FIRESTORE_EMULATOR_HOST"] = emulator.host
            register_trigger(emulator.host, project=PROJECT, trigger="record", document="appointments/{id}")
            document = firestore.Client(PROJECT, AnonymousCredentials()).document("appointments/a1")
            writes = {
                "created": lambda: document.create(BOOKING),
                "completed": lambda: document.update({"status": "completed", "spareParts": PARTS}),
                "edited": lambda: document.update({"spareParts": PARTS[:1]}),
                "deleted": document.delete,
            }
            for number, (name, write) in enumerate(writes.items(), 1):
                write()
                sent = receiver.wait_for(number)[-1]
                (HERE / f"{name}.bin").write_bytes(sent.body)
                kept = {key: value for key, value in sent.headers.items() if key.startswith(("ce-", "content-type"))}
                (HERE / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")
        finally:
            emulator.stop()
            receiver.stop()


if __name__ == "__main__":
    record()
