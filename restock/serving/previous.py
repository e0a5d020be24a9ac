"""The version before the live one, for /v1/changes: from memory if this process served it, else from the bucket."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from restock.errors import DamagedError, StoreUnavailableError
from restock.serving.kept import Kept, Reading
from restock.serving.live_model import LiveModel
from restock.stored import names
from restock.stored.stored_object import StoredObject

if TYPE_CHECKING:
    from restock.serving.model import Model
    from restock.stored.artifact import ForecastArtifact


class Versions(Protocol):
    """What is needed of Cloud Storage here."""

    def read(self, name: str) -> StoredObject | None: ...

    def versions(self) -> Sequence[int]:
        """The numbers of the versions that are stored."""


class PreviousVersion:
    """Finds and keeps one artifact per live generation."""

    def __init__(self, live: LiveModel, versions: Versions, clock: Callable[[], float] = time.monotonic) -> None:
        self._live = live
        self._versions = versions
        self._clock = clock
        self._kept: tuple[int, Kept[ForecastArtifact | None]] | None = None
        self._lock = threading.Lock()

    def artifact(self, model: Model) -> ForecastArtifact | None:
        """What was served before this model; None if it is the first, or the one before is gone or unreadable.

        None as well while the bucket gives no answer: /v1/changes then says that there is nothing to compare with.
        """
        before = self._live.previous
        if before is not None and before.header.version != model.version:
            return before
        with self._lock:
            if self._kept is None or self._kept[0] != model.generation:
                self._kept = model.generation, Kept(partial(self._from_bucket, model), clock=self._clock)
            _, kept = self._kept
        try:
            return kept.get()
        except StoreUnavailableError:
            return None

    def _from_bucket(self, model: Model) -> Reading[ForecastArtifact | None]:
        from restock.stored.artifact import ForecastArtifact

        since = model.artifact.header.since
        before = since.version if since else self._newest_below(model.version)
        stored = self._versions.read(names.forecast(before)) if before else None
        try:
            return Reading(ForecastArtifact.from_bytes(stored.data) if stored else None, math.inf)
        except DamagedError:
            return Reading(None, math.inf)

    def _newest_below(self, version: int) -> int | None:
        """For artifacts that do not say which version they followed."""
        return max((number for number in self._versions.versions() if number < version), default=None)
