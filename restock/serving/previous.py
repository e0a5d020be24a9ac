"""The version before the live one, for /v1/changes: from memory if this process served it, else from the bucket."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from restock.errors import DamagedError, StoreUnavailableError
from restock.serving.live_model import LiveModel
from restock.serving.stock import LONGEST_WAIT_SECONDS
from restock.stored import pointer as pointers
from restock.stored.stored_object import StoredObject

if TYPE_CHECKING:
    from restock.serving.model import Model
    from restock.stored.artifact import ForecastArtifact


RETRY_SECONDS = 5.0
"""After a bucket that gave no answer; until then /v1/changes says that there is nothing to compare with."""


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
        self._found: tuple[int, ForecastArtifact | None] | None = None
        self._due_at = float("-inf")
        self._looking = threading.Lock()

    def artifact(self, model: Model) -> ForecastArtifact | None:
        """What was served before this model; None if it is the first, or the one before is gone or unreadable."""
        before = self._live.previous
        if before is not None and before.header["version"] != model.version:
            return before
        if self._is_missing(model) and self._looking.acquire(timeout=LONGEST_WAIT_SECONDS):
            try:
                if self._is_missing(model):  # still, after waiting for another request
                    self._found = (model.generation, self._from_bucket(model))
            except StoreUnavailableError:
                self._due_at = self._clock() + RETRY_SECONDS
            finally:
                self._looking.release()
        found = self._found
        return found[1] if found and found[0] == model.generation else None

    def _is_missing(self, model: Model) -> bool:
        return (self._found is None or self._found[0] != model.generation) and self._clock() >= self._due_at

    def _from_bucket(self, model: Model) -> ForecastArtifact | None:
        from restock.stored.artifact import ForecastArtifact

        before = model.artifact.header.get("since", {}).get("version") or self._newest_below(model.version)
        stored = self._versions.read(pointers.forecast_name(before)) if before else None
        try:
            return ForecastArtifact.from_bytes(stored.data) if stored else None
        except DamagedError:
            return None

    def _newest_below(self, version: int) -> int | None:
        """For artifacts that do not say which version they followed."""
        return max((number for number in self._versions.versions() if number < version), default=None)
