"""What a run finds before it decides anything: the history that is live, and the changes it does not hold yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from restock.counting.appointments import CountingRules, Rejection
from restock.errors import DamagedError, ForeignError, OvertakenError
from restock.history import recount
from restock.history.remake import MOST_READ_ALONE, make_anew
from restock.history.settling import MOST_PENDING, Found, Pending, Unreadable, read_pending, settle, write_settled
from restock.retraining.attempt import Attempt
from restock.retraining.lease import go_on_after, note_published
from restock.retraining.plan import KnownHistory, Situation
from restock.retraining.publish import newest_stored
from restock.retraining.put_back import ADOPT, Foreign, Renumber, is_unnoted, what_was_put_back
from restock.stored import names
from restock.stored.published import Live, read_live, read_verified
from restock.stored.run_record import read_run_record

if TYPE_CHECKING:
    from restock.history.history import History

UNREADABLE = Rejection("change", "unreadable")


@dataclass(frozen=True, slots=True)
class StoredHistory:
    """Its file, not yet opened."""

    name: str
    data: bytes


def what_is_live(run: Attempt) -> tuple[Live, str]:
    """The pointer, and what was put back, if anything was. Raises ForeignError or OvertakenError: this run ends."""
    objects, documents, state = run.tools.objects, run.tools.documents, run.lease.state
    live = read_live(objects)
    unnoted = live.pointer if live.pointer and is_unnoted(state, live.pointer) else None
    found = what_was_put_back(
        run.lease.run,
        state,
        live.pointer,
        run.home,
        newest_stored=0 if live.pointer else newest_stored(objects),
        recorded=read_run_record(documents, unnoted.run) if unnoted else None,
        adopts=run.asked.adopt,
    )
    if isinstance(found, Foreign):
        raise ForeignError(found.message)
    if isinstance(found, Renumber):
        renumber(run, max(found.after, newest_stored(objects)), found.why_full_read)
    if found.put_back:
        run.alarm(f"{found.put_back}; a full read repairs it")
    elif unnoted:
        note_published(documents, unnoted.run, run.home.bucket)
    adopted = f"{run.home.database} and {run.home.bucket} are adopted" if run.asked.adopt else ""
    return live, found.put_back or state.full_read_due or adopted


def stored_history(run: Attempt, live: Live) -> StoredHistory | None:
    """The history the pointer names, by its digest; None if there is none yet, or none that is whole."""
    if live.pointer is None:
        return None
    name = names.history(live.pointer.history)
    try:
        return StoredHistory(name, read_verified(run.tools.objects, name, live.pointer.history_sha256))
    except DamagedError as exc:
        run.alarm(f"{exc}; rebuilding it from the appointments")
        return None


def known_history(run: Attempt, stored: StoredHistory | None) -> History | None:
    """What is in it; None if this release cannot read it."""
    if stored is None:
        return None
    from restock.history.history import History  # and with it pyarrow: a run below the threshold ends before

    try:
        history = History.from_bytes(stored.data)
    except DamagedError as exc:
        run.alarm(f"{exc}; rebuilding it from the appointments")
        return None
    if history.database not in ("", run.home.database) and not run.asked.adopt:
        raise ForeignError(f"{stored.name} counts {history.database}, and this run is of {run.home.database}; {ADOPT}")
    return history


def renumber(run: Attempt, newest: int, why_full_read: str | None) -> NoReturn:
    """End this run, whose number has been used; the next goes on after the newest, and reads everything if need be."""
    run.checkpoint.drop()
    if go_on_after(run.tools.documents, run.lease, newest, why_full_read) and why_full_read:
        run.alarm(f"{why_full_read}; the next run reads everything")
    raise OvertakenError(f"run {run.lease.run} has been before; runs go on after {newest}")


@dataclass(frozen=True, slots=True)
class Changes:
    pending: Sequence[Pending]
    """Without those that the live history turns out to hold already."""
    unreadable: Sequence[Unreadable] = ()
    """Too many to be made anew one by one."""
    is_cut: bool = False
    """There are more pending changes than one run takes."""

    @property
    def awaiting(self) -> int:
        return awaiting(self.pending)


def awaiting(pending: Sequence[Pending]) -> int:
    return sum(one.change.is_awaiting for one in pending)


def pending_changes(run: Attempt) -> Found:
    with run.stage("changes"):
        found = read_pending(run.tools.documents)
    if found.is_cut:
        run.journal.note(f"{MOST_PENDING:,} pending changes were taken; the others are left to the next run")
    for one in found.unreadable:
        run.journal.reject(names.change(one.appointment), (UNREADABLE,))
        run.alarm(f"{one.problem}; it is made anew from the appointment")
    run.journal.know_changes(pending=len(found.pending), awaiting=awaiting(found.pending))
    return found


def settled_changes(run: Attempt, found: Found, known: History | None, repair: str) -> Changes:
    """Under a repair nothing is settled: the history may be from after the moment a database was put back to.

    A change settled by such a version would be deaf to whatever bears an earlier time, a deletion say. The full
    read that is due has the changes, whatever became of them.
    """
    documents, pending, unreadable = run.tools.documents, found.pending, found.unreadable
    if unreadable and len(unreadable) <= MOST_READ_ALONE:
        pending = pending + make_anew(documents, unreadable, known, run.rules)
        unreadable = []
    run.journal.know_changes(pending=len(pending))
    if known is not None and not repair:
        with run.stage("settled"):
            settled = settle(pending, known, run.tools.clock())
            pending = write_settled(documents, pending, settled)
    changes = Changes(pending, unreadable, found.is_cut)
    run.journal.know_changes(awaiting=changes.awaiting)
    return changes


def of_history(known: History, rules: CountingRules) -> KnownHistory:
    return KnownHistory(known.rules, rules.day_at(known.rebuilt_at), known.rebuilt_at, known.is_recount)


def situation(run: Attempt, live: Live, repair: str, known: History | None, changes: Changes) -> Situation:
    """All of it in plain values, for the plan."""
    settings, rules = run.tools.settings, run.rules
    return Situation(
        asked=run.asked,
        repair=repair,
        known=None if known is None else of_history(known, rules),
        is_damaged=known is None and live.pointer is not None,
        are_others_pending=bool(recount.counted_by_others(changes.pending, rules.digest)),
        unreadable=len(changes.unreadable),
        awaiting=changes.awaiting,
        threshold=settings.retrain_threshold,
        rules=rules.digest,
        now=run.tools.clock(),
        today=run.today,
        every_days=settings.rebuild_every_days,
    )
