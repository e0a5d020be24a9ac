"""on_appointment over fakes, one delivery after the other."""

from __future__ import annotations

import io
import json

from restock.counting.count import count
from restock.logs import Log
from tests.builders import NOON, rules
from tests.fakes import FakeClock, FakeDocuments, FakeQueue


class World:
    def __init__(self, threshold=10, **settings):
        self.clock = FakeClock(NOON)
        self.documents, self.queue = FakeDocuments(self.clock), FakeQueue(self.clock)
        self.threshold, self.rules = threshold, rules(**settings)
        self.opened = 0
        self.lines = io.StringIO()

    def open_documents(self):
        self.opened += 1
        return self.documents

    def deliver(self, *events, now=NOON):
        for event in events:
            count(
                event,
                rules=self.rules,
                threshold=self.threshold,
                documents=self.open_documents,
                queue=lambda: self.queue,
                now=now,
                log=Log("on_appointment", stream=self.lines),
            )

    def change(self, id="a1"):
        found = self.documents.get(f"restock_changes/{id}")
        return found and found.fields

    def logged(self):
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]
