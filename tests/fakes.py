"""Firestore, Cloud Storage and Cloud Tasks in memory, with the semantics that Restock's promises rest on.

``tests/contract`` runs the same checks on these and on the real adapters against emulators, so that they cannot lie.
Every effect is announced twice, to ``before`` and ``after``: what raises in the first stands for a request that never
arrived, what raises in the second for an answer that was lost. There the model checker crashes, fails and interleaves.
"""

from __future__ import annotations

import copy
import itertools
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from restock.errors import ConflictError, StoreRefusedError
from restock.gcp.order_documents import WRITABLE
from restock.serving.ordering.store import Stored, Write
from restock.stored.stored_object import StoredObject
from restock.stores import Fields, ObjectInfo, Snapshot, Update

MICROSECOND = timedelta(microseconds=1)
MOST_BYTES = 1_048_576


class FakeClock:
    """Stands still until told."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


class FakeSeconds:
    """A clock of seconds, as time.monotonic is one; stands still until told."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


def nobody(effect: str) -> None:
    """Who listens to effects when no test does."""


@dataclass(slots=True)
class _Document:
    fields: dict[str, Any]
    update_time: datetime
    create_time: datetime


class _Commits:
    """The server behind one or more clients: commit times strictly increase; a read at T sees every commit up to T."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._latest = datetime.min.replace(tzinfo=UTC)

    def read_time(self) -> datetime:
        self._latest = max(self._clock(), self._latest)
        return self._latest

    def commit_time(self) -> datetime:
        self._latest = max(self._clock(), self._latest + MICROSECOND)
        return self._latest


class FakeDocuments:
    """Firestore."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.reads = 0
        self.writes = 0
        self.before: Callable[[str], None] = nobody
        self.after: Callable[[str], None] = nobody
        self._commits = _Commits(clock or FakeClock())
        self._documents: dict[str, _Document] = {}

    def client(self, before: Callable[[str], None], after: Callable[[str], None]) -> FakeDocuments:
        """Another client of the same server, with counters and listeners of its own."""
        other = copy.copy(self)
        other.reads, other.writes, other.before, other.after = 0, 0, before, after
        return other

    def stored(self, collection: str) -> dict[str, Fields]:
        """All documents of a collection by path, as a test looks at them: no read is counted, nobody is told."""
        return {path: self._documents[path].fields for path in self._in(collection)}

    def get(self, path: str) -> Snapshot | None:
        self.before(f"get {path}")
        self.reads += 1
        found = self._snapshot(path, self._commits.read_time()) if path in self._documents else None
        self.after(f"get {path}")
        return found

    def get_many(self, paths: Sequence[str]) -> dict[str, Snapshot]:
        return {path: found for path in paths if (found := self.get(path))}

    def create(self, path: str, fields: Fields) -> None:
        self.before(f"create {path}")
        if path in self._documents:
            raise ConflictError(f"{path} exists")
        self._write(path, fields)
        self.after(f"create {path}")

    def set(self, path: str, fields: Fields) -> None:
        self.before(f"set {path}")
        self._write(path, fields)
        self.after(f"set {path}")

    def update(self, update: Update) -> None:
        self.before(f"update {update.path}")
        self._update(update)
        self.after(f"update {update.path}")

    def update_many(self, updates: Sequence[Update]) -> dict[str, datetime]:
        written: dict[str, datetime] = {}
        for update in updates:
            self.before(f"update {update.path}")
            try:
                self._update(update)
                self.after(f"update {update.path}")
            except ConflictError:
                continue
            written[update.path] = self._documents[update.path].update_time
        return written

    def count_true(self, collection: str, field: str, up_to: int) -> int:
        self.before(f"count {collection}")
        self.reads += 1
        found = min(up_to, sum(1 for _ in self._true(collection, field)))
        self.after(f"count {collection}")
        return found

    def where_true(self, collection: str, field: str) -> Iterator[Snapshot]:
        self.before(f"query {collection}")
        read_time = self._commits.read_time()
        for found in [self._snapshot(path, read_time) for path in self._true(collection, field)]:
            self.reads += 1
            yield found

    def pages(
        self, collection: str, fields: Sequence[str], page_size: int, after: str = "", up_to: str = ""
    ) -> Iterator[list[Snapshot]]:
        last, end = f"{collection}/{after}", f"{collection}/{up_to}"
        while True:
            self.before(f"page {collection}")
            paths = [path for path in self._in(collection) if path > last and (not up_to or path <= end)][:page_size]
            read_time = self._commits.read_time()
            self.reads += len(paths)
            if paths:
                last = paths[-1]
                yield [_selected(self._snapshot(path, read_time), fields) for path in paths]
            if len(paths) < page_size:
                return

    def newest(self, collection: str, field: str, limit: int) -> list[Snapshot]:
        holding = [path for path in self._in(collection) if field in self._documents[path].fields]
        holding.sort(key=lambda path: self._documents[path].fields[field], reverse=True)
        read_time = self._commits.read_time()
        self.reads += len(holding[:limit])
        return [self._snapshot(path, read_time) for path in holding[:limit]]

    def delete(self, path: str) -> None:
        """As the shop's app and the TTL policy do; Restock itself deletes no document."""
        self._commits.commit_time()
        self._documents.pop(path, None)

    def expire(self, now: datetime) -> None:
        """The TTL policy: delete what says it expired."""
        for path, found in list(self._documents.items()):
            if (until := found.fields.get("expire_at")) and until < now:
                self.delete(path)

    def copied(self, root: str = "") -> dict[str, Any]:
        """Everything under a root, as a backup holds it."""
        return {path: copy.deepcopy(found) for path, found in self._documents.items() if path.startswith(root)}

    def put_back(self, copied: Mapping[str, Any], root: str = "") -> None:
        """In place: every client of it shares the dictionary."""
        for path in [path for path in self._documents if path.startswith(root)]:
            del self._documents[path]
        self._documents.update(copy.deepcopy(dict(copied)))

    def _true(self, collection: str, field: str) -> list[str]:
        return [path for path in self._in(collection) if self._documents[path].fields.get(field) is True]

    def _in(self, collection: str) -> list[str]:
        return sorted(path for path in self._documents if path.rpartition("/")[0] == collection)

    def _snapshot(self, path: str, read_time: datetime) -> Snapshot:
        found = self._documents[path]
        return Snapshot(path, _copy(found.fields), found.update_time, read_time, found.create_time)

    def _update(self, update: Update) -> None:
        found = self._documents.get(update.path)
        if found is None or found.update_time != update.update_time:
            raise ConflictError(f"{update.path} is no longer the document that was read")
        self._write(update.path, {**found.fields, **update.fields})

    def _write(self, path: str, fields: Fields) -> None:
        stored = {name: _storable(path, value) for name, value in fields.items() if value is not None}
        if len(repr(stored)) > MOST_BYTES:
            raise StoreRefusedError(f"{path} exceeds {MOST_BYTES} bytes")
        now, before = self._commits.commit_time(), self._documents.get(path)
        self._documents[path] = _Document(stored, now, before.create_time if before else now)
        self.writes += 1


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(entry) for name, entry in value.items()}
    return [_copy(entry) for entry in value] if isinstance(value, list) else value


def _storable(path: str, value: Any, *, in_list: bool = False) -> Any:
    """The value as Firestore keeps it; raises as the client or the server does for what it cannot keep."""
    if value is None or isinstance(value, (bool, float, str, bytes)):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise StoreRefusedError(f"{path}: {value} does not fit into 64 bits")
        return value
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, Mapping):
        return {name: _storable(path, entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        if in_list:
            raise StoreRefusedError(f"{path}: a list directly inside a list")
        return [_storable(path, entry, in_list=True) for entry in value]
    raise TypeError(f"{path}: cannot store {type(value).__name__}")


def _selected(found: Snapshot, fields: Sequence[str]) -> Snapshot:
    kept = {name: found.fields[name] for name in fields if name in found.fields}
    return replace(found, fields=kept)


class FakeOrders:
    """The documents of orders and parts: :class:`restock.serving.ordering.store.OrderStore`."""

    def __init__(self) -> None:
        self.before: Callable[[str], None] = nobody
        self.after: Callable[[str], None] = nobody
        self._documents: dict[str, Stored] = {}
        self._of_shops: dict[str, FakeOrders] = {}
        self._versions = itertools.count(1)
        self._lock = threading.Lock()

    def under(self, root: str) -> FakeOrders:
        """A shop's own, in a chain; a shop alone has its own at the root."""
        return self._of_shops.setdefault(root, FakeOrders()) if root else self

    def get(self, path: str) -> Stored | None:
        self.before(f"get {path}")
        return self._documents.get(path)

    def all(self, collection: str) -> list[Stored]:
        self.before(f"all {collection}")
        return [found for path, found in self._documents.items() if path.startswith(f"{collection}/")]

    def equal(self, collection: str, field: str, value: str) -> list[Stored]:
        return [found for found in self.all(collection) if found.fields.get(field) == value]

    def since(self, collection: str, field: str, moment: datetime) -> list[Stored]:
        having = [found for found in self.all(collection) if field in found.fields]
        return [found for found in having if found.fields[field] >= moment]

    def newest(self, collection: str, field: str, limit: int) -> list[Stored]:
        having = [found for found in self.all(collection) if field in found.fields]
        return sorted(having, key=lambda found: found.fields[field], reverse=True)[:limit]

    def commit(self, writes: Sequence[Write]) -> list[str]:
        self.before("commit " + " ".join(write.path for write in writes))
        for write in writes:
            collection, _, id = write.path.partition("/")
            if collection not in WRITABLE or id in (".", "..") or (id.startswith("__") and id.endswith("__")):
                raise StoreRefusedError(write.path)
        with self._lock:
            for write in writes:
                found = self._documents.get(write.path)
                if (found.version if found else None) != write.version:
                    raise ConflictError(f"{write.path} is no longer of version {write.version}")
            versions = [self._put(write) for write in writes]
        self.after("commit " + " ".join(write.path for write in writes))
        return versions

    def _put(self, write: Write) -> str:
        kept = {name: value for name, value in write.fields.items() if value is not None}
        fields = _storable(write.path, kept)
        found = self._documents.get(write.path)
        if found is None or found.fields != fields:
            version = f"2026-05-04T09:00:00.{next(self._versions):06d}Z"
            found = self._documents[write.path] = Stored(write.path.rpartition("/")[2], fields, version)
        return found.version


@dataclass(slots=True)
class _Object:
    data: bytes
    generation: int
    updated: datetime


class FakeObjects:
    """A versioned bucket: every write, of whatever name, gets a generation greater than any before."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.before: Callable[[str], None] = nobody
        self.after: Callable[[str], None] = nobody
        self._clock = clock or FakeClock()
        self._generations = itertools.count(1_700_000_000_000_001)
        self._objects: dict[str, _Object] = {}
        self._noncurrent: dict[str, list[_Object]] = {}

    def client(self, before: Callable[[str], None], after: Callable[[str], None]) -> FakeObjects:
        """Another client of the same bucket, with listeners of its own."""
        other = copy.copy(self)
        other.before, other.after = before, after
        return other

    def stored(self) -> dict[str, StoredObject]:
        """What is in the bucket, as a test looks at it: nobody is told."""
        return {name: StoredObject(found.data, found.generation) for name, found in self._objects.items()}

    def read(self, name: str) -> StoredObject | None:
        self.before(f"read {name}")
        found = self._objects.get(name)
        return StoredObject(found.data, found.generation) if found else None

    def write(self, name: str, data: bytes, *, if_generation: int) -> int:
        self.before(f"write {name}")
        found = self._objects.get(name)
        if (found.generation if found else 0) != if_generation:
            raise ConflictError(f"{name} is no longer of generation {if_generation}")
        if found:
            self._noncurrent.setdefault(name, []).append(found)
        written = next(self._generations)
        self._objects[name] = _Object(bytes(data), written, self._clock())
        self.after(f"write {name}")
        return written

    def list(self, prefix: str) -> list[ObjectInfo]:
        self.before(f"list {prefix}")
        return [
            ObjectInfo(name, found.generation, len(found.data), found.updated)
            for name, found in sorted(self._objects.items())
            if name.startswith(prefix)
        ]

    def delete(self, name: str) -> None:
        self.before(f"delete {name}")
        if found := self._objects.pop(name, None):
            self._noncurrent.setdefault(name, []).append(found)
        self.after(f"delete {name}")

    def erase(self, prefix: str, keep: str) -> list[str]:
        self.before(f"erase {prefix}")
        gone = [name for name in self.ever_stored() if name.startswith(prefix) and name != keep]
        for name in gone:
            self._objects.pop(name, None)
            self._noncurrent.pop(name, None)
        self.after(f"erase {prefix}")
        return gone

    def ever_stored(self) -> list[str]:
        """The names of which any generation is left, deleted ones too."""
        return sorted({*self._objects, *self._noncurrent})

    def damage(self, name: str) -> None:
        """Turn one bit of a stored object, which no precondition notices."""
        found = self._objects[name]
        found.data = found.data[:-1] + bytes([found.data[-1] ^ 1])


@dataclass(slots=True, eq=False)
class FakeTask:
    name: str
    body: Mapping[str, Any]
    due: datetime
    attempts: int = 0


@dataclass
class FakeQueue:
    """Cloud Tasks: a name is taken while its task waits, and for ``remembers`` (0 to 24 h) after it is done."""

    clock: Callable[[], datetime] = field(default_factory=FakeClock)
    remembers: timedelta = timedelta(hours=1)
    tasks: dict[str, FakeTask] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    """The names of all tasks there ever were."""
    before: Callable[[str], None] = nobody
    after: Callable[[str], None] = nobody
    _taken_until: dict[str, datetime] = field(default_factory=dict)

    def ask(self, name: str, body: Mapping[str, Any], *, not_before: datetime | None = None) -> bool:
        self.before(f"ask {name}")
        now = self.clock()
        if name in self.tasks or self._taken_until.get(name, now) > now:
            return False
        self.tasks[name] = FakeTask(name, dict(body), max(not_before or now, now))
        self.created.append(name)
        self.after(f"ask {name}")
        return True

    def client(self, before: Callable[[str], None], after: Callable[[str], None]) -> FakeQueue:
        """Another client of the same queue, with listeners of its own."""
        other = copy.copy(self)
        other.before, other.after = before, after
        return other

    def due(self) -> list[FakeTask]:
        now = self.clock()
        return sorted((task for task in self.tasks.values() if task.due <= now), key=lambda task: task.due)

    def settle(self, task: FakeTask, status: int | None) -> None:
        """How its call ended: 2xx is done; anything else, no answer included, is tried again later."""
        if status is not None and 200 <= status < 300:
            del self.tasks[task.name]
            self._taken_until[task.name] = self.clock() + self.remembers
            return
        task.attempts += 1
        task.due = self.clock() + timedelta(seconds=min(300.0, 10 * math.pow(2, min(task.attempts, 10))))
