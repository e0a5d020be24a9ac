"""The story of one retrain, top to bottom.

::

    lease ─ pointer ─ history ─ changes ─ settled ─ fitted ─ files ─ commit ─ marked ─ released ─ threshold
      │        │                                                       │
      │        └── the generation read here is the precondition of ────┘     so of two overlapping runs one commits
      └── held by another: 503, the queue tries again

A crash anywhere before the commit leaves files that nothing names; after it, changes that the next run finds settled.
The order of the steps was checked in an executable model; ``tests/unit/test_simulation.py`` checks this code.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol

from restock.counting.appointments import CountingRules
from restock.counting.threshold import STATE, ask_if_due, is_due
from restock.errors import DamagedError, LeaseHeldError, LeaseLostError, OutOfTimeError
from restock.history import recount
from restock.history.checkpoint import Checkpoint
from restock.history.history import Drift, History, drift, vanished
from restock.history.importing import with_imported
from restock.history.rebuild import read_everything
from restock.history.settling import Pending, mark_trained, read_pending, settle, write_settled
from restock.logs import Log
from restock.retraining import gate
from restock.retraining.lease import ALL_WELL, Lease, acquire, go_on_after, release, setback
from restock.retraining.publish import Files, Live, Model, commit, prune, read_live, read_verified, write_once
from restock.retraining.record import RunRecord
from restock.retraining.request import Request
from restock.settings import Settings
from restock.stored import pointer as pointers
from restock.stored.pointer import Pointer
from restock.stores import DocumentStore, Fields, ObjectStore, RetrainQueue

CATALOGUE = "spare_parts"
CATALOGUE_FIELDS = ("name", "category", "supersedes")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended. ``http_status`` tells the queue: 2xx done, anything else try again."""

    status: str
    http_status: int
    message: str
    run: int | None = None
    version: int | None = None
    generation: int | None = None


class Fitted(Model, Protocol):
    """A model fitted to one history, scored, and ready to be written."""

    @property
    def notes(self) -> Sequence[str]: ...

    def evidence(self) -> gate.Evidence: ...


class Fit(Protocol):
    def __call__(
        self,
        history: History,
        catalogue: Sequence[Mapping[str, Any]],
        *,
        today: date,
        champion: Mapping[str, Any] | None,
        budget_seconds: float,
        progress: Callable[[str], None],
    ) -> Fitted: ...


@dataclass(frozen=True)
class Tools:
    """Everything a retrain acts on, so that a test can hand it a world of its own."""

    settings: Settings
    documents: DocumentStore
    objects: ObjectStore
    queue: RetrainQueue
    fit: Fit
    log: Log
    clock: Callable[[], datetime]
    after: Callable[[str], None] = field(default=lambda step: None)
    """Told the name of each step once it is over; where a test stops a run."""


def retrain(asked: Request, tools: Tools) -> Outcome:
    """One attempt, from lease to release. Never raises: every end is an Outcome, a run record and a line in the log."""
    now = tools.clock()
    holder = uuid.uuid4().hex
    before = (tools.documents.reads, tools.documents.writes)
    try:
        lease = acquire(tools.documents, holder, asked.reason, now, tools.settings.lease_seconds)
    except LeaseHeldError as exc:
        tools.log.info(str(exc), reason=asked.reason)
        return Outcome("busy", 503, f"{exc}; try again later")
    except Exception as exc:
        tools.log.error(f"no lease: {exc!r}", reason=asked.reason)
        return Outcome("failed", 500, "the lease could not be taken; see the log")
    record = RunRecord(lease.run, asked.reason, now, documents_before=before)
    try:
        tools.after("lease")
        return _Run(asked, tools, lease, record).through()
    except LeaseLostError as exc:
        return _end(tools, lease, record, Outcome("overtaken", 503, str(exc), lease.run))
    except Exception as exc:
        record.error = f"{type(exc).__name__}: {exc}"
        outcome = Outcome(
            "failed", 500, f"training failed: {record.error}", lease.run, record.version, record.generation
        )
        return _end(tools, lease, record, outcome, is_setback=True)


class _Run:
    """One run under its lease. The methods are the steps, in order."""

    def __init__(self, asked: Request, tools: Tools, lease: Lease, record: RunRecord) -> None:
        self.asked, self.tools, self.lease, self.record = asked, tools, lease, record
        self.settings, self.documents, self.objects = tools.settings, tools.documents, tools.objects
        self.rules = CountingRules.of(tools.settings)
        self.today = self.rules.day_at(tools.clock())
        self.started = record.started_at
        self.drift: Drift | None = None
        self.champion: Mapping[str, Any] = {}
        """The live version's manifest, as far as it can be read."""
        self.checkpoint = Checkpoint(
            tools.objects, rules=self.rules.digest, ranges=tools.settings.rebuild_parallel, run=lease.run
        )

    def through(self) -> Outcome:
        record, stage = self.record, self._stage
        record.write(self.documents, None)
        with stage("pointer"):
            live = read_live(self.objects)
        if live.pointer and live.pointer.run >= self.lease.run:
            go_on_after(self.documents, live.pointer.run)  # the state was lost or restored: this number's files exist
            raise LeaseLostError(f"run {self.lease.run} has been before; runs go on after {live.pointer.run}")
        if live.pointer and live.pointer.pinned:
            return self._done("pinned", f"version {live.pointer.version} is pinned; unpin to train again")

        with stage("history"):
            known, is_damaged = self._known_history(live)
        with stage("changes"):
            pending = self._pending()
        if known is not None:
            with stage("settled"):
                settled = settle(pending, known, self.tools.clock())
                pending = write_settled(self.documents, pending, settled)
        awaiting = sum(one.change.is_awaiting for one in pending)
        threshold = self.settings.retrain_threshold
        record.changes["awaiting"] = awaiting
        if self.asked.reason == "threshold" and not is_due(awaiting, threshold) and not is_damaged:
            # Promise 2: the recount under the lease. What a finished run trained counts no more.
            return self._done("below_threshold", f"{awaiting} of {threshold} completions await training")

        why_full = recount.why_full_read(
            known,
            pending,
            self.asked,
            is_damaged=is_damaged,
            rules=self.rules,
            now=self.tools.clock(),
            every_days=self.settings.rebuild_every_days,
        )
        if why_full:
            with stage("full read"):
                history, applied = self._read_everything(known, pending, why_full), len(pending)
        else:
            assert known is not None  # without a history there is always a reason for a full read
            with stage("applied"):
                history, applied = known.applied([one.change for one in pending])
            for one in pending:  # a full read reports them itself
                record.reject(one.path, one.change.rejected)
        record.changes["applied"] = applied
        if live.pointer is None and len(history) == 0:
            return self._done("empty", "no completed appointment with spare parts yet; nothing to train or publish")
        if not applied and not why_full and not self._is_refit_due(live):
            return self._done("unchanged", "nothing changed since today's training")

        with stage("fitted"):
            fitted = self._fit(history, live)
        windows = self.champion.get("window") or {}, fitted.window()
        refusals = gate.reasons_to_refuse(fitted.evidence()) + gate.reasons_to_distrust("active_parts", *windows)
        is_unchecked = why_full and self.drift is None  # there was nothing to compare it with
        distrust = gate.reasons_to_distrust("units", *windows) if is_unchecked else []
        refusals += distrust
        if refusals and not self.asked.force:
            if distrust:
                self.checkpoint.clear()
            elif why_full and live.pointer:
                self._commit_history_alone(live, live.pointer, history, pending)
            return self._refused(refusals)
        if refusals:
            record.notes.append("published by force although: " + "; ".join(refusals))

        files = Files(self.lease.run, self.tools.clock())
        files.add_model(fitted, history.rules, self._live_forecast(live))
        if live.pointer is None or applied or why_full:
            files.add_history(history)
        pointer = files.pointer(live.pointer, f"retrain ({self.asked.reason})", history.rules)
        self._publish(files, pointer, live, pending)
        self._prune()
        outcome = self._done(
            "published",
            f"version {record.version} published",
            {
                "version": record.version,
                "generation": record.generation,
                "last_success_at": self.tools.clock(),
                **ALL_WELL,
            },
        )
        self._look_at_threshold()
        return outcome

    def _stage(self, name: str) -> Any:
        return self.record.stage(name, self.tools.after)

    def _known_history(self, live: Live) -> tuple[History | None, bool]:
        """The history the pointer names, verified, and whether it should be there but is not."""
        if live.pointer is None:
            return None, False
        name = pointers.history_name(live.pointer.history)
        try:
            return History.from_bytes(read_verified(self.objects, name, live.pointer.history_sha256)), False
        except DamagedError as exc:
            self.tools.log.error(f"{exc}; rebuilding it from the appointments", run=self.lease.run)
            return None, True

    def _pending(self) -> list[Pending]:
        pending, damaged = read_pending(self.documents)
        for problem in damaged:
            self.record.rejected["change unreadable"] += 1
            self.tools.log.error(f"{problem}; the next full read repairs", run=self.lease.run)
        self.record.changes["pending"] = len(pending)
        return pending

    def _read_everything(self, known: History | None, pending: Sequence[Pending], why: str) -> History:
        """History from a full read, compared with what was known. The changes read before it are all in it."""
        self.tools.log.info(f"reading all appointments: {why}", run=self.lease.run)
        self.record.notes.append(f"full read: {why}")
        before = known or History.of((), self.rules.digest, datetime.min.replace(tzinfo=UTC))
        expected = before.applied([one.change for one in pending])[0]
        found = read_everything(
            self.documents,
            self.rules,
            anchor=STATE,
            page_size=self.settings.rebuild_page_size,
            parallel=self.settings.rebuild_parallel,
            checkpoint=self.checkpoint,
            expected=expected,
            reject=self.record.reject,
            progress=self._progress,
        )
        by_others = recount.counted_by_others(pending, found.rules)
        if known is not None and recount.is_comparable(known, found):
            self._compare(known, expected.without(by_others), found.without(by_others))
        return replace(found, is_recount=recount.is_recount(known, found, by_others))

    def _compare(self, known: History, expected: History, found: History) -> None:
        """Keep the drift for the record; raise DamagedError where it rather speaks for a broken read."""
        self.drift = drift(expected, found, recount.in_flight_since(known, self.started))
        distrust = gate.reason_to_distrust_read(*vanished(expected, found))
        if distrust and not self.asked.force:
            self.checkpoint.clear()
            raise DamagedError(distrust)

    def _report_drift(self) -> None:
        """Only once committed: a run that was overtaken compared with a history that no longer was the live one."""
        if self.drift is None:
            return
        examples = list(self.drift.differing[:20])
        self.record.drift = {
            "differing": len(self.drift.differing),
            "in_flight": len(self.drift.in_flight),
            "examples": examples,
        }
        if examples:
            self.tools.log.error(
                f"drift: {len(self.drift.differing)} appointments differed from the history; repaired",
                run=self.lease.run,
                appointments=examples,
            )

    def _is_refit_due(self, live: Live) -> bool:
        """Without changes a schedule refits once a day, for days have passed; who asks by hand always gets a fit."""
        if live.pointer is None or self.asked.reason == "manual":
            return True
        return self.rules.day_at(datetime.fromisoformat(live.pointer.trained_at)) < self.today

    def _fit(self, history: History, live: Live) -> Fitted:
        self._check_deadline()
        catalogue = [
            {"id": snapshot.id, **{name: snapshot.fields.get(name) for name in CATALOGUE_FIELDS}}
            for page in self.documents.pages(CATALOGUE, CATALOGUE_FIELDS, 1000)
            for snapshot in page
        ]
        remaining = self.settings.retrain_deadline_seconds - (self.tools.clock() - self.started).total_seconds()
        self.champion = self._manifest(live)
        fitted = self.tools.fit(
            with_imported(history, self.objects),
            catalogue,
            today=self.today,
            champion=self.champion.get("recipe"),
            budget_seconds=min(self.settings.training_budget_seconds, remaining / 2),
            progress=self._progress,
        )
        self.record.scores = dict(fitted.scores)
        self.record.notes.extend(fitted.notes)
        return fitted

    def _manifest(self, live: Live) -> Mapping[str, Any]:
        """Of the live version: its recipe competes on the same backtest. Without it there is no champion."""
        if live.pointer is None:
            return {}
        try:
            name = pointers.manifest_name(live.pointer.version)
            manifest: Mapping[str, Any] = json.loads(read_verified(self.objects, name, live.pointer.manifest_sha256))
        except (DamagedError, ValueError) as exc:
            self.tools.log.warning(f"no champion to compare with: {exc}", run=self.lease.run)
            return {}
        return manifest

    def _live_forecast(self, live: Live) -> bytes | None:
        """As published; the new version tells what came otherwise than it said."""
        if live.pointer is None:
            return None
        try:
            name = pointers.forecast_name(live.pointer.version)
            return read_verified(self.objects, name, live.pointer.forecast_sha256)
        except DamagedError as exc:
            self.tools.log.warning(f"nothing is said of unusual demand: {exc}", run=self.lease.run)
            return None

    def _commit_history_alone(self, live: Live, old: Pointer, history: History, pending: Sequence[Pending]) -> None:
        """A full read is worth keeping even when the model fitted to it is refused: the old version stays with it."""
        files = Files(self.lease.run, self.tools.clock())
        files.add_history(history)
        self._publish(files, files.pointer(old, "full read", history.rules), live, pending)

    def _publish(self, files: Files, pointer: Pointer, live: Live, pending: Sequence[Pending]) -> None:
        with self._stage("files"):
            write_once(self.objects, files.contents)
        self._check_deadline()
        with self._stage("commit"):
            self.record.generation = commit(self.objects, pointer, live)
        self.record.version = pointer.version
        with self._stage("marked"):
            try:
                self.record.changes["marked"] = mark_trained(self.documents, pending, self.tools.clock())
            except Exception as exc:  # published all the same, and the next run settles them
                self.record.notes.append(f"changes were not marked: {exc}")
        self._report_drift()
        try:
            self.checkpoint.clear()
        except Exception as exc:  # a later full read would continue this one: correct, but no check of it
            self.record.notes.append(f"the finished full read was not cleared away: {exc}")

    def _refused(self, refusals: list[str]) -> Outcome:
        """Promise 4: the old version stays, the changes stay pending, the run says why."""
        message = "not published: " + "; ".join(refusals)
        outcome = Outcome("refused", 200, message, self.lease.run)
        return _end(self.tools, self.lease, self.record, outcome, is_setback=True)

    def _prune(self) -> None:
        try:
            deleted = prune(self.objects, self.tools.clock(), self.settings.keep_versions_days)
        except Exception as exc:
            self.record.notes.append(f"old versions were not pruned: {exc}")
        else:
            if deleted:
                self.record.notes.append(f"pruned {len(deleted)} files of old versions")

    def _look_at_threshold(self) -> None:
        """A courtesy to completions that came while this run trained; promise 2 does not rest on it."""
        try:
            ask_if_due(self.documents, self.tools.queue, self.settings.retrain_threshold, self.tools.clock())
        except Exception as exc:  # the run is over and recorded; nothing may change that
            self.tools.log.warning(f"the threshold was not looked at: {exc}", run=self.lease.run)

    def _check_deadline(self) -> None:
        spent, most = (self.tools.clock() - self.started).total_seconds(), self.settings.retrain_deadline_seconds
        if spent > most:
            raise OutOfTimeError(f"stopped after {spent:.0f} s; RETRAIN_DEADLINE_SECONDS is {most}")

    def _progress(self, message: str) -> None:
        self._check_deadline()
        self.tools.log.info(message, run=self.lease.run)

    def _done(self, status: str, message: str, changed: Mapping[str, Any] | None = None) -> Outcome:
        outcome = Outcome(status, 200, message, self.lease.run, self.record.version, self.record.generation)
        return _end(self.tools, self.lease, self.record, outcome, changed)


def _end(
    tools: Tools,
    lease: Lease,
    record: RunRecord,
    outcome: Outcome,
    changed: Mapping[str, Any] | None = None,
    *,
    is_setback: bool = False,
) -> Outcome:
    """Write the run record, release the lease, say how it went. A failing clean-up never hides how it went."""
    record.status, record.decision = outcome.status, outcome.message

    def note(state: Fields) -> Mapping[str, Any]:
        if not is_setback:
            return changed or {}
        return setback(state, outcome.message, tools.clock(), tools.settings.retry_after_failure_seconds)

    read, written = record.documents_before
    record.documents.update(read=tools.documents.reads - read, written=tools.documents.writes - written)
    try:
        record.write(tools.documents, tools.clock())
    except Exception as exc:
        tools.log.error(f"no run record: {exc!r}", run=lease.run)
    try:
        release(tools.documents, lease, note)
    except Exception as exc:
        tools.log.error(f"the lease was not released and ends by itself: {exc!r}", run=lease.run)
    write = tools.log.error if is_setback else tools.log.info
    write(outcome.message, run=lease.run, reason=record.reason, status=outcome.status, seconds=record.seconds)
    tools.after("released")
    return outcome
