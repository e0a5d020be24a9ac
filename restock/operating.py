"""What an operator can do by hand: look, roll back, pin, unpin, ask for a retrain.

Everything here goes through the same conditional writes and the same queue as the machinery itself, so that an
operator and a retrain at work cannot undo each other unnoticed.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from restock.counting.threshold import ask_if_due
from restock.errors import ConflictError, DamagedError, NoModelError
from restock.retraining.publish import read_live, read_verified, sha256
from restock.stored import names
from restock.stored.manifest import Manifest
from restock.stored.pointer import Pointer
from restock.stored.run_record import RunRecord
from restock.stored.state import RetrainState, read_state
from restock.stores import DocumentStore, ObjectStore, RetrainQueue

MOST_COUNTED = 1000
RUNS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Status:
    """Where things stand, as ``restock status`` shows it."""

    awaiting: int
    threshold: int
    pending: int
    state: RetrainState
    runs: list[RunRecord]
    pointer: Pointer | None
    generation: int


def look(documents: DocumentStore, objects: ObjectStore, threshold: int) -> Status:
    """Costs two aggregation queries and a handful of reads, whatever the size of the shop."""
    live = read_live(objects)
    return Status(
        awaiting=documents.count_true(names.CHANGES, "awaiting", MOST_COUNTED),
        threshold=threshold,
        pending=documents.count_true(names.CHANGES, "pending", MOST_COUNTED),
        state=read_state(documents),
        runs=[RunRecord.from_fields(found.fields) for found in documents.newest(names.RUNS, "run", RUNS_SHOWN)],
        pointer=live.pointer,
        generation=live.generation,
    )


def roll_back(objects: ObjectStore, version: int, now: datetime, *, pin: bool = False) -> Pointer:
    """Make an older version live again, with the history as it is now. Raises DamagedError if it is not whole."""
    name = names.manifest(version)
    stored = objects.read(name)
    if stored is None:
        raise DamagedError(f"{name} is missing: there is no version {version}, or it was pruned")
    manifest = Manifest.from_bytes(stored.data, name)
    digest = manifest.digests.forecast
    read_verified(objects, names.forecast(version), digest)
    before = read_live(objects).pointer
    new = _repoint(
        objects,
        now,
        f"rollback to {version}",
        version=version,
        forecast_sha256=digest,
        manifest_sha256=sha256(stored.data),
        trained_at=manifest.trained_at,
        pinned=pin,
    )
    if objects.read(name) is None and before:  # pruned in this very moment
        _repoint(objects, now, f"rollback to {version} taken back", **_what_serves(before))
        raise DamagedError(f"{name} was pruned just now; version {before.version} stays live")
    return new


def _what_serves(pointer: Pointer) -> dict[str, Any]:
    names = ("version", "forecast_sha256", "manifest_sha256", "trained_at", "pinned")
    return {name: getattr(pointer, name) for name in names}


def pin(objects: ObjectStore, now: datetime) -> Pointer:
    """Keep the live version: retrains end without training until unpinned."""
    return _repoint(objects, now, "pin", pinned=True)


def unpin(
    objects: ObjectStore, documents: DocumentStore, queue: RetrainQueue, threshold: int, now: datetime
) -> tuple[Pointer, str]:
    """Let retrains publish again, and look once at the threshold that may have been crossed meanwhile (promise 2)."""
    pointer = _repoint(objects, now, "unpin", pinned=False)
    return pointer, ask_if_due(documents, lambda: queue, threshold, now)


def ask_for_retrain(queue: RetrainQueue, *, rebuild: bool = False, force: bool = False, adopt: bool = False) -> str:
    """Through the queue, for the retrain function answers nobody else; returns the task's name."""
    name = f"{uuid.uuid4().hex[:8]}-manual"
    queue.ask(name, {"reason": "manual", "rebuild": rebuild, "force": force, **({"adopt": True} if adopt else {})})
    return name


def _repoint(objects: ObjectStore, now: datetime, by: str, **changed: Any) -> Pointer:
    """Write the pointer if nobody else did since it was read; fences a retrain at work, as every pointer write does."""
    live = read_live(objects)
    if live.pointer is None:
        raise NoModelError("nothing has been published yet")
    new = replace(live.pointer, published_by=by, published_at=now.isoformat(), **changed)
    try:
        objects.write(names.POINTER, new.to_bytes(), if_generation=live.generation)
    except ConflictError as exc:
        if read_live(objects).pointer != new:
            raise ConflictError("a retrain published at this very moment; look again (restock status)") from exc
    return new


def described(status: Status, now: datetime | None = None) -> str:
    """The status for a person, promise by promise (docs/promises.md)."""
    now = now or datetime.now(UTC)
    state, lease = status.state, status.state.lease
    lines = []
    if status.pointer:
        live = status.pointer
        age = now - live.trained_at_moment
        lines.append(
            f"live       version {live.version}, generation {status.generation}, {_span(age.total_seconds())} old"
        )
        lines.append(f"           history {live.history}, by {live.published_by}{', PINNED' if live.pinned else ''}")
    else:
        lines.append("live       nothing published yet")
    lines.append(f"counted    {status.pending} pending changes wait for the next run (promise 1)")
    lines.append(f"threshold  {status.awaiting} of {status.threshold} completions await training (promise 2)")
    if lease:
        over = "; it is over, the next run takes it" if lease.until <= now else ""
        lines.append(
            f"lease      held by run {state.run} ({lease.reason}) to {lease.until:%H:%M:%S} UTC{over} (promise 3)"
        )
    else:
        lines.append("lease      free (promise 3)")
    if state.last_error:
        lines.append(f"last error {state.last_error}")
    if state.retry_at:
        lines.append(f"           threshold retrains wait until {state.retry_at:%Y-%m-%d %H:%M:%S} UTC")
    lines.append("runs       " + ("none yet" if not status.runs else ""))
    for run in status.runs:
        drift = run.drift
        lines.append(
            f"  {run.run:>6}  {run.started_at:%m-%d %H:%M}  {run.reason:<9} {run.status:<15}"
            f" {sum(run.seconds.values()):6.1f} s  {run.documents_read or 0:>6} read (promise 6)"
            f"{'' if drift is None else f'  drift {drift.differing} (promise 1)'}  {run.decision}"
        )
        lines += [f"          {note}" for note in (run.error, *run.notes) if note]
        if drift and drift.differing:
            lines.append(f"          differed: {', '.join(drift.examples)}")
        for reason, count in run.rejected.items():
            lines.append(f"          {count} × {reason} (promise 8)")
    return "\n".join(lines)


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
