"""What a run finds before it decides anything: the history that is live, and the changes it does not hold yet."""

from __future__ import annotations

from collections.abc import Sequence

from restock.counting.appointments import CountingRules, Rejection
from restock.errors import DamagedError
from restock.history import recount
from restock.history.history import History
from restock.history.settling import Pending, read_pending, settle, write_settled
from restock.retraining.attempt import Attempt
from restock.retraining.plan import KnownHistory, Situation
from restock.retraining.publish import Live, read_verified
from restock.stored import names

UNREADABLE = Rejection("change", "unreadable")


def known_history(run: Attempt, live: Live) -> History | None:
    """The history the pointer names, verified; None if there is none yet, or none that can be read."""
    if live.pointer is None:
        return None
    name = names.history(live.pointer.history)
    try:
        return History.from_bytes(read_verified(run.tools.objects, name, live.pointer.history_sha256))
    except DamagedError as exc:
        run.alarm(f"{exc}; rebuilding it from the appointments")
        return None


def settled_changes(run: Attempt, known: History | None) -> list[Pending]:
    """The pending changes, without those that the live history turns out to hold already."""
    documents = run.tools.documents
    with run.stage("changes"):
        pending, damaged = read_pending(documents)
        for problem in damaged:
            run.journal.reject(problem, (UNREADABLE,))
            run.alarm(f"{problem}; the next full read repairs")
        run.journal.know_changes(pending=len(pending))
    if known is not None:
        with run.stage("settled"):
            settled = settle(pending, known, run.tools.clock())
            pending = write_settled(documents, pending, settled)
    run.journal.know_changes(awaiting=sum(one.change.is_awaiting for one in pending))
    return pending


def of_history(known: History, rules: CountingRules) -> KnownHistory:
    return KnownHistory(known.rules, rules.day_at(known.rebuilt_at), known.rebuilt_at, known.is_recount)


def situation(run: Attempt, live: Live, known: History | None, pending: Sequence[Pending]) -> Situation:
    """All of it in plain values, for the plan."""
    settings, rules = run.tools.settings, run.rules
    return Situation(
        asked=run.asked,
        known=None if known is None else of_history(known, rules),
        is_damaged=known is None and live.pointer is not None,
        are_others_pending=bool(recount.counted_by_others(pending, rules.digest)),
        awaiting=sum(one.change.is_awaiting for one in pending),
        threshold=settings.retrain_threshold,
        rules=rules.digest,
        now=run.tools.clock(),
        today=run.today,
        every_days=settings.rebuild_every_days,
    )
