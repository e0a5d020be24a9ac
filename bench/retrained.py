"""One retrain, measured whole: from the start of its process, imports and all, to its answer.

The shop's past is put into the bucket as a history file; the changes, the catalogue and the lease are real documents.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil

from bench.harness import Server
from bench.metering import Meter
from bench.sized_shop import SizedShop
from bench.world import Premises
from local.processes import Child, ProcessError
from local.stack import Stack
from restock.counting.appointments import CountingRules
from restock.settings import RETRAIN, Settings
from restock.stored import names
from restock.stored.pointer import Pointer

PARTS, DAYS = 200, 730
AFTER_THE_RECORD = 2
"""Documents a run may still read once its record is written: its own lease, and the threshold once more."""

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Retrained:
    """What it took. Times in seconds, sizes in bytes."""

    shop: SizedShop
    changes: int
    wall: float
    cpu: float
    started: float
    """Of the wall time: until the server listened, which is imports."""
    cpu_started: float
    """Of the CPU time, likewise."""
    peak: int
    moved: Mapping[str, int]
    files: Mapping[str, int]
    """Bytes of what it wrote: forecast, model.joblib, manifest.json, and parquet, the history."""
    record: Mapping[str, Any]

    @property
    def stages(self) -> Mapping[str, float]:
        return self.record["seconds"]  # type: ignore[no-any-return]

    @property
    def documents_read(self) -> int:
        return int(self.record["documents"]["read"]) + AFTER_THE_RECORD

    @property
    def documents_written(self) -> int:
        return int(self.record["documents"]["written"]) + AFTER_THE_RECORD

    @property
    def beside_fitting(self) -> float:
        return self.wall - self.stages["fitted"]


def fastest(runs: Iterable[Retrained]) -> Retrained:
    """Of repeats: whatever else the machine does slows a run and never speeds it up."""
    return min(runs, key=lambda one: one.wall)


def shop_of(environment: Mapping[str, str], appointments: int, parts: int = PARTS, days: int = DAYS) -> SizedShop:
    """A shop whose past ends yesterday, counted by the rules of this environment."""
    rules = CountingRules.of(Settings.from_env(RETRAIN, environment)).digest
    return SizedShop(appointments, parts, days, today(environment) - timedelta(1), rules)


def today(environment: Mapping[str, str]) -> date:
    return datetime.now(ZoneInfo(environment["SHOP_TIME_ZONE"])).date()


def measured(
    stack: Stack, functions: Path, appointments: int, changes: int, *, manifest: bytes = b"{}", **size: int
) -> Retrained:
    """A new shop of this size with so many changes, retrained once."""
    place = Premises.made(stack, f"retrain-{next(_numbers)}")
    shop = shop_of(place.environment, appointments, **size)
    furnish(place, shop, manifest)
    leave_changes(place, shop, changes)
    # Forced, for the champion's shop may have been of another size, which the gate would rightly not trust.
    return retrained(place, functions, shop, changes, {"reason": "manual", "force": True})


def furnish(place: Premises, shop: SizedShop, manifest: bytes) -> None:
    """Make the shop's past live, as an earlier version 0 would have left it, and write its catalogue."""
    place.write(names.CATALOGUE, shop.catalogue())
    history = shop.history.to_bytes()
    objects = place.objects()
    objects.write(names.history(0), history, if_generation=0)
    objects.write(names.manifest(0), manifest, if_generation=0)
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    pointer = Pointer(
        version=0,
        history=0,
        run=0,
        forecast_sha256="",
        manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        history_sha256=hashlib.sha256(history).hexdigest(),
        published_by="bench",
        published_at=yesterday,
        trained_at=yesterday,
        rules=shop.rules,
    )
    objects.write(names.POINTER, pointer.to_bytes(), if_generation=0)


def leave_changes(place: Premises, shop: SizedShop, count: int) -> None:
    """Write what on_appointment would have left."""
    fields = {one.appointment: one.to_fields() for one in shop.changes(count, datetime.now(UTC))}
    present = {
        name: {key: value for key, value in found.items() if value is not None} for name, found in fields.items()
    }
    place.write(names.CHANGES, present.items())


def live_manifest(place: Premises) -> bytes:
    """Of the live version; its recipe can be the champion of another shop of this bench."""
    objects = place.objects()
    live = Pointer.from_bytes(objects.read(names.POINTER).data)
    return bytes(objects.read(names.manifest(live.version)).data)


def retrained(  # noqa: PLR0913  # the last one named
    place: Premises,
    functions: Path,
    shop: SizedShop,
    changes: int,
    body: Mapping[str, Any],
    *,
    settings: Mapping[str, str] | None = None,
) -> Retrained:
    """Start the function, post, wait, stop; raises unless a version was published."""
    stores = {"Firestore": place.stack.firestore.child, "Cloud Storage": place.stack.storage.child}
    before = {name: _moved(child) for name, child in stores.items()}
    with Server(RETRAIN, functions, {**place.environment, **(settings or {})}, wait=False) as server:
        with Meter(server.tree) as meter:
            server.wait_until_listening()
            started, cpu_started = server.age_seconds, server.tree.cpu_seconds()
            status, answer = server.post("/", json.dumps(dict(body)).encode(), {"Content-Type": "application/json"})
            wall = server.age_seconds
        cpu = server.tree.cpu_seconds()
    outcome = json.loads(answer) if status == 200 else {}
    if outcome.get("status") != "published":
        raise ProcessError(f"the retrain answered {status}: {answer!r}")
    moved: dict[str, int] = {}
    for name, child in stores.items():
        received, sent = (now - then for now, then in zip(_moved(child), before[name], strict=True))
        moved |= {f"to {name}": received, f"from {name}": sent}
    record = place.firestore.document(names.run_record(outcome["run"])).get().to_dict()
    return Retrained(
        shop,
        changes,
        wall,
        cpu,
        started,
        cpu_started,
        meter.peak_bytes,
        moved,
        sizes(place, outcome["version"]),
        record,
    )


def sizes(place: Premises, version: int) -> dict[str, int]:
    """Of the files of one version, by their last name."""
    found = place.objects().list(f"models/{version}/") + place.objects().list(f"history/{version}.")
    return {one.name.rsplit("/", 1)[-1].removeprefix(f"{version}."): one.size for one in found}


def _moved(child: Child) -> tuple[int, int]:
    """Bytes a server has read and written so far, sockets included; zeros where the system does not count them."""
    process = psutil.Process(child.process.pid)
    if not hasattr(process, "io_counters"):
        return 0, 0
    counted = process.io_counters()
    return int(counted.read_chars), int(counted.write_chars)
