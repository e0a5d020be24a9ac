"""What the shops of a history share: one clock, one Firestore, one bucket, one queue; and each shop's view of them.

A view is how a test looks at a shop: by the names the shop uses. The code under test gets ``restock.scoped`` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from restock.scoped import ScopedDocuments, ScopedObjects, documents_of, objects_of, queue_of
from restock.stored import names
from restock.stored.stored_object import StoredObject
from restock.stores import DocumentStore, Fields, ObjectStore, RetrainQueue
from tests.fakes import FakeClock, FakeDocuments, FakeObjects, FakeQueue, FakeTask

Ear = Callable[[str], None]


class Platform:
    def __init__(self, remembers: timedelta) -> None:
        self.clock = FakeClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
        self.documents = FakeDocuments(self.clock)
        self.objects = FakeObjects(self.clock)
        self.queue = FakeQueue(self.clock, remembers)


class ShopDocuments(ScopedDocuments):
    def __init__(self, whole: FakeDocuments, shop: str) -> None:
        super().__init__(whole, names.root(shop))
        self._whole, self._shop = whole, shop

    def client(self, before: Ear, after: Ear) -> DocumentStore:
        return documents_of(self._shop, self._whole.client(before, after))

    def stored(self, collection: str) -> dict[str, Fields]:
        found = self._whole.stored(self._root + collection)
        return {path.removeprefix(self._root): fields for path, fields in found.items()}

    def delete(self, path: str) -> None:
        self._whole.delete(self._root + path)

    def expire(self, now: datetime) -> None:
        self._whole.expire(now)

    def copied(self) -> dict[str, Any]:
        found = self._whole.copied(self._root)
        return {path.removeprefix(self._root): document for path, document in found.items()}

    def put_back(self, copied: Mapping[str, Any]) -> None:
        self._whole.put_back({self._root + path: document for path, document in copied.items()}, self._root)


class ShopObjects(ScopedObjects):
    def __init__(self, whole: FakeObjects, shop: str) -> None:
        super().__init__(whole, names.root(shop))
        self._whole, self._shop = whole, shop

    def client(self, before: Ear, after: Ear) -> ObjectStore:
        return objects_of(self._shop, self._whole.client(before, after))

    def stored(self) -> dict[str, StoredObject]:
        found = self._whole.stored()
        return {self._named(name): stored for name, stored in found.items() if f"/{self._root}" in name}

    def damage(self, name: str) -> None:
        folder, _, rest = name.partition("/")
        self._whole.damage(f"{folder}/{self._root}{rest}")


class ShopQueue:
    def __init__(self, whole: FakeQueue, shop: str) -> None:
        self._whole, self._shop = whole, shop

    def client(self, before: Ear, after: Ear) -> RetrainQueue:
        return queue_of(self._shop, self._whole.client(before, after))

    @property
    def tasks(self) -> dict[str, FakeTask]:
        return {name: task for name, task in self._whole.tasks.items() if task.body["shop"] == self._shop}

    def due(self) -> list[FakeTask]:
        return [task for task in self._whole.due() if task.body["shop"] == self._shop]

    def settle(self, task: FakeTask, status: int | None) -> None:
        self._whole.settle(task, status)
