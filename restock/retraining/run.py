"""The story of one retrain, top to bottom.

::

    lease ─ pointer ─ history ─ changes ─ settled ─ fitted ─ files ─ commit ─ marked ─ released ─ threshold
      │        │                                                       │
      │        └── the generation read here is the precondition of ────┘     so of two overlapping runs one commits
      └── held by another: 503, the queue tries again

A crash anywhere before the commit leaves files that nothing names; after it, changes that the next run finds settled.
What is decided on the way stands in ``plan.py``. What only some runs come to is imported where they do, for importing
takes longer than all the rest of a short run (``tests/functions/test_retrain_imports.py``). The order of the steps was
checked in an executable model; ``tests/unit/test_simulation.py`` checks this code.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from restock.counting.threshold import ask_if_due
from restock.errors import DamagedError, ForeignError, LeaseHeldError, OvertakenError, RefusedError
from restock.history.remake import make_anew_as_trained
from restock.history.settling import mark_trained
from restock.logs import stack_trace
from restock.retraining.attempt import Attempt
from restock.retraining.endings import Outcome, end, end_with_setback, last_lines
from restock.retraining.found import (
    Changes,
    awaiting,
    known_history,
    pending_changes,
    renumber,
    settled_changes,
    situation,
    stored_history,
    what_is_live,
)
from restock.retraining.journal import Journal
from restock.retraining.lease import acquire, note_commit
from restock.retraining.plan import End, end_below_threshold, plan, reason_not_to_fit
from restock.retraining.publish import Files, commit, newest_stored, prune, prune_learnt
from restock.retraining.tools import Tools
from restock.stored.pointer import Pointer
from restock.stored.published import Live, write_once
from restock.stored.retrain_request import RetrainRequest
from restock.stored.run_record import LEARN
from restock.stored.state import RetrainState

if TYPE_CHECKING:
    from restock.retraining.challenger import Challenger
    from restock.retraining.next_history import NextHistory


def retrain(asked: RetrainRequest, tools: Tools) -> Outcome:  # noqa: PLR0911  # the endings of an attempt, one a line
    """One attempt, from lease to release. Never raises: every end is an Outcome, a run record and a line in the log."""
    now = tools.clock()
    before = (tools.documents.reads, tools.documents.writes)
    try:
        lease = acquire(
            tools.documents, tools.holder or uuid.uuid4().hex, asked.reason, now, tools.settings.lease_seconds
        )
    except LeaseHeldError as exc:
        tools.log.info(str(exc), reason=asked.reason)
        return Outcome("busy", 503, f"{exc}; try again later")
    except Exception as exc:
        tools.log.error(f"no lease: {exc!r}", reason=asked.reason)
        return Outcome("failed", 500, "the lease could not be taken; see the log")
    journal = Journal(lease.run, asked.reason, now, documents_before=before)
    run = Attempt(asked, tools, lease, journal, now)
    try:
        tools.after("lease")
        outcome = _through(run)
        _follow_levels(run)
        return outcome
    except OvertakenError as exc:
        return end(run, Outcome("overtaken", 503, str(exc)))
    except ForeignError as exc:  # the state may be another Restock's as well: not even the setback is noted in it
        return end(run, Outcome("failed", 500, str(exc)))
    except RefusedError as exc:
        # Promise 4: the old version stays, the changes stay pending, and the run says why.
        return end_with_setback(run, Outcome("refused", 200, f"not published: {exc}"))
    except Exception as exc:
        error = f"{type(exc).__name__}: {exc}"
        run.journal.know(error=error, trace=last_lines(stack_trace()))
        return end_with_setback(run, Outcome("failed", 500, f"training failed: {error}"))


def _through(run: Attempt) -> Outcome:
    run.journal.know(attempt=run.id)
    run.journal.write(run.tools.documents, None)
    with run.stage("pointer"):
        live, repair = what_is_live(run)
    if live.pointer and live.pointer.pinned:
        return end(run, Outcome("pinned", 200, f"version {live.pointer.version} is pinned; unpin to train again"))

    with run.stage("history"):
        stored = stored_history(run, live)
    found = pending_changes(run)
    is_damaged = bool(repair or found.unreadable or (live.pointer and stored is None))
    threshold = run.tools.settings.retrain_threshold
    if below := end_below_threshold(run.asked, awaiting(found.pending), threshold, is_damaged=is_damaged):
        return end(run, Outcome(below.status, 200, below.message))

    known = known_history(run, stored)
    changes = settled_changes(run, found, known, repair)
    todo = plan(situation(run, live, repair, known, changes))
    if isinstance(todo, End):
        return end(run, Outcome(todo.status, 200, todo.message))

    from restock.retraining.next_history import count_up

    counted = count_up(run, todo, known, changes)
    learnt_at = live.pointer.learnt_at_moment if live.pointer else None
    if reason := reason_not_to_fit(
        run.asked,
        has_changed=counted.is_new,
        rows=len(counted.history),
        is_live=live.pointer is not None,
        learnt_on=run.rules.day_at(learnt_at) if learnt_at else None,
        today=run.today,
    ):
        return end(run, Outcome(reason.status, 200, reason.message))

    from restock.retraining.challenger import challenge

    with run.stage("fitted"):
        challenger = challenge(run, counted.history, live, is_full_read=counted.is_full_read)
    refusals = challenger.reasons_to_refuse()
    lost = challenger.reason_to_distrust_usage() if counted.is_unchecked else None
    reasons = [*refusals, lost] if lost else refusals
    if reasons and not run.asked.force:
        if lost:
            run.checkpoint.clear()
        elif counted.is_full_read and live.pointer:
            _publish_history_alone(run, counted, live, live.pointer, changes)
        return end_with_setback(run, Outcome("refused", 200, "not published: " + "; ".join(reasons)))
    if reasons:
        run.journal.note("published by force although: " + "; ".join(reasons))
    return _publish_version(run, challenger, counted, live, changes)


def _publish_history_alone(run: Attempt, counted: NextHistory, live: Live, old: Pointer, changes: Changes) -> None:
    """A full read is worth keeping even when the model fitted to it is refused: the old version stays with it."""
    files = Files(run.lease.run, run.tools.clock(), run.home.database, run.id)
    files.add_history(counted.history)
    _commit(run, files, files.pointer(old, "full read", counted.history.rules), live)
    _after_commit(run, counted, changes)


def _publish_version(
    run: Attempt, challenger: Challenger, counted: NextHistory, live: Live, changes: Changes
) -> Outcome:
    from restock.retraining.challenger import live_forecast

    files, rules = Files(run.lease.run, run.tools.clock(), run.home.database, run.id), counted.history.rules
    if learnt := challenger.fitted.learnt:
        files.add_learnt(learnt, challenger.basis, rules)
    elif live.pointer:
        files.follow(live.pointer)
    files.add_model(challenger.fitted, rules, live_forecast(run, live))
    files.add_stock_seen(challenger.seen)
    if challenger.booked:
        files.add_booked_seen(challenger.booked)
    if live.pointer is None or counted.is_new:
        files.add_history(counted.history)
    _commit(run, files, files.pointer(live.pointer, f"retrain ({run.asked.reason})", rules), live)
    _after_commit(run, counted, changes)
    _prune(run)
    record, now = run.journal.record, run.tools.clock()

    def success(state: RetrainState) -> RetrainState:
        well = state.without_setbacks
        if record.kind == LEARN:
            well = well.learning_succeeded(now)
        return replace(well, version=record.version, generation=record.generation, last_success_at=now)

    outcome = end(run, Outcome("published", 200, f"version {record.version} published"), success)
    _look_at_threshold(run)
    return outcome


def _commit(run: Attempt, files: Files, pointer: Pointer, live: Live) -> None:
    with run.stage("files"):
        try:
            write_once(run.tools.objects, files.contents)
        except DamagedError as exc:  # no number is given out twice, but by a state that was put back
            renumber(run, newest_stored(run.tools.objects), f"the database was put back: {exc}")
    run.check_deadline()
    with run.stage("commit"):
        generation = commit(run.tools.objects, pointer, live)
    run.journal.know(version=pointer.version, generation=generation)


def _after_commit(run: Attempt, counted: NextHistory, changes: Changes) -> None:
    """Nothing in here can take the commit back: what fails is noted, and left to the next run."""
    tools = run.tools
    with run.stage("marked"):
        try:  # first: a pointer put back after a crash in the midst of marking must be noticed, too
            cleared = run.lease.state.full_read_due if counted.is_full_read else None
            note_commit(tools.documents, run.lease.run, run.home.bucket, cleared)
            run.journal.know_changes(marked=mark_trained(tools.documents, changes.pending, tools.clock()))
            if changes.unreadable:
                make_anew_as_trained(tools.documents, changes.unreadable, counted.history)
        except Exception as exc:  # published all the same, and the next run settles them
            run.journal.note(f"changes were not marked: {exc}")
    if counted.drift:
        from restock.retraining.next_history import report_drift

        report_drift(run, counted.drift)
    try:
        run.checkpoint.clear()
    except Exception as exc:  # a later full read would continue this one: correct, but no check of it
        run.journal.note(f"the finished full read was not cleared away: {exc}")


def _prune(run: Attempt) -> None:
    try:
        days, now = run.tools.settings.keep_versions_days, run.tools.clock()
        deleted = prune(run.tools.objects, now, days)
        if run.journal.record.kind == LEARN:
            deleted += prune_learnt(run.tools.objects, now, days)
    except Exception as exc:
        run.journal.note(f"old versions were not pruned: {exc}")
    else:
        if deleted:
            run.journal.note(f"pruned {len(deleted)} files of old versions")


def _follow_levels(run: Attempt) -> None:
    """Whatever this run made live, or found live. Behind everything else, and no way to end it is changed by it."""
    tools = run.tools
    if tools.levels is None:
        return
    try:
        done = tools.levels(tools.documents, tools.objects, run.today, tools.clock())
    except Exception as exc:
        run.warn(f"the levels for apps were not written: {exc!r}")
    else:
        if done:
            tools.log.info(done, run=run.lease.run)


def _look_at_threshold(run: Attempt) -> None:
    """A courtesy to completions that came while this run trained; promise 2 does not rest on it."""
    tools = run.tools
    try:
        ask_if_due(tools.documents, lambda: tools.queue, tools.settings.retrain_threshold, tools.clock())
    except Exception as exc:  # the run is over and recorded; nothing may change that
        run.warn(f"the threshold was not looked at: {exc}")
