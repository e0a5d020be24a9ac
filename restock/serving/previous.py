"""The version before the live one, for /v1/changes: from memory if this process served it, else from the bucket."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from restock import pointer as pointers
from restock.errors import DamagedError, StoreUnavailableError
from restock.serving.live_model import LiveModel
from restock.stored_object import StoredObject

if TYPE_CHECKING:
    from restock.artifact import ForecastArtifact
    from restock.serving.model import Model


class Versions(Protocol):
    """What is needed of Cloud Storage here."""

    def read(self, name: str) -> StoredObject | None: ...

    def versions(self) -> Sequence[int]:
        """The numbers of the versions that are stored."""


class PreviousVersion:
    """Finds and keeps one artifact per live generation."""

    def __init__(self, live: LiveModel, versions: Versions) -> None:
        self._live = live
        self._versions = versions
        self._found: tuple[int, ForecastArtifact | None] | None = None
        self._lock = threading.Lock()

    def artifact(self, model: Model) -> ForecastArtifact | None:
        """What was served before this model; None if it is the first, or the one before is gone or unreadable."""
        before = self._live.previous
        if before is not None and before.header["version"] != model.version:
            return before
        with self._lock:
            if self._found is None or self._found[0] != model.generation:
                try:
                    self._found = (model.generation, self._from_bucket(model))
                except StoreUnavailableError:
                    return None  # for now: the next caller asks again
            return self._found[1]

    def _from_bucket(self, model: Model) -> ForecastArtifact | None:
        from restock.artifact import ForecastArtifact

        before = model.artifact.header.get("movers", {}).get("since_version") or self._newest_below(model.version)
        stored = self._versions.read(pointers.forecast_name(before)) if before else None
        try:
            return ForecastArtifact.from_bytes(stored.data) if stored else None
        except DamagedError:
            return None

    def _newest_below(self, version: int) -> int | None:
        """For artifacts that do not say which version they followed."""
        return max((number for number in self._versions.versions() if number < version), default=None)
