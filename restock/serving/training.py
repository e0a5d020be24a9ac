"""How training goes, beside the model that is served: what waits, and what stands in the way of a newer one.

Refused and failed trainings leave the old model live, which answers as if all were well; so /v1/model says it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from restock.errors import DamagedError, StoreUnavailableError
from restock.serving.kept import Kept, Patience, Reading
from restock.stored import names
from restock.stored.state import RetrainState

KEPT_SECONDS = 30.0
PATIENCE = Patience(seconds=1.0, first_seconds=2.0)
FIELDS = ("failures", "last_error", "retry_at", "last_success_at")


class StateDocuments(Protocol):
    """What is needed of Firestore."""

    def document(self, path: tuple[str, ...], fields: tuple[str, ...]) -> Mapping[str, Any] | None: ...

    def count_true(self, collection: str, field: str) -> int: ...


def told(last_error: str | None) -> str | None:
    """A refusal with its reasons; of a failure only that it was one, for its words name files and buckets.

    >>> told("not published: its loss is 31 % above"), told("training failed: FileNotFoundError('/srv/x')")
    ('not published: its loss is 31 % above', 'training failed')
    """
    is_failure = last_error is not None and last_error.startswith("training failed")
    return "training failed" if is_failure else last_error


class Training:
    """Reads the retrain's own state, and counts the completions that wait for it."""

    def __init__(self, documents: StateDocuments, clock: Callable[[], float] = time.monotonic) -> None:
        self._documents = documents
        self._kept = Kept(self._read, patience=PATIENCE, clock=clock)

    def facts(self) -> dict[str, Any] | None:
        """As /v1/model shows it; None while Firestore gives no answer, which is no reason to answer nothing else."""
        try:
            return self._kept.get()
        except StoreUnavailableError:
            return None

    def _read(self) -> Reading[dict[str, Any] | None]:
        stored = self._documents.document(tuple(names.STATE.split("/")), FIELDS)
        try:
            state = RetrainState.from_fields(stored)
        except DamagedError:
            return Reading(None, KEPT_SECONDS)
        facts = {
            "completions_waiting": self._documents.count_true(names.CHANGES, "awaiting"),
            "setbacks_in_a_row": state.failures or 0,
            "last_setback": told(state.last_error),
            "retry_at": state.retry_at and state.retry_at.isoformat(),
            "last_success_at": state.last_success_at and state.last_success_at.isoformat(),
        }
        return Reading(facts, KEPT_SECONDS)
