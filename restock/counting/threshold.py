"""Is a retrain due? One aggregation query, and a named task if so.

The count is a hint: the retrain recounts under its lease. So it may be asked as often as one likes, and a crossing that
was seen but not acted on (the process died, the queue was away) is seen again at the next delivery.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from restock.stored import names
from restock.stored.retrain_request import RetrainRequest
from restock.stored.state import read_state
from restock.stores import DocumentStore, RetrainQueue


def is_due(awaiting: int, threshold: int) -> bool:
    return awaiting >= threshold


def task_name(run: int, now: datetime) -> str:
    """One task a run and hour.

    The run number grows with every attempt, so a crossing after a failed or refused attempt gets a task of its own; the
    hour bounds how long a name the queue remembers can swallow a request. Hashed, for names in sequence slow the queue.
    """
    label = f"run-{run}-{now:%Y%m%d%H}"
    return f"retrain-{hashlib.sha256(label.encode()).hexdigest()[:8]}-{label}"


def ask_if_due(documents: DocumentStore, queue: Callable[[], RetrainQueue], threshold: int, now: datetime) -> str:
    """Promise 2: whoever sees the threshold reached asks for a retrain. Says what was found, for the log.

    ``queue`` is called only then: its client takes longer to load than most deliveries take.
    """
    awaiting = documents.count_true(names.CHANGES, "awaiting", threshold)
    if not is_due(awaiting, threshold):
        return f"{awaiting} of {threshold} completions await training"
    state = read_state(documents)
    name = task_name(state.run, now)
    not_before = state.retry_at if state.retry_at and state.retry_at > now else None
    is_new = queue().ask(name, RetrainRequest("threshold").as_json(), not_before=not_before)
    return f"threshold of {threshold} reached: {'asked for a retrain' if is_new else 'a retrain was asked for before'}"
