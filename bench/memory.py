"""Memory of a retrain at the sizes that used to break it: promise 6, measured one process a size.

    python -m bench memory

Each size runs the real retrain in a process of its own, with every library the function loads. Its bucket is a folder;
its documents are made as they are asked for, page by page, for half a million changes in an emulator would measure the
emulator. What is measured is the process's greatest resident size, by the system's own count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.results import Row, Section, count_row

MOST_MEMORY = 2**30
MIB = 2**20


@dataclass(frozen=True)
class Size:
    parts: int
    days: int
    changes: int

    def __str__(self) -> str:
        return f"{self.parts:,} parts × {self.days:,} days, {self.changes:,} pending changes"


SIZES = (
    Size(1_000, 3_650, 10),
    Size(5_000, 730, 10),
    Size(20_000, 730, 10),
    Size(200, 730, 100_000),
    Size(200, 730, 500_000),
)
APPOINTMENTS = 50_000


def section(*, quick: bool) -> Section:
    rows, notes = [], []
    for size in SIZES[:1] if quick else SIZES:
        told = measured(size)
        rows.append(count_row(f"{size}: peak memory", told["peak"], MOST_MEMORY, unit="B"))
        rows.append(Row(f"{size}: how it ended", told["status"], told["kind"] or ""))
        notes += [f"{size}: {note}" for note in told["notes"] if "left" in note]
    about = "The bucket is a folder and documents are made as they are read; all libraries of the function are loaded."
    return Section("Memory of a retrain", rows, (about, *notes))


def measured(size: Size) -> dict[str, Any]:
    """Furnish a bucket in one process and retrain in another, so that nothing but the run is in its memory."""
    with tempfile.TemporaryDirectory() as folder:
        words = (str(size.parts), str(size.days), str(size.changes), folder)
        for step in ("furnish", "retrain"):
            done = subprocess.run(
                [sys.executable, "-m", "bench.memory", step, *words], stdout=subprocess.PIPE, text=True, check=True
            )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


# In a process of its own


def shop_of(size: Size) -> Any:
    from bench.sized_shop import SizedShop

    rules = _rules()
    return SizedShop(APPOINTMENTS, size.parts, size.days, (datetime.now(UTC) - timedelta(1)).date(), rules)


def _settings() -> Any:
    from restock.settings import RETRAIN, Settings

    return Settings.from_env(
        RETRAIN,
        {
            "GOOGLE_CLOUD_PROJECT": "demo-bench",
            "RESTOCK_BUCKET": "demo-bench",
            "SHOP_TIME_ZONE": "UTC",
            "RETRAIN_QUEUE": "projects/demo-bench/locations/local/queues/retrain",
            "RETRAIN_URL": "http://127.0.0.1:1",
        },
    )


def _rules() -> str:
    from restock.counting.appointments import CountingRules

    return CountingRules.of(_settings()).digest


def furnish(size: Size, folder: Path) -> None:
    """A history whose version is live, as an earlier run would have left it."""
    from restock.stored import names
    from restock.stored.pointer import Pointer
    from restock.stored.published import sha256

    objects, history = FolderObjects(folder), shop_of(size).history.to_bytes()
    yesterday = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    objects.write(names.history(0), history, if_generation=0)
    pointer = Pointer(
        version=0,
        history=0,
        run=0,
        forecast_sha256="",
        manifest_sha256="",
        history_sha256=sha256(history),
        published_by="bench",
        published_at=yesterday,
        trained_at=yesterday,
        rules=_rules(),
    )
    objects.write(names.POINTER, pointer.to_bytes(), if_generation=0)


def run(size: Size, folder: Path) -> dict[str, Any]:
    import resource

    import functions_framework  # noqa: F401  # as the function's process has it
    import google.cloud.firestore
    import google.cloud.storage  # noqa: F401

    from restock.forecasting.fitting import Fitter
    from restock.logs import Log
    from restock.retraining.run import retrain
    from restock.retraining.tools import Tools
    from restock.stored.retrain_request import RetrainRequest

    documents = MadeDocuments(size)
    settings = _settings()
    tools = Tools(
        settings=settings,
        documents=documents,
        objects=FolderObjects(folder),
        queue=NoQueue(),
        fit=Fitter(settings.time_zone, settings.closed_days),
        log=Log("retrain", stream=sys.stderr),
        clock=lambda: datetime.now(UTC),
    )
    outcome = retrain(RetrainRequest("manual", force=True), tools)
    record = next(fields for path, fields in documents.kept.items() if path.startswith("restock_runs/"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"peak": peak, "status": outcome.status, "kind": record["kind"], "notes": record["notes"]}


class NoQueue:
    def ask(self, name: str, body: Any, *, not_before: datetime | None = None) -> bool:
        return True


class FolderObjects:
    """Cloud Storage's preconditions on files; one process writes them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> Any:
        from restock.stored.stored_object import StoredObject

        file = self._folder / name
        return StoredObject(file.read_bytes(), 1) if file.is_file() else None

    def write(self, name: str, data: bytes, *, if_generation: int) -> int:
        from restock.errors import ConflictError

        file = self._folder / name
        if file.exists() != bool(if_generation):
            raise ConflictError(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        return 1

    def list(self, prefix: str) -> list[Any]:
        from restock.stores import ObjectInfo

        files = [file for file in (self._folder / prefix).rglob("*") if file.is_file()]
        names = [file.relative_to(self._folder).as_posix() for file in files]
        return [ObjectInfo(name, 1, 0, datetime.now(UTC)) for name in names]

    def erase(self, prefix: str, keep: str) -> Any:
        gone = [found.name for found in self.list(prefix) if found.name != keep]
        for name in gone:
            self.delete(name)
        return gone

    def delete(self, name: str) -> None:
        (self._folder / name).unlink()


class MadeDocuments:
    """Firestore whose changes and catalogue are made while they are read; only what a run itself writes is kept."""

    def __init__(self, size: Size) -> None:
        self._shop = shop_of(size)
        self._size, self._now = size, datetime.now(UTC)
        self.kept: dict[str, Any] = {}
        self.reads = self.writes = 0

    def _snapshot(self, path: str, fields: Any) -> Any:
        from restock.stores import Snapshot

        return Snapshot(path, fields, self._now, self._now, self._now)

    def get(self, path: str) -> Any:
        fields = self.kept.get(path)
        return self._snapshot(path, fields) if fields else None

    def get_many(self, paths: Sequence[str]) -> dict[str, Any]:
        found = {path: self.get(path) for path in paths}
        return {path: one for path, one in found.items() if one}

    def create(self, path: str, fields: Any) -> None:
        self.kept[path] = {name: value for name, value in fields.items() if value is not None}

    set = create

    def update(self, update: Any) -> None:
        self.create(update.path, {**self.kept[update.path], **update.fields})

    def update_many(self, updates: Sequence[Any]) -> dict[str, datetime]:
        return {update.path: self._now for update in updates}

    def count_true(self, collection: str, field: str, up_to: int) -> int:
        return 0

    def newest(self, collection: str, field: str, limit: int) -> list[Any]:
        return []

    def where_true(self, collection: str, field: str) -> Iterator[Any]:
        for number in range(self._size.changes):
            key = number * 7 % self._size.parts
            part = {"key": f"part-{key:05d}", "name": f"Part {key:05d}", "quantity": 2.0}
            moment = self._now - timedelta(microseconds=self._size.changes - number)
            fields = {
                "usage": [part],
                "day": (self._now - timedelta(1 + number % 84)).date().isoformat(),
                "source_time": moment,
                "completed_time": moment,
                "pending": True,
                "awaiting": True,
                "rules": self._shop.rules,
                "schema": 1,
            }
            yield self._snapshot(f"{collection}/made-{number:07d}-of-twenty", fields)

    def pages(
        self, collection: str, fields: Sequence[str], page_size: int, after: str = "", up_to: str = ""
    ) -> Iterator[list[Any]]:
        page = []
        for key, document in self._shop.catalogue():
            page.append(self._snapshot(f"{collection}/{key}", document))
            if len(page) == page_size:
                yield page
                page = []
        yield page


def main(words: Sequence[str]) -> None:
    step, folder = words[0], Path(words[4])
    size = Size(*map(int, words[1:4]))
    os.environ.pop("GOOGLE_APPLICATION_CREDENTIALS", None)
    furnish(size, folder) if step == "furnish" else print(json.dumps(run(size, folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
