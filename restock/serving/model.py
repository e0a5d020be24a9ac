"""One version as this process serves it: the artifact, who it is, what was prepared. Replaced, never changed."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from restock.errors import DamagedError
from restock.serving.demand_request import DemandRequest
from restock.serving.prepared import PreparedAnswers, PreparedDays
from restock.stored.artifact import ForecastArtifact
from restock.stored.pointer import Pointer

if TYPE_CHECKING:
    from restock.serving.lines import Lines

ANSWERS_PREPARED_BEFORE_A_SWAP = 8
TIMES_STORED = 4
"""An artifact in memory, measured against its file."""


class Model:
    """Everything one answer needs, so that one answer is one model (promise 5)."""

    def __init__(self, artifact: ForecastArtifact, pointer: Pointer, generation: int) -> None:
        self.artifact = artifact
        self.version = pointer.version
        self.generation = generation
        self.trained_at = datetime.fromisoformat(pointer.trained_at)
        if self.trained_at.tzinfo is None:
            raise DamagedError(f"trained_at {pointer.trained_at!r} has no zone")
        self.stored_bytes = 0
        self.days = PreparedDays(artifact)
        self.answers = PreparedAnswers()

    @classmethod
    def from_bytes(cls, data: bytes, pointer: Pointer, generation: int) -> Model:
        """Raises DamagedError unless the bytes are an artifact this release reads."""
        model = cls(ForecastArtifact.from_bytes(data), pointer, generation)
        model.stored_bytes = len(data)
        return model

    @property
    def bytes_kept(self) -> int:
        """About how much memory it takes: the artifact, the one before it, and what was prepared."""
        return 2 * TIMES_STORED * self.stored_bytes + self.answers.size + self.days.size

    @property
    def names(self) -> list[str]:
        """The distinct names of the active parts, sorted."""
        return self.days.names

    @cached_property
    def lines(self) -> Lines:
        """Which words and documents mean which part; the app's contract never asks."""
        from restock.serving.lines import Lines

        return Lines(self.artifact.parts)

    def about(self, now: datetime) -> dict[str, Any]:
        """The ``model`` block of every answer."""
        return {
            "version": self.version,
            "generation": self.generation,
            "trained_at": self.trained_at.isoformat(),
            "age_seconds": max(0, round((now - self.trained_at).total_seconds())),
        }

    def prepare_like(self, other: Model) -> None:
        """Prepare what callers lately asked of another model, so that a swap costs no request anything."""
        self.days.prepare(other.days.known())
        for request, answered in other.answers.latest(ANSWERS_PREPARED_BEFORE_A_SWAP):
            if isinstance(request, DemandRequest):
                answer = self.answers.get(request, partial(self.days.period_json, request.start, request.days))
                if answered.is_deflated:
                    answer.deflate()
