"""The lease: one document that says who is training, counts the runs, and remembers how the last one went.

::

    run 41 ──lease──────────────────────────commit──release
                 run 42: 503, 503 (the queue retries)            ──lease── …
    run 43 ──lease── (its process is frozen) …………………………………… wakes up ──commit?  412: the pointer moved
                                   until │ run 44 ──lease────commit──release

The lease keeps trainers apart for cost's sake; that only one publishes rests on the pointer's generation (promise 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from restock.counting.threshold import STATE
from restock.errors import LeaseHeldError
from restock.stores import DocumentStore, Fields, amend

SCHEMA = 1
MOST_BACKOFF = timedelta(hours=6)
ALL_WELL: Mapping[str, Any] = {"retry_at": None, "failures": None, "last_error": None}
"""What a success makes of the state's memory of setbacks."""


@dataclass(frozen=True, slots=True)
class Lease:
    run: int
    holder: str


def acquire(documents: DocumentStore, holder: str, reason: str, now: datetime, seconds: float) -> Lease:
    """Take the lease and a new run number in one conditional write, or raise LeaseHeldError."""
    taken: list[int] = []

    def take(state: Fields | None) -> Mapping[str, Any]:
        state = state or {}
        lease = state.get("lease")
        if lease and lease["until"] > now and lease["holder"] != holder:
            raise LeaseHeldError(f"a {lease['reason']} retrain has held the lease since {lease['since']:%H:%M:%S} UTC")
        taken[:] = [int(state.get("run", 0)) + 1]
        until = now + timedelta(seconds=seconds)
        held = {"holder": holder, "reason": reason, "since": now, "until": until}
        return {**state, "run": taken[0], "lease": held, "schema": SCHEMA}

    amend(documents, STATE, take)
    return Lease(taken[0], holder)


def release(documents: DocumentStore, lease: Lease, note: Callable[[Fields], Mapping[str, Any]]) -> None:
    """Let go, and add to the state what ``note`` makes of it; a holder that was overtaken notes nothing."""

    def let_go(state: Fields | None) -> Mapping[str, Any] | None:
        held = (state or {}).get("lease")
        if state is None or not held or held["holder"] != lease.holder:
            return None
        return {**state, **note(state), "lease": None}

    amend(documents, STATE, let_go)


def go_on_after(documents: DocumentStore, newest: int) -> None:
    """Let the next run have a number above ``newest``, where the state's own count was lost or restored."""

    def raised(state: Fields | None) -> Mapping[str, Any] | None:
        return {**state, "run": newest} if state and int(state.get("run", 0)) < newest else None

    amend(documents, STATE, raised)


def setback(state: Fields, message: str, now: datetime, retry_seconds: float) -> Mapping[str, Any]:
    """What a failure or refusal leaves in the state: no threshold task before ``retry_at``, later each time."""
    failures = int(state.get("failures") or 0) + 1
    wait = timedelta(seconds=retry_seconds * 2 ** min(failures - 1, 10))
    return {"failures": failures, "retry_at": now + min(wait, MOST_BACKOFF), "last_error": message}
