"""The run record: what one attempt to retrain did, in one screen. ``restock_runs/{run}``, kept 90 days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from restock.stored import names
from restock.stored.fields import check_schema, decoding, if_readable, moment, needed, optional, present
from restock.stores import DocumentStore

SCHEMA = 1
READABLE_SCHEMAS = (1,)
KEPT = timedelta(days=90)
RUNNING = "running"
LEARN, FOLLOW = "learn", "follow"
"""The kinds of training."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesMet:
    """What became of the changes; None where the run did not get so far."""

    pending: int | None = None
    awaiting: int | None = None
    applied: int | None = None
    marked: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftFound:
    """What a full read found to differ from the history with its pending changes applied."""

    differing: int
    in_flight: int
    examples: tuple[str, ...] = ()

    def to_fields(self) -> dict[str, Any]:
        return {"differing": self.differing, "in_flight": self.in_flight, "examples": list(self.examples)}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> DriftFound:
        return cls(
            differing=needed(fields, "differing", int),
            in_flight=needed(fields, "in_flight", int),
            examples=tuple(map(str, needed(fields, "examples", list))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    run: int
    reason: str
    attempt: str | None = None
    """Which attempt this was, as the pointer it commits says."""
    started_at: datetime
    finished_at: datetime | None = None
    status: str = RUNNING
    decision: str = ""
    error: str | None = None
    trace: str | None = None
    """Where the error arose: the last lines of its stack trace."""
    kind: str | None = None
    """What it did to train, once it began to: LEARN or FOLLOW."""
    follows: int | None = None
    """The run that learnt what this one is made with."""
    version: int | None = None
    generation: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Of each stage, by its name, in order."""
    changes: ChangesMet = ChangesMet()
    documents_read: int | None = None
    documents_written: int | None = None
    rejected: Mapping[str, int] = field(default_factory=dict)
    """How many inputs could not be counted, by reason (promise 8)."""
    rejected_examples: tuple[str, ...] = ()
    passed_over: Mapping[str, int] = field(default_factory=dict)
    """Of a full read: how many appointments with parts were not counted, by status (promise 8)."""
    scores: Mapping[str, Any] = field(default_factory=dict)
    drift: DriftFound | None = None
    pieces: tuple[str, ...] = ()
    """Of a full read: the names under which the bucket has what was read so far."""
    notes: tuple[str, ...] = ()

    def to_fields(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "reason": self.reason,
            "attempt": self.attempt,
            "status": self.status,
            "decision": self.decision,
            "error": self.error,
            "trace": self.trace,
            "kind": self.kind,
            "follows": self.follows,
            "version": self.version,
            "generation": self.generation,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
            "seconds": dict(self.seconds),
            "changes": present({name: getattr(self.changes, name) for name in ChangesMet.__slots__}),
            "documents": present({"read": self.documents_read, "written": self.documents_written}),
            "rejected": dict(self.rejected),
            "rejected_examples": list(self.rejected_examples),
            "passed_over": [{"status": status, "appointments": count} for status, count in self.passed_over.items()],
            "scores": dict(self.scores),
            "drift": self.drift.to_fields() if self.drift else None,
            "pieces": list(self.pieces),
            "notes": list(self.notes),
            "expire_at": self.started_at + KEPT,
            "schema": SCHEMA,
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> RunRecord:
        """Raises DamagedError for what is no run record, or one of a layout this release does not read."""
        with decoding(names.run_record(fields.get("run", 0))):
            check_schema(fields, READABLE_SCHEMAS)
            changes: dict[str, Any] = needed(fields, "changes", dict)
            documents: dict[str, Any] = needed(fields, "documents", dict)
            drift: dict[str, Any] | None = optional(fields, "drift", dict)
            return cls(
                run=needed(fields, "run", int),
                reason=needed(fields, "reason", str),
                attempt=optional(fields, "attempt", str),
                started_at=moment(fields, "started_at"),
                finished_at=optional(fields, "finished_at", datetime),
                status=needed(fields, "status", str),
                decision=needed(fields, "decision", str),
                error=optional(fields, "error", str),
                trace=optional(fields, "trace", str),
                kind=optional(fields, "kind", str),
                follows=optional(fields, "follows", int),
                version=optional(fields, "version", int),
                generation=optional(fields, "generation", int),
                seconds={str(name): float(spent) for name, spent in needed(fields, "seconds", dict).items()},
                changes=ChangesMet(**{name: optional(changes, name, int) for name in ChangesMet.__slots__}),
                documents_read=optional(documents, "read", int),
                documents_written=optional(documents, "written", int),
                rejected={str(name): int(count) for name, count in needed(fields, "rejected", dict).items()},
                rejected_examples=tuple(map(str, needed(fields, "rejected_examples", list))),
                passed_over={
                    needed(one, "status", str): needed(one, "appointments", int)
                    for one in optional(fields, "passed_over", list) or ()
                },
                scores=needed(fields, "scores", dict),
                drift=None if drift is None else DriftFound.from_fields(drift),
                pieces=tuple(map(str, optional(fields, "pieces", list) or ())),
                notes=tuple(map(str, needed(fields, "notes", list))),
            )


def read_run_record(documents: DocumentStore, run: int) -> RunRecord | None:
    """The record of the run of this number; None if there is none, or none that can be read."""
    found = documents.get(names.run_record(run))
    return if_readable(RunRecord.from_fields, found.fields if found else None)
