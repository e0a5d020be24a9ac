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
from typing import TYPE_CHECKING, Protocol

from restock.errors import BucketMissingError, DamagedError
from restock.logs import Log
from restock.serving.checks import Checks, Pace
from restock.stored import names
from restock.stored.pointer import Pointer
from restock.stored.stored_object import StoredObject

if TYPE_CHECKING:
    from restock.serving.model import Model
    from restock.stored.artifact import ForecastArtifact

FIRST_LOAD_WAIT_SECONDS = 10.0  # a cold instance has nothing else to offer; the app gives up after 30
BUCKET_MISSING = "the bucket of models does not exist"
BAD_VERSION_PAUSE = 3  # in reload intervals: a damaged version rarely mends itself, and costs a download each time


class Objects(Protocol):
    """What serving needs of Cloud Storage. Raises when there is no answer."""

    def read(self, name: str) -> StoredObject | None: ...


def _nothing() -> None:
    pass


class LiveModel:
    """Holds the model of this process. Build it anywhere; its thread starts with the first use, after any fork."""

    def __init__(  # noqa: PLR0913  # its times and surroundings, all named
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
        looks_unasked: bool = True,
    ) -> None:
        """``looks_unasked``: whether the pointer is looked at also when nobody asks; not so of a chain's many shops."""
        self._objects = objects
        self._pace = Pace(reload_seconds, stale_seconds, wait_seconds, first_wait_seconds)
        self._log = log
        self._clock = clock
        self._after_first_look = after_first_look
        self._looks_unasked = looks_unasked
        self._model: Model | None = None
        self._previous: ForecastArtifact | None = None
        self._checks = Checks()
        self._bad: tuple[int, float, str] | None = None  # generation, not before, reason
        self._problem = ""
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def get(self, patience: float | None = None) -> Model | None:
        """The model to answer one request with, or None while there is none. Take it once per request.

        ``patience`` is how long to wait for a check where the settings' own limit is not meant.
        """
        now = self._clock()
        model = self._model
        if model is not None and now < self._checks.due_at:  # the common case takes no lock
            return model
        with self._changed:
            self._ask(now)
            if self._model is None or self._checks.is_stale(now, self._pace):
                usual = self._pace.first_wait_seconds if self._model is None else self._pace.wait_seconds
                wait = self._checks.wait_seconds(now, usual if patience is None else patience)
                self._changed.wait_for(lambda: not self._checks.is_running, timeout=wait)
            return self._model

    @property
    def previous(self) -> ForecastArtifact | None:
        """What this process answered from before the current model."""
        return self._previous

    @property
    def bytes_kept(self) -> int:
        """About how much memory it takes."""
        return self._model.bytes_kept if self._model else 0

    @property
    def problem(self) -> str:
        """Why the newest published version may not be what is served; empty when all is well."""
        checks = self._checks
        if not checks.is_any_over:
            return "the model store has not answered yet"
        now = self._clock()
        if not self._problem and checks.is_stale(now, self._pace):
            return f"the model store last answered {now - checks.succeeded_at:.0f} s ago"
        return self._problem

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
        before, self._checks = self._checks, self._checks.asked(now, self._pace)
        if self._checks is not before and not self._stopped:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._look_forever, name="pointer", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _look_forever(self) -> None:
        # numpy takes as long to import as the first model to arrive: both at once.
        threading.Thread(target=importlib.import_module, args=("restock.serving.model",), daemon=True).start()
        while not self._stopped:
            with self._changed:
                pause = max(self._pace.interval, self._checks.due_at - self._clock()) if self._looks_unasked else None
                self._changed.wait_for(lambda: self._checks.is_running or self._stopped, timeout=pause)
                if self._looks_unasked:
                    self._checks = self._checks.asked(self._clock(), self._pace)
                if self._stopped or not self._checks.is_running:
                    continue
            self.check()
            self._after_first_look()
            self._after_first_look = _nothing

    def check(self) -> None:
        """Look at the pointer once and swap the model if another generation is live. Never raises."""
        is_well, detail = True, ""
        try:
            problem = detail = self._follow_pointer()
        except Exception as exc:  # whatever goes wrong here must not reach a request
            is_well, detail = False, f"{type(exc).__name__}: {exc}"
            problem = BUCKET_MISSING if isinstance(exc, BucketMissingError) else "the model store cannot be read"
        if problem != self._problem:  # once, not at every check
            if problem:
                self._log.error(f"the live model could not be followed: {detail}")
            else:
                self._log.info("the live model can be followed again")
        with self._changed:
            self._problem = problem
            has_model = self._model is not None
            self._checks = self._checks.ended(self._clock(), self._pace, is_well=is_well, has_model=has_model)
            self._changed.notify_all()

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
            self._bad = (found.generation, self._clock() + BAD_VERSION_PAUSE * self._pace.reload_seconds, str(exc))
            return self._bad[2]
        self._bad = None
        if self._model is not None:
            model.prepare_like(self._model)
            self._previous = self._model.artifact  # without what was prepared from it
        self._model = model
        self._log.info("a new generation is live", version=model.version, generation=model.generation)
        return ""

    def _load(self, found: StoredObject) -> Model:
        what = "what the pointer names"
        try:
            pointer = Pointer.from_bytes(found.data)
            what = f"version {pointer.version}"
            stored = self._objects.read(names.forecast(pointer.version))
            if stored is None:
                raise DamagedError("it is not there")
            if hashlib.sha256(stored.data).hexdigest() != pointer.forecast_sha256:
                raise DamagedError("its bytes differ from the pointer's digest")
            from restock.serving.model import Model

            return Model.from_bytes(stored.data, pointer, found.generation)
        except (DamagedError, RecursionError) as exc:
            raise DamagedError(f"{what} cannot be served: {exc}") from exc
