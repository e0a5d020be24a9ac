"""A value kept for a while, and renewed by one reader while everybody else goes on with what is known.

    callers     ─x──x──x──x──x──x──x──x──x──x──x──x──x──x──x─   answered with what is known
    reader      r──────────r────────────r·····(hangs)·······    one at a time, beside them, when the value is not fresh

A caller waits for the running read only within its patience, and patience counts from the read's start: whatever
hangs delays those who came first, once, and not every thread of the process (promise 5).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from restock.errors import StoreUnavailableError

T = TypeVar("T")

RETRY_SECONDS = 5.0
"""After a read that failed, where something is known to go on with;"""
FIRST_RETRY_SECONDS = 1.0
"""and where nothing is."""
LOST_SECONDS = 60.0
"""A read that has run for longer was frozen with the instance: the next caller starts another."""


class Reading(NamedTuple, Generic[T]):
    """What was read; for how long it needs no renewal, and for how long it is any good at all."""

    value: T
    fresh_seconds: float
    usable_seconds: float = math.inf


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a caller waits for the running read: with something to go on with, and without."""

    seconds: float = 0.0
    first_seconds: float = 5.0


NOBODY_WAITS_TWICE = Patience()


@dataclass(frozen=True, slots=True)
class _Known(Generic[T]):
    value: T
    usable_until: float


class Kept(Generic[T]):
    """Calls ``read`` when a value is wanted and none is fresh. ``read`` raises StoreUnavailableError when it fails."""

    def __init__(
        self,
        read: Callable[[], Reading[T]],
        *,
        patience: Patience = NOBODY_WAITS_TWICE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._patience = patience
        self._clock = clock
        self._known: _Known[T] | None = None
        self._due_at = self._started_at = -math.inf
        self._reader: threading.Thread | None = None
        self._failure: Exception | None = None
        self._changed = threading.Condition()

    def get(self) -> T:
        """The value, the last one known if it can't be renewed. Raises StoreUnavailableError if none is usable."""
        now = self._clock()
        known = self._known
        if known is not None and now < min(self._due_at, known.usable_until):  # the common case takes no lock
            return known.value
        with self._changed:
            if now >= self._due_at:
                self._begin(now)
            self._await(now, self._patience.first_seconds if self._usable() is None else self._patience.seconds)
            return self._usable_or_raise()

    def get_newer(self, pause_seconds: float) -> T:
        """The value read anew, unless the last try was less than the pause ago."""
        now = self._clock()
        with self._changed:
            if now - self._started_at >= pause_seconds:
                self._begin(now)
            self._await(now, self._patience.first_seconds)
            return self._usable_or_raise()

    def expire(self) -> None:
        """What is known may be no longer so: the next caller reads anew, and a read that runs comes too late."""
        with self._changed:
            self._due_at = -math.inf
            self._reader = None
            self._changed.notify_all()

    def _usable(self) -> _Known[T] | None:
        return self._known if self._known is not None and self._clock() < self._known.usable_until else None

    def _usable_or_raise(self) -> T:
        known = self._usable()
        if known is not None:
            return known.value
        if self._failure is not None and not isinstance(self._failure, StoreUnavailableError):
            raise self._failure  # a mistake of ours, which must not look like an outage
        reason = str(self._failure) if self._failure else "it has not answered yet"
        raise StoreUnavailableError(reason) from self._failure

    def _begin(self, now: float) -> None:
        if self._reader is None or now - self._started_at > LOST_SECONDS:
            self._started_at = now
            self._reader = threading.Thread(target=self._renew, args=(now,), name="kept", daemon=True)
            self._reader.start()

    def _await(self, now: float, patience_seconds: float) -> None:
        wait = self._started_at + patience_seconds - now
        if self._reader is not None and wait > 0:
            self._changed.wait_for(lambda: self._reader is None, timeout=wait)

    def _renew(self, started_at: float) -> None:
        try:
            found: Reading[T] | None = self._read()
            failure: Exception | None = None
        except Exception as exc:  # who asks is told, unless there is something to go on with
            found, failure = None, exc
        with self._changed:
            if threading.current_thread() is not self._reader:  # it was frozen, and another has read since
                return
            if found is not None:
                self._known = _Known(found.value, started_at + found.usable_seconds)
                self._due_at = started_at + min(found.fresh_seconds, found.usable_seconds)
            else:
                self._due_at = self._due_after_a_failure()
            self._failure = failure
            self._reader = None
            self._changed.notify_all()
        if failure is not None and not isinstance(failure, StoreUnavailableError):
            raise failure  # a mistake of ours: the log gets its trace, whoever goes on with what is known

    def _due_after_a_failure(self) -> float:
        now = self._clock()
        known = self._usable()
        if known is None:
            return now + FIRST_RETRY_SECONDS
        return min(now + RETRY_SECONDS, max(known.usable_until, now + FIRST_RETRY_SECONDS))
