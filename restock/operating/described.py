"""The status as a person reads it, promise by promise (docs/promises.md)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from restock.operating.remedies import remedy
from restock.operating.status import Status
from restock.stored.published import Live
from restock.stored.run_record import RunRecord
from restock.stored.state import HeldLease, RetrainState

UNKNOWN = "cannot be read"
TIME = "%Y-%m-%d %H:%M:%S UTC"


def described(status: Status, now: datetime, bucket: str) -> str:
    """A screen of text; what could not be read is named at its end, with what to do about it."""
    lines = [*_live(status.live, now)]
    lines.append(f"counted    {_known(status.pending)} pending changes wait for the next run (promise 1)")
    lines.append(f"threshold  {_known(status.awaiting)} of {status.threshold} completions await training (promise 2)")
    lines += _state(status.state, now)
    lines.append("runs       " + ("" if status.runs else "none can be read" if status.problems else "none yet"))
    for run in status.runs:
        lines += _run(run)
    told: list[str] = []
    for problem in status.problems:
        lines.append(f"PROBLEM    {problem}")
        cure = remedy(problem, bucket)
        if cure not in told:
            lines += [f"           {line}" for line in cure.splitlines()]
        told.append(cure)
    return "\n".join(lines)


def lease_described(run: int, lease: HeldLease, now: datetime) -> str:
    over = "; it is over, the next run takes it" if lease.until <= now else ""
    return f"held by run {run} ({lease.reason}) since {lease.since:{TIME}} to {lease.until:{TIME}}{over}"


def _known(count: int | None) -> str:
    return "?" if count is None else str(count)


def _live(live: Live | None, now: datetime) -> Iterator[str]:
    if live is None:
        yield f"live       {UNKNOWN}"
    elif live.pointer is None:
        yield "live       nothing published yet"
    else:
        pointer = live.pointer
        age = _span((now - pointer.trained_at_moment).total_seconds())
        yield f"live       version {pointer.version}, generation {live.generation}, {age} old"
        yield f"           history {pointer.history}, by {pointer.published_by}{', PINNED' if pointer.pinned else ''}"


def _state(state: RetrainState | None, now: datetime) -> Iterator[str]:
    if state is None:
        yield f"lease      {UNKNOWN} (promise 3)"
        return
    yield f"lease      {lease_described(state.run, state.lease, now) if state.lease else 'free'} (promise 3)"
    if state.last_error:
        yield f"last error {state.last_error}"
    if state.retry_at:
        yield f"           threshold retrains wait until {state.retry_at:{TIME}}"


def _run(run: RunRecord) -> Iterator[str]:
    found = f"  drift {run.drift.differing} (promise 1)" if run.drift else ""
    yield (
        f"  {run.run:>6}  {run.started_at:%m-%d %H:%M}  {run.reason:<9} {run.status:<15}"
        f" {sum(run.seconds.values()):6.1f} s  {run.documents_read or 0:>6} read (promise 6){found}  {run.decision}"
    )
    for note in (run.error, *run.notes):
        if note:
            yield f"          {note}"
    if run.drift and run.drift.differing:
        yield f"          differed: {', '.join(run.drift.examples)}"
    for reason, count in run.rejected.items():
        yield f"          {count} × {reason} (promise 8)"


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
