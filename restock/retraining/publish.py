"""Writing under a version, and the one conditional write that makes it live."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol

from restock.errors import ConflictError, DamagedError, OvertakenError
from restock.stored import names
from restock.stored.learnt import Learnt
from restock.stored.manifest import Digests, Manifest, Window
from restock.stored.pointer import FOLLOWED, Pointer
from restock.stored.published import Live, read_live, sha256
from restock.stores import ObjectStore

if TYPE_CHECKING:
    from restock.history.booked_seen import BookedSeen
    from restock.history.history import History
    from restock.history.stock_seen import StockSeen

PRUNED_PLACES = (names.MODELS, names.HISTORIES, names.STOCK_SEEN, names.BOOKED_SEEN)
KEPT_PLACES = (*PRUNED_PLACES, names.LEARNT)
LIBRARIES = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy")

NEWEST_KEPT = 10
"""So many of the newest versions are never pruned, however old."""


def newest_stored(objects: ObjectStore) -> int:
    """The greatest run that left files; 0 if none did."""
    stored = (names.version_of(found.name) for place in KEPT_PLACES for found in objects.list(place))
    return max((number for number in stored if number is not None), default=0)


def commit(objects: ObjectStore, new: Pointer, found: Live) -> int:
    """Promise 3: make ``new`` live if nobody else wrote the pointer since ``found`` was read; return its generation.

    This one write commits model and history together. The store may refuse it because our own first try, whose answer
    was lost, is what stands there: so after a refusal the pointer is read back, and one that is ours means success.
    """
    try:
        return objects.write(names.POINTER, new.to_bytes(), if_generation=found.generation)
    except ConflictError as exc:
        now_live = read_live(objects)
        if now_live.pointer == new:
            return now_live.generation
        raise OvertakenError("the pointer moved while this run was training") from exc


@cache
def libraries() -> Mapping[str, str]:
    """The versions of what fitted the model; looking them up reads files."""
    return {name: version(name) for name in LIBRARIES}


class Publishable(Protocol):
    """What is published of a fitted model."""

    @property
    def recipe(self) -> Mapping[str, Any]: ...

    @property
    def scores(self) -> Mapping[str, Any]: ...

    def forecast(self, version: int, trained_at: datetime, previous: bytes | None) -> bytes:
        """What serving loads, with what came otherwise than the live one, given as it was published, said."""

    def estimators(self) -> bytes: ...

    def window(self) -> Window: ...


class Files:
    """What one run writes under its own version, and the pointer that will name it."""

    def __init__(self, version: int, written_at: datetime, database: str, attempt: str) -> None:
        self.version, self.written_at, self.database, self.attempt = version, written_at, database, attempt
        self.contents: dict[str, bytes] = {}
        self._followed: dict[str, Any] = {}

    def add_learnt(self, body: bytes, basis: str, rules: str) -> None:
        """Before the model, whose manifest names it."""
        learnt = Learnt(
            run=self.version,
            learnt_at=self.written_at.isoformat(),
            basis=basis,
            rules=rules,
            libraries=libraries(),
            body=body,
        )
        self.contents[names.learnt(self.version)] = learnt.to_bytes()
        digest = sha256(self.contents[names.learnt(self.version)])
        self._followed = dict(zip(FOLLOWED, (self.version, digest, learnt.learnt_at), strict=True))

    def follow(self, live: Pointer) -> None:
        """The model is one of what the live one follows."""
        self._followed = {name: getattr(live, name) for name in FOLLOWED}

    def add_model(self, model: Publishable, rules: str, previous: bytes | None) -> None:
        forecast, estimators = model.forecast(self.version, self.written_at, previous), model.estimators()
        manifest = Manifest(
            version=self.version,
            trained_at=self.written_at.isoformat(),
            rules=rules,
            window=model.window(),
            recipe=model.recipe,
            scores=model.scores,
            digests=Digests(forecast=sha256(forecast), estimators=sha256(estimators)),
            libraries=libraries(),
            revision=os.environ.get("K_REVISION", ""),
            **self._followed,
        )
        self.contents[names.forecast(self.version)] = forecast
        self.contents[names.estimators(self.version)] = estimators
        self.contents[names.manifest(self.version)] = manifest.to_bytes()

    def add_history(self, history: History) -> None:
        self.contents[names.history(self.version)] = replace(history, database=self.database).to_bytes()

    def add_stock_seen(self, seen: StockSeen) -> None:
        self.contents[names.stock_seen(self.version)] = seen.to_bytes()

    def add_booked_seen(self, seen: BookedSeen) -> None:
        self.contents[names.booked_seen(self.version)] = seen.to_bytes()

    def pointer(self, live: Pointer | None, published_by: str, rules: str) -> Pointer:
        """Naming what was added here, and for the rest what was live before."""
        facts: dict[str, Any] = asdict(live) if live else {}
        facts |= {"run": self.version, "rules": rules, "published_by": published_by, "pinned": False}
        facts |= {"database": self.database, "attempt": self.attempt}
        facts["published_at"] = self.written_at.isoformat()
        if forecast := self.contents.get(names.forecast(self.version)):
            manifest = self.contents[names.manifest(self.version)]
            facts |= {"version": self.version, "trained_at": self.written_at.isoformat()}
            facts |= {"forecast_sha256": sha256(forecast), "manifest_sha256": sha256(manifest)}
        if history := self.contents.get(names.history(self.version)):
            facts |= {"history": self.version, "history_sha256": sha256(history)}
        if seen := self.contents.get(names.stock_seen(self.version)):
            facts |= {"stock_seen": self.version, "stock_seen_sha256": sha256(seen)}
        if booked := self.contents.get(names.booked_seen(self.version)):
            facts |= {"booked_seen": self.version, "booked_seen_sha256": sha256(booked)}
        return Pointer(**(facts | self._followed))


def prune(objects: ObjectStore, now: datetime, days: int) -> list[str]:
    """Delete versions, histories, stock and bookings seen older than ``days``, and return the names; never what is
    live, nor the newest ten.

    An operator may roll back meanwhile: the pointer is read before each version, and its manifest, without which there
    is no rolling back to it, goes first.
    """
    deleted: list[str] = []
    for prefix in PRUNED_PLACES:
        versions: dict[int, list[str]] = {}
        newest: dict[int, datetime] = {}
        for found in objects.list(prefix):
            number = names.version_of(found.name)
            if number is not None:
                versions.setdefault(number, []).append(found.name)
                newest[number] = max(found.updated, newest.get(number, found.updated))
        old = now - timedelta(days=days)
        for old_version in sorted(versions)[:-NEWEST_KEPT]:
            live = read_live(objects).pointer if newest[old_version] < old else None
            if live is None or old_version == _named(live, prefix):
                continue
            for name in sorted(versions[old_version], key=lambda name: name != names.manifest(old_version)):
                objects.delete(name)
                deleted.append(name)
    return deleted


def _named(live: Pointer, prefix: str) -> int | None:
    return {
        names.MODELS: live.version,
        names.HISTORIES: live.history,
        names.STOCK_SEEN: live.stock_seen,
        names.BOOKED_SEEN: live.booked_seen,
    }[prefix]


def prune_learnt(objects: ObjectStore, now: datetime, days: int) -> list[str]:
    """Delete what was learnt more than ``days`` ago, and return the names; never what any manifest still names, or one
    could not roll back to it, nor what is live.

    Manifests are read only where there is something to delete: on most days one old file, or none.
    """
    learnt = {names.version_of(found.name): found for found in objects.list(names.LEARNT)}
    old = {number: found.name for number, found in learnt.items() if found.updated < now - timedelta(days=days)}
    if not old:
        return []
    named: set[int | None] = set()
    for found in objects.list(names.MODELS):
        number = names.version_of(found.name)
        stored = objects.read(found.name) if number is not None and found.name == names.manifest(number) else None
        if stored:
            with suppress(DamagedError):  # nobody can roll back to what cannot be read
                named.add(Manifest.from_bytes(stored.data, found.name).learnt)
    live = read_live(objects).pointer
    deleted = [name for number, name in old.items() if live and number not in {*named, live.learnt}]
    for name in deleted:
        objects.delete(name)
    return deleted
