"""Stores under a root: what a shop of a chain is handed, so that nothing which uses them knows of shops.

::

    the shop calls it           the chain keeps it at
    restock_changes/a1          shops/S/restock_changes/a1
    models/7/forecast           models/shops/S/7/forecast      so that a grant on models/ reaches no history
    task retrain-…-run-3-…      <hash>-S-retrain-…-run-3-…     and its body names the shop

The empty root is the store itself: a deployment of one shop runs no line of this.
"""

from __future__ import annotations

import builtins
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from restock.stored import names
from restock.stored.stored_object import StoredObject
from restock.stores import DocumentStore, Fields, ObjectInfo, ObjectStore, RetrainQueue, Snapshot, Update


def documents_of(shop: str, documents: DocumentStore) -> DocumentStore:
    return ScopedDocuments(documents, names.root(shop)) if shop else documents


def objects_of(shop: str, objects: ObjectStore) -> ObjectStore:
    return ScopedObjects(objects, names.root(shop)) if shop else objects


def queue_of(shop: str, queue: RetrainQueue) -> RetrainQueue:
    return ScopedQueue(queue, shop) if shop else queue


class ScopedDocuments:
    """The documents under one root, by their paths below it."""

    def __init__(self, documents: DocumentStore, root: str) -> None:
        self._documents = documents
        self._root = root

    @property
    def reads(self) -> int:
        return self._documents.reads

    @property
    def writes(self) -> int:
        return self._documents.writes

    def get(self, path: str) -> Snapshot | None:
        found = self._documents.get(self._root + path)
        return self._seen(found) if found else None

    def get_many(self, paths: Sequence[str]) -> dict[str, Snapshot]:
        found = self._documents.get_many([self._root + path for path in paths])
        return {seen.path: seen for seen in self._all_seen(found.values())}

    def create(self, path: str, fields: Fields) -> None:
        self._documents.create(self._root + path, fields)

    def set(self, path: str, fields: Fields) -> None:
        self._documents.set(self._root + path, fields)

    def update(self, update: Update) -> None:
        self._documents.update(replace(update, path=self._root + update.path))

    def update_many(self, updates: Sequence[Update]) -> dict[str, datetime]:
        written = self._documents.update_many([replace(one, path=self._root + one.path) for one in updates])
        return {path.removeprefix(self._root): update_time for path, update_time in written.items()}

    def count_true(self, collection: str, field: str, up_to: int) -> int:
        return self._documents.count_true(self._root + collection, field, up_to)

    def where_true(self, collection: str, field: str) -> Iterator[Snapshot]:
        return map(self._seen, self._documents.where_true(self._root + collection, field))

    def pages(
        self, collection: str, fields: Sequence[str], page_size: int, after: str = "", up_to: str = ""
    ) -> Iterator[list[Snapshot]]:
        return map(self._all_seen, self._documents.pages(self._root + collection, fields, page_size, after, up_to))

    def newest(self, collection: str, field: str, limit: int) -> list[Snapshot]:
        return self._all_seen(self._documents.newest(self._root + collection, field, limit))

    def _seen(self, found: Snapshot) -> Snapshot:
        return replace(found, path=found.path.removeprefix(self._root))

    def _all_seen(self, found: Iterable[Snapshot]) -> list[Snapshot]:
        return [self._seen(one) for one in found]


class ScopedObjects:
    """The objects of one root, by their names without it."""

    def __init__(self, objects: ObjectStore, root: str) -> None:
        self._objects = objects
        self._root = root

    def read(self, name: str) -> StoredObject | None:
        return self._objects.read(names.placed(name, self._root))

    def write(self, name: str, data: bytes, *, if_generation: int) -> int:
        return self._objects.write(names.placed(name, self._root), data, if_generation=if_generation)

    def list(self, prefix: str) -> builtins.list[ObjectInfo]:
        found = self._objects.list(names.placed(prefix, self._root))
        return [replace(one, name=self._named(one.name)) for one in found]

    def delete(self, name: str) -> None:
        self._objects.delete(names.placed(name, self._root))

    def erase(self, prefix: str, keep: str) -> builtins.list[str]:
        erased = self._objects.erase(names.placed(prefix, self._root), names.placed(keep, self._root) if keep else "")
        return [self._named(name) for name in erased]

    def _named(self, name: str) -> str:
        return name.replace(self._root, "", 1)


class ScopedQueue:
    """Requests for one shop: two shops may be at the same run in the same hour."""

    def __init__(self, queue: RetrainQueue, shop: str) -> None:
        self._queue = queue
        self._shop = shop

    def ask(self, name: str, body: Mapping[str, Any], *, not_before: datetime | None = None) -> bool:
        label = f"{self._shop}-{name}"
        hashed = hashlib.sha256(label.encode()).hexdigest()[:8]  # names in sequence slow the queue
        return self._queue.ask(f"{hashed}-{label}", {**body, "shop": self._shop}, not_before=not_before)
