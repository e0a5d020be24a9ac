"""The history as a run would make it live: the known one with its pending changes applied, or a full read's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from restock.counting import rejected
from restock.errors import DamagedError, RefusedError
from restock.history import recount
from restock.history.history import Drift, History, drift, vanished
from restock.history.rebuild import read_everything
from restock.history.unusual import unusual
from restock.retraining import gate
from restock.retraining.attempt import Attempt
from restock.retraining.found import Changes
from restock.retraining.plan import Apply, ReadEverything
from restock.stored import names
from restock.stored.run_record import DriftFound

MOST_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class NextHistory:
    history: History
    applied: int
    """Changes that are in it and were not in the live one."""
    is_full_read: bool = False
    drift: Drift | None = None
    """What a full read found different; None if there was nothing to hold it against."""
    is_repair: bool = False
    """Of something that was put back: what differs is told, whatever its age, but speaks for no broken read."""

    @property
    def is_new(self) -> bool:
        return self.is_full_read or self.applied > 0

    @property
    def is_unchecked(self) -> bool:
        return self.is_full_read and (self.drift is None or self.is_repair)


def count_up(run: Attempt, todo: Apply | ReadEverything, known: History | None, changes: Changes) -> NextHistory:
    pending = changes.pending
    if mostly := rejected.days_mostly_rejected([one.change for one in pending], run.rules):
        run.alarm(mostly, kind=rejected.KIND)
    if isinstance(todo, ReadEverything):
        run.progress(f"reading all appointments: {todo.why}")
        run.journal.note(f"full read: {todo.why}")
        with run.stage("full read"):
            counted = _read_in_full(run, todo, known, changes)
    else:
        assert known is not None  # without a history the plan is to read everything
        with run.stage("applied"):
            counted = NextHistory(*known.applied([one.change for one in pending]))
        for one in pending:  # a full read reports them itself
            run.journal.reject(one.path, one.change.rejected)
    run.journal.know_changes(applied=counted.applied)
    for line in unusual(known, counted.history) if counted.is_new else ():
        run.journal.note(str(line))
        run.alarm("unusual quantity", appointment=line.appointment, part=line.part, quantity=line.quantity)
    return counted


def _read_in_full(run: Attempt, todo: ReadEverything, known: History | None, changes: Changes) -> NextHistory:
    """The pending changes, read before it, are all in it.

    Raises DamagedError where it differs from what was known in a way that rather speaks for a broken read.
    """
    pending = changes.pending
    before = known if known is not None else _nothing_counted(run)
    expected = before.applied([one.change for one in pending])[0]
    remembered = expected
    if run.rules.keep_usage_when_deleted_after_days is not None and (known is None or todo.is_repair):
        remembered = newest_history(run).applied([one.change for one in pending])[0]
    found = read_everything(
        run.tools.documents,
        run.rules,
        anchor=names.STATE,
        page_size=run.tools.settings.rebuild_page_size,
        parallel=run.tools.settings.rebuild_parallel,
        checkpoint=run.checkpoint,
        expected=remembered,
        reject=run.journal.reject,
        pass_over=run.journal.pass_over,
        progress=run.progress,
    )
    if passed_over := run.journal.record.passed_over:
        statuses = ", ".join(f"{number} × '{status}'" for status, number in passed_over.items())
        run.journal.note(f"with parts, and not counted for their status: {statuses} (promise 8)")
    by_others = recount.counted_by_others(pending, run.rules.digest)
    history = replace(found, is_recount=recount.is_recount(known, found, by_others))
    if known is None or changes.is_cut or not recount.is_comparable(known, found):
        return NextHistory(history, len(pending), is_full_read=True)
    expected, ours = expected.without(by_others), found.without(by_others)
    distrust = None if todo.is_repair else gate.reason_to_distrust_read(*vanished(expected, ours))
    if distrust and not run.asked.force:
        run.checkpoint.clear()
        raise DamagedError(distrust)
    since = None if todo.is_repair else recount.in_flight_since(known, run.started)
    differences = drift(expected, ours, since)
    return NextHistory(history, len(pending), is_full_read=True, drift=differences, is_repair=todo.is_repair)


def newest_history(run: Attempt) -> History:
    """The newest that can be read: all that is left to tell what deleted bookings used, where the shop keeps that.

    Raises RefusedError if there were some and none can be read: a history without them would look well and be wrong.
    """
    objects = run.tools.objects
    stored = {names.version_of(found.name): found.name for found in objects.list(names.HISTORIES)}
    numbers = sorted((number for number in stored if number is not None and number < run.lease.run), reverse=True)
    for number in numbers:
        try:
            found = objects.read(stored[number])
            history = History.from_bytes(found.data) if found else None
        except DamagedError:
            continue
        if history is not None and (run.asked.adopt or history.database in ("", run.home.database)):
            run.journal.note(f"the usage of deleted bookings was taken from {stored[number]}")
            return history
    if (numbers or run.lease.state.published) and not run.asked.force:
        raise RefusedError(
            "no history can be read, and it alone knows what deleted bookings used, which "
            "KEEP_USAGE_WHEN_DELETED_AFTER_DAYS keeps: put one back from the bucket's noncurrent versions, "
            "or go on without: rebuild --force"
        )
    return _nothing_counted(run)


def _nothing_counted(run: Attempt) -> History:
    return History.of((), run.rules.digest, datetime.min.replace(tzinfo=UTC))


def report_drift(run: Attempt, differences: Drift) -> None:
    """Only once committed: a run that was overtaken compared with a history that no longer was the live one."""
    number, examples = len(differences.differing), differences.differing[:MOST_EXAMPLES]
    found = DriftFound(differing=number, in_flight=len(differences.in_flight), examples=examples)
    run.journal.know(drift=found)
    if number:
        message = f"drift: {number} appointments differed from the history; repaired"
        run.alarm(message, appointments=list(examples))
