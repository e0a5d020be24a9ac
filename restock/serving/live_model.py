"""The live model: when to look at the pointer, who waits for it, what to swap.

    steady traffic      requests   ─x──x──x──x──x──x──x──x──x──x─   answered at once, from the model in memory
                        thread     ───c─────────c─────────c──────   a check every RELOAD_SECONDS, beside them
    after a pause       platform   ───|   frozen   |─────────────   no thread runs, so no check
    (STALE_SECONDS)     requests   ─x─|            |x···x──x──x──   the first wait for the check, RELOAD_WAIT_MS at most
                        thread     ─c─|            |c──┘
    storage down        requests   ─x──x──x──x──x──x──x──x──x──x─   answered from the model in memory
                        thread     ───c───c──────c─────────────c─   backing off, one line in the log

Promise 5 is kept here: a model, once loaded, is only ever replaced by a whole, verified one. A request takes the
model once and answers from that object, so one answer is one model. Generations are compared with "different from":
a rollback is a new generation that names an older version.
"""

from __future__ import annotations

import hashlib
import importlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from restock.errors import DamagedError
from restock.logs import Log
from restock.stored import names
from restock.stored.pointer import Pointer
from restock.stored.stored_object import StoredObject

if TYPE_CHECKING:
    from restock.serving.model import Model
    from restock.stored.artifact import ForecastArtifact

FIRST_LOAD_WAIT_SECONDS = 10.0  # a cold instance has nothing else to offer; the app gives up after 30
COLD_RETRY_SECONDS = 1.0  # without a model, a request may look again this soon,
COLD_BACK_OFF_SECONDS = 5.0  # and after many failures this soon
LONGEST_BACK_OFF_SECONDS = 60.0
BAD_VERSION_PAUSE = 3  # in reload intervals: a damaged version rarely mends itself, and costs a download each time


class Objects(Protocol):
    """What serving needs of Cloud Storage. Raises when there is no answer."""

    def read(self, name: str) -> StoredObject | None: ...


@dataclass(slots=True)
class Checks:
    """What is known about looking at the pointer. Times are of a clock that only goes forward."""

    succeeded_at: float = float("-inf")
    asked_at: float = float("-inf")
    due_at: float = float("-inf")
    is_running: bool = False
    failures: int = 0

    @property
    def is_any_over(self) -> bool:
        return self.due_at > float("-inf")

    def is_due(self, now: float) -> bool:
        return not self.is_running and now >= self.due_at

    def wait_seconds(self, now: float, *, is_fresh: bool, patience: float) -> float:
        """How long a request that arrives now waits for the running check; patience counts from the check's start,
        so that a hanging store delays only those who came first.

        >>> checks = Checks(asked_at=100.0, is_running=True)
        >>> checks.wait_seconds(100.1, is_fresh=False, patience=0.3) > 0.19
        True
        >>> checks.wait_seconds(101.0, is_fresh=False, patience=0.3)
        0.0
        """
        if is_fresh or not self.is_running:
            return 0.0
        return max(0.0, self.asked_at + patience - now)


def _nothing() -> None:
    pass


class LiveModel:
    """Holds the model of this process. Build it anywhere; its thread starts with the first use, after any fork."""

    def __init__(
        self,
        objects: Objects,
        *,
        reload_seconds: float,
        stale_seconds: float,
        wait_seconds: float,
        log: Log,
        first_wait_seconds: float = FIRST_LOAD_WAIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        after_first_look: Callable[[], None] = _nothing,
    ) -> None:
        self._objects = objects
        self._reload_seconds = reload_seconds
        self._stale_seconds = stale_seconds
        self._wait_seconds = wait_seconds
        self._first_wait_seconds = first_wait_seconds
        self._log = log
        self._clock = clock
        self._after_first_look = after_first_look
        self._model: Model | None = None
        self._previous: ForecastArtifact | None = None
        self._checks = Checks()
        self._bad: tuple[int, float, str] | None = None  # generation, not before, reason
        self._problem = ""
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def get(self, patience: float | None = None) -> Model | None:
        """The model to answer one request with, or None while there is none. Take it once per request."""
        now = self._clock()
        model = self._model
        if model is not None and now < self._checks.due_at:  # the common case takes no lock
            return model
        with self._changed:
            if self._checks.is_running and now - self._checks.asked_at > self._stale_seconds:
                self._checks.asked_at = now  # it was frozen with the instance half-way: worth waiting for again
            self._ask(now)
            is_fresh = self._model is not None and now - self._checks.succeeded_at <= self._stale_seconds
            first = self._first_wait_seconds if patience is None else patience
            patience = first if self._model is None else self._wait_seconds
            wait = self._checks.wait_seconds(now, is_fresh=is_fresh, patience=patience)
            if wait:
                self._changed.wait_for(lambda: not self._checks.is_running, timeout=wait)
            return self._model

    @property
    def previous(self) -> ForecastArtifact | None:
        """What this process answered from before the current model."""
        return self._previous

    @property
    def problem(self) -> str:
        """Why the newest published version may not be what is served; empty when all is well."""
        return self._problem if self._checks.is_any_over else "the model store has not answered yet"

    def retry_after_seconds(self) -> int:
        """When a caller who got no model should come back."""
        return max(1, round(self._checks.due_at - self._clock() + 0.5)) if self._checks.is_any_over else 1

    def start(self) -> None:
        """Begin loading now rather than with the first request."""
        with self._changed:
            self._ask(self._clock())

    def stop(self) -> None:
        """End the thread (tests do; a process just exits)."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _ask(self, now: float) -> None:
        if self._checks.is_due(now) and not self._stopped:
            self._checks.is_running, self._checks.asked_at = True, now
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look_forever, name="pointer", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _look_forever(self) -> None:
        # numpy takes as long to import as the first model to arrive: both at once.
        threading.Thread(target=importlib.import_module, args=("restock.serving.model",), daemon=True).start()
        while True:
            with self._changed:
                if not self._checks.is_running:
                    pause = max(self._reload_seconds, self._checks.due_at - self._clock())
                    self._changed.wait_for(lambda: self._checks.is_running or self._stopped, timeout=pause)
                    if not self._checks.is_running:
                        self._checks.is_running, self._checks.asked_at = True, self._clock()
                if self._stopped:
                    self._checks.is_running = False
                    return
            try:
                self.check()
            finally:
                with self._changed:
                    self._checks.is_running = False
                    self._changed.notify_all()
            self._after_first_look()
            self._after_first_look = _nothing

    def check(self) -> None:
        """Look at the pointer once and swap the model if another generation is live. Never raises."""
        try:
            problem = self._follow_pointer()
        except Exception as exc:  # whatever goes wrong here must not reach a request
            self._checks.failures += 1
            problem, detail = "the model store cannot be read", f"{type(exc).__name__}: {exc}"
            base, longest = COLD_RETRY_SECONDS, COLD_BACK_OFF_SECONDS
            if self._model is not None:
                base, longest = self._reload_seconds, max(self._reload_seconds, LONGEST_BACK_OFF_SECONDS)
            pause = min(base * 2 ** min(self._checks.failures - 1, 16), longest)
        else:
            detail = problem
            self._checks.failures = 0
            self._checks.succeeded_at = self._clock()
            pause = min(COLD_RETRY_SECONDS, self._reload_seconds) if self._model is None else self._reload_seconds
        self._checks.due_at = self._clock() + pause
        if problem != self._problem:  # once, not at every check
            if problem:
                self._log.error(f"the live model could not be followed: {detail}")
            else:
                self._log.info("the live model can be followed again")
            self._problem = problem

    def _follow_pointer(self) -> str:
        """Make the pointer's version the live one; return what is wrong with it, if anything."""
        found = self._objects.read(names.POINTER)
        if found is None:
            return "the pointer is missing" if self._model is not None else ""
        if self._model is not None and found.generation == self._model.generation:
            self._bad = None
            return ""
        if self._bad is not None and self._bad[0] == found.generation and self._clock() < self._bad[1]:
            return self._bad[2]
        try:
            model = self._load(found)
        except DamagedError as exc:
            self._bad = (found.generation, self._clock() + BAD_VERSION_PAUSE * self._reload_seconds, str(exc))
            return self._bad[2]
        self._bad = None
        if self._model is not None:
            model.prepare_like(self._model)
            self._previous = self._model.artifact  # without what was prepared from it
        self._model = model
        self._log.info("a new generation is live", version=model.version, generation=model.generation)
        return ""

    def _load(self, found: StoredObject) -> Model:
        pointer = Pointer.from_bytes(found.data)
        try:
            stored = self._objects.read(names.forecast(pointer.version))
            if stored is None:
                raise DamagedError("it is not there")
            if hashlib.sha256(stored.data).hexdigest() != pointer.forecast_sha256:
                raise DamagedError("its bytes differ from the pointer's digest")
            from restock.serving.model import Model

            return Model.from_bytes(stored.data, pointer, found.generation)
        except DamagedError as exc:
            raise DamagedError(f"version {pointer.version} cannot be served: {exc}") from exc
