"""``restock_state/retrain``: who is training, how many runs there were, and how the last one went."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from restock.stored import names
from restock.stored.fields import check_schema, decoding, moment, needed, optional
from restock.stores import DocumentStore, Fields, amend

SCHEMA = 1
READABLE_SCHEMAS = (1,)


@dataclass(frozen=True, slots=True)
class HeldLease:
    """The lease as it is stored while somebody holds it."""

    holder: str
    reason: str
    since: datetime
    until: datetime

    def to_fields(self) -> dict[str, Any]:
        return {"holder": self.holder, "reason": self.reason, "since": self.since, "until": self.until}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> HeldLease:
        texts = (needed(fields, "holder", str), needed(fields, "reason", str))
        return cls(*texts, moment(fields, "since"), moment(fields, "until"))


@dataclass(frozen=True, slots=True)
class Published:
    """The greatest run that a pointer was seen to be of, and in which bucket: an older pointer has been put back."""

    run: int
    bucket: str

    def to_fields(self) -> dict[str, Any]:
        return {"run": self.run, "bucket": self.bucket}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Published:
        return cls(needed(fields, "run", int), needed(fields, "bucket", str))


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrainState:
    run: int = 0
    """The last number given out; the run's id, its model's version, and part of the task's name."""
    lease: HeldLease | None = None
    version: int | None = None
    """What was published last and its generation: for people, never a precondition."""
    generation: int | None = None
    last_success_at: datetime | None = None
    retry_at: datetime | None = None
    """No threshold task before this, after ``failures`` setbacks in a row."""
    failures: int | None = None
    last_error: str | None = None
    published: Published | None = None
    learnt_at: datetime | None = None
    """When a run that learnt was published last, and ``learn_failures`` since; nothing but learning clears them."""
    learn_failures: int | None = None
    learn_failed_at: datetime | None = None
    full_read_due: str | None = None
    """Why the next run of any kind must read everything; only a full read that went live clears it."""

    @property
    def without_setbacks(self) -> RetrainState:
        return replace(self, retry_at=None, failures=None, last_error=None)

    def learning_failed(self, now: datetime) -> RetrainState:
        return replace(self, learn_failures=(self.learn_failures or 0) + 1, learn_failed_at=now)

    def learning_succeeded(self, now: datetime) -> RetrainState:
        return replace(self, learnt_at=now, learn_failures=None, learn_failed_at=None)

    def to_fields(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "lease": self.lease.to_fields() if self.lease else None,
            "version": self.version,
            "generation": self.generation,
            "last_success_at": self.last_success_at,
            "retry_at": self.retry_at,
            "failures": self.failures,
            "last_error": self.last_error,
            "learnt_at": self.learnt_at,
            "learn_failures": self.learn_failures,
            "learn_failed_at": self.learn_failed_at,
            "published": self.published.to_fields() if self.published else None,
            "full_read_due": self.full_read_due,
            "schema": SCHEMA,
        }

    @classmethod
    def from_fields(cls, fields: Fields | None) -> RetrainState:
        """Without a document nothing has run yet. Raises DamagedError for one that this release cannot read."""
        if fields is None:
            return cls()
        with decoding(names.STATE):
            check_schema({"schema": SCHEMA, **fields}, READABLE_SCHEMAS)  # the first releases wrote none
            lease: dict[str, Any] | None = optional(fields, "lease", dict)
            published: dict[str, Any] | None = optional(fields, "published", dict)
            return cls(
                run=optional(fields, "run", int) or 0,
                lease=HeldLease.from_fields(lease) if lease else None,
                version=optional(fields, "version", int),
                generation=optional(fields, "generation", int),
                last_success_at=optional(fields, "last_success_at", datetime),
                retry_at=optional(fields, "retry_at", datetime),
                failures=optional(fields, "failures", int),
                last_error=optional(fields, "last_error", str),
                learnt_at=optional(fields, "learnt_at", datetime),
                learn_failures=optional(fields, "learn_failures", int),
                learn_failed_at=optional(fields, "learn_failed_at", datetime),
                published=Published.from_fields(published) if published else None,
                full_read_due=optional(fields, "full_read_due", str),
            )


def read_state(documents: DocumentStore) -> RetrainState:
    found = documents.get(names.STATE)
    return RetrainState.from_fields(found.fields if found else None)


def amend_state(documents: DocumentStore, decide: Callable[[RetrainState], RetrainState | None]) -> None:
    """As ``amend``. Fields of a newer release, which a roll-back left behind, are kept as they are."""

    def rewritten(fields: Fields | None) -> Fields | None:
        new = decide(RetrainState.from_fields(fields))
        return None if new is None else {**(fields or {}), **new.to_fields()}

    amend(documents, names.STATE, rewritten)
