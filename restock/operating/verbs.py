"""What an operator can change by hand: roll back, pin, unpin, ask for a retrain, free a lease.

Everything here goes through the same conditional writes and the same queue as the machinery itself, so that an
operator and a retrain at work cannot undo each other unnoticed.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from restock.counting.threshold import ask_if_due
from restock.errors import ConflictError, DamagedError, NoModelError
from restock.stored import names
from restock.stored.manifest import Manifest
from restock.stored.pointer import FOLLOWED, Pointer
from restock.stored.published import read_live, read_verified, sha256
from restock.stored.retrain_request import RetrainRequest
from restock.stored.state import HeldLease, RetrainState, amend_state
from restock.stores import DocumentStore, ObjectStore, RetrainQueue

Reads = Callable[[bytes, Pointer], object]
"""Serving's way to open a forecast under its pointer; raises DamagedError for what it could not serve."""


def roll_back(objects: ObjectStore, version: int, now: datetime, reads: Reads, *, pin: bool = False) -> Pointer:
    """Make an older version live again, with the history as it is now, and what that version followed.

    Raises DamagedError if it can't be served.
    """
    name = names.manifest(version)
    stored = objects.read(name)
    if stored is None:
        raise DamagedError(f"{name} is missing: there is no version {version}, or it was pruned")
    manifest = Manifest.from_bytes(stored.data, name)
    forecast = read_verified(objects, names.forecast(version), manifest.digests.forecast)
    served: dict[str, Any] = {
        "version": version,
        "forecast_sha256": manifest.digests.forecast,
        "manifest_sha256": sha256(stored.data),
        "trained_at": manifest.trained_at,
        "pinned": pin,
        **{name: getattr(manifest, name) for name in FOLLOWED},
    }
    before = read_live(objects).pointer
    if before:
        check_served(forecast, replace(before, **served), reads)
    new = repoint(objects, now, f"rollback to {version}", **served)
    if objects.read(name) is None and before:  # pruned in this very moment
        repoint(objects, now, f"rollback to {version} taken back", **_what_serves(before))
        raise DamagedError(f"{name} was pruned just now; version {before.version} stays live")
    return new


def check_served(forecast: bytes, pointer: Pointer, reads: Reads) -> None:
    """Raises DamagedError, naming the object, unless serving could follow this pointer to these bytes."""
    Pointer.from_bytes(pointer.to_bytes())
    try:
        reads(forecast, pointer)
    except DamagedError as exc:
        raise DamagedError(f"{names.forecast(pointer.version)} cannot be served: {exc}") from exc


def _what_serves(pointer: Pointer) -> dict[str, Any]:
    serving = ("version", "forecast_sha256", "manifest_sha256", "trained_at", "pinned", *FOLLOWED)
    return {name: getattr(pointer, name) for name in serving}


def pin(objects: ObjectStore, now: datetime) -> Pointer:
    """Keep the live version: retrains end without training until unpinned."""
    return repoint(objects, now, "pin", pinned=True)


def unpin(
    objects: ObjectStore, documents: DocumentStore, queue: RetrainQueue, threshold: int, now: datetime
) -> tuple[Pointer, str]:
    """Let retrains publish again, and look once at the threshold that may have been crossed meanwhile (promise 2)."""
    pointer = repoint(objects, now, "unpin", pinned=False)
    return pointer, ask_if_due(documents, lambda: queue, threshold, now)


def ask_for_retrain(queue: RetrainQueue, *, rebuild: bool = False, force: bool = False, adopt: bool = False) -> str:
    """Through the queue, for the retrain function answers nobody else; returns the task's name."""
    name = f"{uuid.uuid4().hex[:8]}-manual"
    queue.ask(name, RetrainRequest("manual", rebuild=rebuild, force=force, adopt=adopt).as_json())
    return name


def free_lease(documents: DocumentStore) -> tuple[int, HeldLease] | None:
    """End the lease that is held; returns its run and what it was, or None if nobody held one.

    Should its run still be at work, two overlap, and still only one of them publishes (promise 3).
    """
    freed: list[tuple[int, HeldLease]] = []

    def free(state: RetrainState) -> RetrainState | None:
        if state.lease is None:
            return None
        freed[:] = [(state.run, state.lease)]
        return replace(state, lease=None)

    amend_state(documents, free)
    return freed[0] if freed else None


def repoint(objects: ObjectStore, now: datetime, by: str, **changed: Any) -> Pointer:
    """Write the pointer if nobody else did since it was read; fences a retrain at work, as every pointer write does."""
    live = read_live(objects)
    if live.pointer is None:
        raise NoModelError("nothing has been published yet")
    new = replace(live.pointer, published_by=by, published_at=now.isoformat(), **changed)
    try:
        objects.write(names.POINTER, new.to_bytes(), if_generation=live.generation)
    except ConflictError as exc:
        if read_live(objects).pointer != new:
            raise ConflictError("a retrain published at this very moment; look again (make status)") from exc
    return new
