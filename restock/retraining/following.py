"""What a run follows: the learnt file that the pointer names, if it is fit to be followed.

Never the newest one: an overtaken run leaves one, too, and a rollback would be undone at the next crossing. And never
another follower, so that nothing drifts: a follower is a function of what was learnt, history, catalogue, stock seen
and the day.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from restock.retraining.attempt import Attempt
from restock.retraining.named import read_named
from restock.retraining.plan import Learn, Lore, learn_or_follow
from restock.stored import names
from restock.stored.learnt import Learnt
from restock.stored.pointer import Pointer
from restock.stored.published import Live


def what_to_follow(run: Attempt, live: Live, basis: str, *, is_full_read: bool) -> Learnt | None:
    """None where this run learns. Tells why, and raises the alarm where learning is overdue."""
    learnt = _named(run, live.pointer) if live.pointer else None
    lore = None
    if learnt:
        lore = Lore(
            learnt_at=learnt.moment,
            learnt_on=run.rules.day_at(learnt.moment),
            has_our_basis=learnt.basis == basis and learnt.rules == run.rules.digest,
            within=timedelta(hours=run.tools.settings.learn_within_hours),
            failed_at=run.lease.state.learn_failed_at,
        )
        if run.started - lore.learnt_at > lore.within:
            failures = run.lease.state.learn_failures or 0
            run.alarm(f"nothing was learnt since {learnt.learnt_at}; {failures} tries have failed")
    todo = learn_or_follow(
        run.asked,
        lore,
        is_full_read=is_full_read,
        now=run.started,
        today=run.today,
    )
    if isinstance(todo, Learn):
        run.journal.note(f"learns: {todo.why}")
        return None
    if todo.note:
        run.journal.note(todo.note)
    return learnt


def _named(run: Attempt, pointer: Pointer) -> Learnt | None:
    """What the pointer names, verified. Without it the run learns, which costs seconds and loses nothing."""
    if pointer.learnt is None:
        return None
    name = names.learnt(pointer.learnt)
    read = partial(Learnt.from_bytes, name=name)
    return read_named(run, name, pointer.learnt_sha256, read, if_lost="what was learnt is lost")
