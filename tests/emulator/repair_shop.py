"""A shop on the real emulators, and the retrain function beside it as a process of its own."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore

from local.functions import start_function, wait_until_listening
from local.processes import Child, free_port
from restock.counting.appointments import CountingRules
from restock.counting.count import AppointmentWritten, Version, count
from restock.gcp.firestore import FirestoreDocuments
from restock.gcp.storage import BucketObjects
from restock.history.history import History
from restock.logs import Log
from restock.scoped import documents_of, objects_of
from restock.stored import names
from restock.stored.published import read_live, read_verified
from tests.builders import a_settings, environment
from tests.fakes import FakeQueue
from tests.recount import Row, recount, row_of

TRAPS = Path(__file__).parent / "traps"
ZONE = "Europe/London"
THRESHOLD = 3


class Silent(Log):
    def _write(self, severity: str, message: str, fields: dict[str, Any]) -> None:
        pass


class RepairShop:
    """Writes appointments as the app does, and delivers their events. ``shop`` names one of a chain."""

    def __init__(self, project: str, bucket: str, shop: str = "") -> None:
        self.project, self.bucket, self.shop = project, bucket, shop
        self.neighbour: RepairShop | None = None
        self.client = firestore.Client(project, AnonymousCredentials())
        self.appointments = f"{names.root(shop)}appointments"
        self.documents = documents_of(shop, FirestoreDocuments(project))
        self.objects = objects_of(shop, BucketObjects(project, bucket))
        if shop:
            FirestoreDocuments(project).set(names.shop(shop), {"time_zone": ZONE})
        self.queue = FakeQueue()
        self.settings = a_settings(project=project, bucket=bucket, time_zone=ZONE, retrain_threshold=THRESHOLD)
        self.documents.set("spare_parts/p1", {"name": "Oil Filter", "category": "Filters"})

    def write(self, appointment: str, status: str | None, quantity: float = 1) -> AppointmentWritten:
        """One write of the app (None deletes); returns its event, not delivered yet."""
        reference = self.client.document(f"{self.appointments}/{appointment}")
        before = reference.get()
        if status is None:
            reference.delete()
        else:
            parts = [{"id": "p1", "name": "Oil Filter", "quantity": quantity}]
            day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
            made = before.get("createdAt") if before.exists else datetime.now(UTC)
            service = ("Oil Change", "Oil\nChange")[int(quantity) % 2]
            booking = {"date": day, "service": service, "createdAt": made}
            reference.set({"status": status, "spareParts": parts, **booking})
        after = reference.get()
        return AppointmentWritten(appointment, _version(before), _version(after), datetime.now(UTC))

    def deliver(self, event: AppointmentWritten) -> None:
        count(
            event,
            rules=CountingRules.of(self.settings),
            threshold=THRESHOLD,
            documents=lambda: documents_of(self.shop, FirestoreDocuments(self.project)),
            queue=lambda: self.queue,
            now=datetime.now(UTC),
            log=Silent("on_appointment"),
        )

    def happen(self, appointment: str, status: str | None, quantity: float = 1) -> None:
        self.deliver(self.write(appointment, status, quantity))

    def live_history(self) -> list[Row]:
        live = read_live(self.objects).pointer
        assert live
        history = History.from_bytes(read_verified(self.objects, names.history(live.history), live.history_sha256))
        rows = history.rows.to_pylist()
        return sorted(map(row_of, rows))

    def recounted(self) -> list[Row]:
        return recount(self.client.collection(self.appointments).stream(), zone=ZONE)

    def pending(self) -> int:
        return self.documents.count_true("restock_changes", "pending", 1000)

    def awaiting(self) -> int:
        return self.documents.count_true("restock_changes", "awaiting", 1000)

    def runs(self) -> list[Mapping[str, Any]]:
        return [found.fields for found in reversed(self.documents.newest("restock_runs", "run", 1000))]

    def state(self) -> Mapping[str, Any]:
        found = self.documents.get("restock_state/retrain")
        return found.fields if found else {}


def _version(snapshot: Any) -> Version | None:
    return Version(snapshot.to_dict(), snapshot.update_time) if snapshot.exists else None


@dataclass(frozen=True)
class RetrainAnswer:
    status: int
    body: Mapping[str, Any]


class RetrainProcess:
    """The retrain function with its traps, as functions-framework runs it."""

    def __init__(self, log_dir: Path, *, lease_seconds: int, threads: int = 1, **settings: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/"
        self.lease_seconds = lease_seconds
        env = environment(SHOP_TIME_ZONE=ZONE, RETRAIN_THRESHOLD=str(THRESHOLD), **settings)
        self.child: Child = start_function(
            "retrain", port=port, env=env | {"THREADS": str(threads)}, functions_dir=TRAPS, log_dir=log_dir
        )
        wait_until_listening(self.child, port)

    def ask(
        self, shop: RepairShop, reason: str, body: Mapping[str, Any] | None = None, **traps: str
    ) -> RetrainAnswer | None:
        """Its answer; None if the process died over it."""
        headers = {"Content-Type": "application/json", "X-Project": shop.project, "X-Bucket": shop.bucket}
        headers |= {"X-Lease-Seconds": str(self.lease_seconds), "X-Chain": str(bool(shop.shop)).lower()}
        headers |= {f"X-{name.replace('_', '-')}": value for name, value in traps.items()}
        data = json.dumps({"reason": reason, **(body or {}), "shop": shop.shop}).encode()
        request = urllib.request.Request(self.url, data=data, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return RetrainAnswer(answer.status, json.loads(answer.read()))
        except urllib.error.HTTPError as exc:
            return RetrainAnswer(exc.code, json.loads(exc.read()))
        except OSError:
            return None

    def stop(self) -> None:
        self.child.stop()
