"""The full read: history recomputed from every appointment.

Needed for the first training, when the counting rules change, when the history is damaged, on request, and weekly as a
check of promise 1. It costs one read per appointment, so nothing else ever does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from restock.counting.appointments import FIELDS_READ, CountingRules, Rejection, is_kept_when_deleted, usage_of
from restock.errors import StoreUnavailableError
from restock.stores import DocumentStore
from restock.training.history import CountedAppointment, History, usage_by_appointment

APPOINTMENTS = "appointments"

IN_FLIGHT = timedelta(hours=24)
"""So long an event may still be under way; differences this young are not drift."""


def read_everything(
    documents: DocumentStore,
    rules: CountingRules,
    *,
    anchor: str,
    page_size: int,
    expected: History,
    reject: Callable[[str, tuple[Rejection, ...]], None],
    progress: Callable[[str], None],
) -> History:
    """Count every appointment. ``anchor`` is any existing document: its read time, taken first, dates the read.

    Pages are read one after another, each newer than ``rebuilt_at``: a version written meanwhile is either in already,
    under its own source_time, or arrives as a change. Changes must have been read before this is called; ``expected``,
    the history with them applied, tells what purged bookings used, where the shop keeps that.
    """
    begun = documents.get(anchor)
    if begun is None:
        raise StoreUnavailableError(f"{anchor} vanished while the history was being rebuilt")
    rebuilt_at = begun.read_time
    seen: set[str] = set()

    def counted() -> Iterator[CountedAppointment]:
        for page in documents.pages(APPOINTMENTS, FIELDS_READ, page_size):
            for snapshot in page:
                seen.add(snapshot.id)
                found = usage_of(snapshot.fields, snapshot.update_time, rules)
                reject(f"{APPOINTMENTS}/{snapshot.id}", found.rejections)
                if not found.usage.is_empty:
                    yield CountedAppointment(snapshot.id, found.usage, snapshot.update_time)
            progress(f"{len(seen)} appointments read")
        if rules.keep_usage_when_deleted_after_days is not None:
            for gone in usage_by_appointment(expected).values():
                if gone.appointment not in seen and is_kept_when_deleted(gone.usage, rebuilt_at, rules):
                    yield gone

    return History.of(counted(), rules.digest, rebuilt_at)
