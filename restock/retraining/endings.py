"""How a retrain ends: an answer for the queue, a run record, the lease released, a line in the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from restock.retraining.attempt import Attempt
from restock.retraining.lease import release, setback
from restock.stored.run_record import LEARN
from restock.stored.state import RetrainState

SETBACKS = ("failed", "refused")
"""They are told as errors, which alerts are made of."""
TRACE_LINES = 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended. ``http_status`` tells the queue: 2xx done, anything else try again."""

    status: str
    http_status: int
    message: str
    run: int | None = None
    version: int | None = None
    generation: int | None = None


def last_lines(trace: str) -> str:
    """Of a stack trace, for the run record: where it went wrong; the log has all of it."""
    return "\n".join(trace.splitlines()[-TRACE_LINES:])


def unchanged(state: RetrainState) -> RetrainState:
    return state


def end(run: Attempt, outcome: Outcome, note: Callable[[RetrainState], RetrainState] = unchanged) -> Outcome:
    """Write the run record, release the lease with what ``note`` makes of the state, say how it went.

    A failing clean-up never hides how it went.
    """
    run.journal.know(status=outcome.status, decision=outcome.message)
    record = run.journal.record
    outcome = replace(outcome, run=run.lease.run, version=record.version, generation=record.generation)
    tools = run.tools
    try:
        run.journal.write(tools.documents, tools.clock())
    except Exception as exc:
        run.alarm(f"no run record: {exc!r}")
    try:
        release(tools.documents, run.lease, note)
    except Exception as exc:
        run.alarm(f"the lease was not released and ends by itself: {exc!r}")
    write = tools.log.error if outcome.status in SETBACKS else tools.log.info
    write(outcome.message, run=run.lease.run, reason=record.reason, status=outcome.status, seconds=record.seconds)
    tools.after("released")
    return outcome


def end_with_setback(run: Attempt, outcome: Outcome) -> Outcome:
    """And keep threshold tasks away for a while, for the next would end the same."""

    def note(state: RetrainState) -> RetrainState:
        now, settings = run.tools.clock(), run.tools.settings
        if run.journal.record.kind == LEARN:
            state = state.learning_failed(now)
        return setback(state, outcome.message, now, settings.retry_after_failure_seconds)

    return end(run, outcome, note)
