"""A shop in memory: its app writes appointments, the events arrive at once, and retrains are run by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from restock.counting.appointments import CountingRules
from restock.counting.count import AppointmentWritten, Version, count
from restock.history.history import History
from restock.logs import Log
from restock.retraining.endings import Outcome
from restock.retraining.run import retrain
from restock.retraining.tools import Tools
from restock.stored import names
from restock.stored.names import STATE
from restock.stored.pointer import Pointer
from restock.stored.retrain_request import RetrainRequest
from tests.builders import NOON, a_settings, appointment
from tests.fakes import FakeClock, FakeDocuments, FakeObjects, FakeQueue
from tests.unit.retraining.models import ConstantFit


class Shop:
    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock(NOON)
        self.documents, self.objects = FakeDocuments(self.clock), FakeObjects(self.clock)
        self.queue = FakeQueue(self.clock)
        self.settings = a_settings(**({"retrain_threshold": 3, "rebuild_parallel": 1} | settings))
        self.fit = ConstantFit()
        self.lines = io.StringIO()
        self.documents.set("spare_parts/p1", {"name": "Oil Filter", "category": "Filters", "price": 9.5})

    def write(self, id: str, fields: Mapping[str, Any] | None) -> AppointmentWritten:
        """One write of the app (None: a deletion); its event is not delivered."""
        self.clock.advance(seconds=1)
        path = f"appointments/{id}"
        before = self.documents.get(path)
        self.documents.delete(path) if fields is None else self.documents.set(path, fields)
        after = self.documents.get(path)
        versions = [Version(found.fields, found.update_time) if found else None for found in (before, after)]
        return AppointmentWritten(id, versions[0], versions[1], self.clock())

    def deliver(self, event: AppointmentWritten) -> None:
        count(
            event,
            rules=CountingRules.of(self.settings),
            threshold=self.settings.retrain_threshold,
            documents=lambda: self.documents,
            queue=lambda: self.queue,
            now=self.clock(),
            log=self.log("on_appointment"),
        )

    def happen(self, id: str, fields: Mapping[str, Any] | None) -> None:
        self.deliver(self.write(id, fields))

    def complete(self, *ids: str, **more: Any) -> None:
        for id in ids:
            self.happen(id, appointment(**more))

    def bucket_as_now(self) -> dict[str, bytes]:
        return {name: found.data for name, found in self.objects.stored().items()}

    def put_back(self, bucket: Mapping[str, bytes], *, names_only: Sequence[str] | None = None) -> None:
        """Restore objects of the bucket, as an operator does who copies older generations over the live ones."""
        for name, data in bucket.items():
            if names_only is None or name in names_only:
                found = self.objects.read(name)
                self.objects.write(name, data, if_generation=found.generation if found else 0)

    def retrain(self, reason: str = "manual", **asked: bool) -> Outcome:
        return retrain(RetrainRequest(reason, **asked), self.tools())

    def change(self, **settings: Any) -> None:
        """A deploy of other settings."""
        self.settings = replace(self.settings, **settings)

    def die_after(self, step: str) -> None:
        """Let the next run end there; a real process dies in tests/emulator/test_crash_points.py."""
        tools = self.tools

        def after(done: str) -> None:
            if done == step:
                self.tools = tools
                raise KeyError("died")

        self.tools = lambda: tools(after=after)

    def tools(self, **changed: Any) -> Tools:
        given = {
            "settings": self.settings,
            "documents": self.documents,
            "objects": self.objects,
            "queue": self.queue,
            "fit": self.fit,
            "log": self.log("retrain"),
            "clock": self.clock,
        }
        return Tools(**(given | changed))

    def log(self, component: str) -> Log:
        return Log(component, stream=self.lines)

    def errors(self) -> list[str]:
        lines = [json.loads(line) for line in self.lines.getvalue().splitlines()]
        return [line["message"] for line in lines if line["severity"] == "ERROR"]

    def pointer_of_before(self, *lacks: str) -> None:
        """What is live, as a release wrote it whose pointers named less."""
        stored = self.objects.read(names.POINTER)
        fields = {name: value for name, value in json.loads(stored.data).items() if name not in lacks}
        self.objects.write(names.POINTER, json.dumps(fields).encode(), if_generation=stored.generation)

    def pointer(self) -> Pointer:
        stored = self.objects.read(names.POINTER)
        assert stored
        return Pointer.from_bytes(stored.data)

    def history(self) -> History:
        stored = self.objects.read(names.history(self.pointer().history))
        assert stored
        return History.from_bytes(stored.data)

    def used(self) -> dict[str, float]:
        """Units per appointment, as the live history has them."""
        found: dict[str, float] = {}
        for row in self.history().rows.to_pylist():
            found[row["appointment"]] = found.get(row["appointment"], 0) + row["quantity"]
        return found

    def state(self) -> Mapping[str, Any]:
        found = self.documents.get(STATE)
        return found.fields if found else {}

    def record(self, run: int) -> Mapping[str, Any]:
        return self.documents.stored("restock_runs")[f"restock_runs/{run}"]

    def pending(self) -> list[str]:
        changes = self.documents.stored("restock_changes")
        return [path.removeprefix("restock_changes/") for path, change in changes.items() if change["pending"]]
