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


@dataclass(frozen=True, slots=True)
class Learn:
    """Trees, backtest, weights and calibration anew, whatever it costs."""

    why: str


@dataclass(frozen=True, slots=True)
class Follow:
    """Take what was learnt, and refit only what news move."""

    note: str = ""


FAILED_LATELY = timedelta(days=1)
"""So long after a failure to learn, what was learnt is followed beyond its age: old news beat none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lore:
    """What of the learnt file that the pointer names, and of the attempts to renew it, the decision depends on."""

    learnt_at: datetime
    learnt_on: date
    """The shop's day of it."""
    has_our_basis: bool
    """Learnt by this release, its libraries and these settings, by these counting rules."""
    within: timedelta
    """Its age."""
    failed_at: datetime | None = None
    """Of the last failure to learn since."""


def learn_or_follow(  # noqa: PLR0911  # the table of reasons, one a line
    asked: RetrainRequest, lore: Lore | None, *, is_full_read: bool, now: datetime, today: date
) -> Learn | Follow:
    """Two speeds: who is asked by a threshold follows, if there is something fit to follow."""
    if asked.reason == "manual":
        return Learn("asked for")
    if is_full_read:
        return Learn("everything was read anew")
    if lore is None:
        return Learn("nothing that was learnt can be read")
    if not lore.has_our_basis:
        return Learn("what was learnt is another release's, or of other settings")
    if asked.reason == "schedule" and lore.learnt_on < today:
        return Learn("nothing was learnt today")
    if now - lore.learnt_at <= lore.within:
        return Follow()
    if lore.failed_at is not None and now - lore.failed_at <= FAILED_LATELY:
        return Follow(f"followed beyond its age, for learning failed at {lore.failed_at:%Y-%m-%d %H:%M} UTC")
    return Learn(f"what was learnt is of {lore.learnt_at:%Y-%m-%d %H:%M} UTC, which is past its age")


def end_below_threshold(asked: RetrainRequest, awaiting: int, threshold: int, *, is_damaged: bool) -> End | None:
    """Also asked before the history is opened, which takes long: settling by it only lowers what awaits."""
    if asked.reason != "threshold" or awaiting >= threshold or is_damaged:
        return None
    return End("below_threshold", f"{awaiting} of {threshold} completions await training")


def plan(found: Situation) -> End | Apply | ReadEverything:
    """Promise 2: a threshold run recounts under the lease; what a finished run trained counts no more.

    What was put back, and a damaged history, are repaired whoever asks.
    """
    if found.repair:
        return ReadEverything(found.repair, is_repair=True)
    if found.unreadable:
        return ReadEverything(f"{found.unreadable} change documents cannot be read")
    if below := end_below_threshold(found.asked, found.awaiting, found.threshold, is_damaged=found.is_damaged):
        return below
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


def reason_not_to_fit(  # noqa: PLR0913  # the plain values it decides over, all named
    asked: RetrainRequest, *, has_changed: bool, rows: int, is_live: bool, learnt_on: date | None, today: date
) -> End | None:
    """Whether the history, as it now is, calls for a model. ``learnt_on``: the day of what the live version follows.

    Without changes a schedule learns once a day, for days have passed; who asks by hand always gets a fit.
    """
    if not is_live:
        if rows:
            return None
        return End("empty", "no completed appointment with spare parts yet; nothing to train or publish")
    if has_changed or asked.reason == "manual" or learnt_on is None or learnt_on < today:
        return None
    return End("unchanged", "nothing changed since it was learnt today")
