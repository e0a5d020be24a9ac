"""Counting one delivery: understand it, merge it, look at the threshold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from restock.counting import changes
from restock.counting.appointments import (
    KNOWN_STATUSES,
    NOTHING,
    Counted,
    CountingRules,
    is_kept_when_deleted,
    status_passed_over,
    usage_of,
)
from restock.counting.changes import Delivery
from restock.counting.threshold import ask_if_due
from restock.errors import ConflictError, DamagedError
from restock.logs import Log
from restock.stored import names
from restock.stored.change import Change, marks_to_be_found
from restock.stores import DocumentStore, Fields, RetrainQueue, Update, amend

DELETION_FOLLOWS = timedelta(microseconds=1)
"""A deletion has no update time of its own: it is ordered just after the version it deleted."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an appointment document, decoded."""

    fields: Mapping[str, Any]
    update_time: datetime


@dataclass(frozen=True, slots=True)
class AppointmentWritten:
    """A Firestore trigger's event: the document before (None: created) and after (None: deleted)."""

    appointment: str
    before: Version | None
    after: Version | None
    written_at: datetime | None = None
    """When, by the event's own account. Some senders round it to seconds, so it tells days but never order."""
    shop: str = ""
    """Whose path it lies under, in a chain: it says which shop's stores count it, and nothing to counting itself."""


def understand(event: AppointmentWritten, rules: CountingRules) -> Delivery:
    """What the event means for the history. Pure."""
    old = event.before
    before = usage_of(old.fields, old.update_time, rules) if old else Counted(NOTHING)
    if event.after:
        after, source_time = usage_of(event.after.fields, event.after.update_time, rules), event.after.update_time
    elif old:
        is_kept = event.written_at is not None and is_kept_when_deleted(before.usage, event.written_at, rules)
        after, source_time = Counted(before.usage if is_kept else NOTHING), old.update_time + DELETION_FOLLOWS
    else:
        raise ValueError("an event holds the document before, after, or both")
    return Delivery(
        event.appointment, source_time, before.usage, after.usage, after.rejections, rejections_before=before.rejections
    )


def unknown_status(event: AppointmentWritten, rules: CountingRules) -> str | None:
    """The status of an appointment with parts that is neither completed nor one the app is known to write."""
    status = status_passed_over(event.after.fields, rules) if event.after else None
    return None if status in KNOWN_STATUSES else status


def count(  # noqa: PLR0913  # one delivery, and the effects it may have, each named
    event: AppointmentWritten,
    *,
    rules: CountingRules,
    threshold: int,
    documents: Callable[[], DocumentStore],
    queue: Callable[[], RetrainQueue],
    now: datetime,
    log: Log,
) -> None:
    """Count one delivery. Raises only what a redelivery can mend.

    ``documents`` and ``queue`` are called only when needed: most writes of an appointment change no usage, and such a
    delivery costs no database call.
    """
    delivery = understand(event, rules)
    for rejection in delivery.rejections:
        log.warning(
            f"{rejection.field} {rejection.reason}; not counted. Correct it in the appointment.",
            appointment=event.appointment,
        )
    if status := unknown_status(event, rules):
        log.warning(
            f"status '{status}' is not known; its parts are not counted. If it means completed, add it to"
            " COMPLETED_STATUSES.",
            appointment=event.appointment,
        )
    if delivery.changes_nothing:
        log.debug("usage unchanged", appointment=event.appointment)
        return
    written_at = event.written_at or delivery.source_time  # a deletion's source_time may be years before it
    if now - written_at > changes.OLDEST_DELIVERY:
        log.error(
            "delivery too old to merge; the next rebuild repairs (python -m restock rebuild)",
            appointment=event.appointment,
            written_at=written_at,
        )
        return
    store = documents()
    change = merge(store, delivery, rules.digest)
    outcome = "merged" if change.is_pending else "already trained"
    if change.is_lost:
        outcome += "; nothing of it could be counted, the next run reports it"
    if change.is_awaiting:
        outcome += "; " + ask_if_due(store, queue, threshold, now)
    log.info(outcome, appointment=event.appointment, source_time=delivery.source_time)


def merge(documents: DocumentStore, delivery: Delivery, rules: str) -> Change:
    """Merge one delivery into its change document, and return the change as it then is."""
    merged: list[Change] = []

    def decide(fields: Fields | None) -> Fields | None:
        existing = None if fields is None else Change.from_fields(delivery.appointment, fields)
        change = changes.merged(existing, delivery, rules)
        merged[:] = [change]
        return None if change == existing else change.to_fields()

    try:
        amend(documents, names.change(delivery.appointment), decide)
    except DamagedError:
        _let_a_run_find(documents, names.change(delivery.appointment))
        raise  # the delivery comes again, once a run has made the document anew
    return merged[0]


def _let_a_run_find(documents: DocumentStore, path: str) -> None:
    found = documents.get(path)
    if found and (marks := marks_to_be_found(found.fields)):
        with suppress(ConflictError):
            documents.update(Update(path, marks, found.update_time))
