"""What a run does and why: decisions over plain values, so that each can be read, and tested, as a table.

::

    what is live ──▶ put back? ──▶ history and changes ──▶ plan ──▶ end │ apply │ read everything
                                                                         └───┬────────┘
                                                        reason_not_to_fit ◀──┘   ──▶ end │ fit
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from restock.history.recount import DEPLOYED_WITHIN
from restock.stored.retrain_request import RetrainRequest


@dataclass(frozen=True, slots=True)
class End:
    """Nothing to do for this run; ``status`` and ``message`` are its outcome's."""

    status: str
    message: str


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply the pending changes to the history that is known."""


@dataclass(frozen=True, slots=True)
class ReadEverything:
    """Recompute the history from all appointments."""

    why: str
    is_repair: bool = False
    """Of something that was put back: the history is known to be another time's, and no measure for what is read."""


@dataclass(frozen=True, slots=True)
class KnownHistory:
    """What of the live history the plan depends on."""

    rules: str
    rebuilt_on: date
    rebuilt_at: datetime
    is_recount: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a run has found, once the pending changes are settled."""

    asked: RetrainRequest
    known: KnownHistory | None
    repair: str = ""
    """What was put back, and makes this run read everything whoever asked."""
    is_damaged: bool = False
    """There should be a history, and none can be read."""
    are_others_pending: bool = False
    """Some pending change was counted by other rules."""
    unreadable: int = 0
    """Change documents that cannot be read, too many to be made anew one by one."""
    awaiting: int = 0
    threshold: int
    rules: str
    now: datetime
    today: date
    every_days: int
    """A schedule reads everything as often as this; 0: never."""


def plan(found: Situation) -> End | Apply | ReadEverything:
    """Promise 2: a threshold run recounts under the lease; what a finished run trained counts no more.

    What was put back, and a damaged history, are repaired whoever asks.
    """
    if found.repair:
        return ReadEverything(found.repair, is_repair=True)
    if found.unreadable:
        return ReadEverything(f"{found.unreadable} change documents cannot be read")
    if found.asked.reason == "threshold" and found.awaiting < found.threshold and not found.is_damaged:
        return End("below_threshold", f"{found.awaiting} of {found.threshold} completions await training")
    why = _why_read_everything(found)
    return ReadEverything(why) if why else Apply()


def _why_read_everything(found: Situation) -> str:  # noqa: PLR0911  # the table of reasons, one a line
    """Promise 6: empty in a normal run."""
    known = found.known
    if found.is_damaged:
        return "history damaged"
    if known is None:
        return "first training"
    if known.rules != found.rules:
        return "the counting rules changed"
    if found.are_others_pending:
        return "changes were counted by other rules"
    if found.asked.rebuild:
        return "asked for"
    if found.asked.reason == "schedule":
        if known.is_recount and found.now - known.rebuilt_at >= DEPLOYED_WITHIN:
            return "once more after the first by these rules"
        if found.every_days and found.today - known.rebuilt_on >= timedelta(found.every_days):
            return f"the check due every {found.every_days} days"
    return ""


def reason_not_to_fit(
    asked: RetrainRequest, *, has_changed: bool, rows: int, trained_on: date | None, today: date
) -> End | None:
    """Whether the history, as it now is, calls for a model. ``trained_on``: the live version's day, if one is live.

    Without changes a schedule refits once a day, for days have passed; who asks by hand always gets a fit.
    """
    if trained_on is None:
        if rows:
            return None
        return End("empty", "no completed appointment with spare parts yet; nothing to train or publish")
    if has_changed or asked.reason == "manual" or trained_on < today:
        return None
    return End("unchanged", "nothing changed since today's training")
