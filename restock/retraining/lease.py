"""The lease: one document that says who is training, counts the runs, and remembers how the last one went.

::

    run 41 ──lease──────────────────────────commit──release
                 run 42: 503, 503 (the queue retries)            ──lease── …
    run 43 ──lease── (its process is frozen) …………………………………… wakes up ──commit?  412: the pointer moved
                                   until │ run 44 ──lease────commit──release

The lease keeps trainers apart for cost's sake; that only one publishes rests on the pointer's generation (promise 3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from restock.errors import LeaseHeldError
from restock.stored.state import HeldLease, Published, RetrainState, amend_state
from restock.stores import DocumentStore

MOST_BACKOFF = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Lease:
    run: int
    holder: str
    state: RetrainState = field(default=RetrainState(), compare=False)
    """As it was when the lease was taken, in the same write: older than every pointer read after it."""


def acquire(documents: DocumentStore, holder: str, reason: str, now: datetime, seconds: float) -> Lease:
    """Take the lease and a new run number in one conditional write, or raise LeaseHeldError."""
    taken: list[RetrainState] = []

    def take(state: RetrainState) -> RetrainState:
        held = state.lease
        if held and held.until > now and held.holder != holder:
            raise LeaseHeldError(f"a {held.reason} retrain has held the lease since {held.since:%H:%M:%S} UTC")
        ours = HeldLease(holder, reason, since=now, until=now + timedelta(seconds=seconds))
        taken[:] = [replace(state, run=state.run + 1, lease=ours)]
        return taken[0]

    amend_state(documents, take)
    return Lease(taken[0].run, holder, taken[0])


def release(documents: DocumentStore, lease: Lease, note: Callable[[RetrainState], RetrainState]) -> None:
    """Let go, and make of the state what ``note`` does; a holder that was overtaken notes nothing."""

    def let_go(state: RetrainState) -> RetrainState | None:
        if state.lease is None or state.lease.holder != lease.holder:
            return None
        return replace(note(state), lease=None)

    amend_state(documents, let_go)


def go_on_after(documents: DocumentStore, lease: Lease, newest: int, why_full_read: str | None) -> bool:
    """Let the next run have a number above ``newest``, and know why it must read everything.

    One write for both: a number without its reason would be all there is to see of a database that was put back.
    False, and nothing is written, if another run has a number since: it is its work that this one met.
    """
    is_behind = False

    def raised(state: RetrainState) -> RetrainState | None:
        nonlocal is_behind
        if state.run != lease.run:
            return None
        is_behind = True
        return replace(state, run=newest, full_read_due=state.full_read_due or why_full_read)

    amend_state(documents, raised)
    return is_behind


def note_published(documents: DocumentStore, run: int, bucket: str) -> None:
    """Raise the mark of what was seen published. It only grows, whoever holds the lease, and stays with its bucket."""

    def raised(state: RetrainState) -> RetrainState | None:
        before = state.published
        if before and before.run >= run:
            return None
        return replace(state, published=Published(run, before.bucket if before else bucket))

    amend_state(documents, raised)


def note_commit(documents: DocumentStore, run: int, bucket: str, cleared: str | None) -> None:
    """After our own commit, which may have adopted another bucket, and may have been the full read that was due."""

    def committed(state: RetrainState) -> RetrainState:
        published = Published(max(run, state.published.run if state.published else 0), bucket)
        due = None if state.full_read_due == cleared else state.full_read_due
        return replace(state, published=published, full_read_due=due)

    amend_state(documents, committed)


def setback(state: RetrainState, message: str, now: datetime, retry_seconds: float) -> RetrainState:
    """What a failure or refusal leaves: no threshold task before ``retry_at``, later each time."""
    failures = (state.failures or 0) + 1
    wait = timedelta(seconds=retry_seconds * 2 ** min(failures - 1, 10))
    return replace(state, failures=failures, retry_at=now + min(wait, MOST_BACKOFF), last_error=message)
