"""Change documents that cannot be read (a newer release's, an edit by hand), made anew.

What such a document said is lost; what it was about is not: the appointment says what is used, and the history up to
which version that is in. on_appointment asks for its deliveries again meanwhile, so none is lost either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from restock.counting.appointments import NOTHING, CountingRules, is_kept_when_deleted, usage_of
from restock.errors import StoreUnavailableError
from restock.history.settling import Pending, Unreadable
from restock.stored import names
from restock.stored.change import Change
from restock.stores import DocumentStore, Snapshot, Update

if TYPE_CHECKING:
    from restock.history.history import CountedAppointment, History

MOST_READ_ALONE = 100
"""More are not read one by one: a full read has them all (promise 6)."""


@dataclass(frozen=True, slots=True)
class AppointmentNow:
    """An appointment as it is now: None if it is gone. ``at`` is no later than the read."""

    found: Snapshot | None
    at: datetime


def remade(appointment: str, seen: AppointmentNow, row: CountedAppointment | None, rules: CountingRules) -> Change:
    """The change as deliveries would have left it; ``row`` is what the live history has of it. Pure.

    Without a row, usage is a completion that awaits its training. With one, what differs is an edit, which does not
    count. A withdrawal is dated by the read: later than every version that is gone, earlier than a booking made anew.
    """
    found = seen.found
    counted = usage_of(found.fields, found.update_time, rules) if found else None
    if counted and found and not counted.usage.is_empty:
        completed_time = found.update_time if row is None else None
        return Change(
            appointment,
            counted.usage,
            found.update_time,
            rules.digest,
            completed_time=completed_time,
            rejected=counted.rejections,
        )
    gone_at = seen.at if found is None else found.create_time
    if row and row.source_time < gone_at and is_kept_when_deleted(row.usage, gone_at, rules):
        return Change(appointment, row.usage, row.source_time, rules.digest)
    if counted and found:
        return Change(appointment, NOTHING, found.update_time, rules.digest, rejected=counted.rejections)
    after = row.source_time + timedelta(microseconds=1) if row else seen.at
    return Change(appointment, NOTHING, max(seen.at, after), rules.digest)


def make_anew(
    documents: DocumentStore, unreadable: Sequence[Unreadable], known: History | None, rules: CountingRules
) -> list[Pending]:
    """Each from its one appointment, if the document is still the one that could not be read."""
    begun = documents.get(names.STATE)
    if begun is None:
        raise StoreUnavailableError(f"{names.STATE} vanished")
    rows = known.counted([one.appointment for one in unreadable]) if known is not None else {}
    anew = []
    for one in unreadable:
        seen = AppointmentNow(documents.get(names.appointment(one.appointment)), begun.read_time)
        anew.append(Pending(remade(one.appointment, seen, rows.get(one.appointment), rules), one.update_time))
    return _written(documents, anew)


def make_anew_as_trained(documents: DocumentStore, unreadable: Sequence[Unreadable], live: History) -> int:
    """After the commit of a full read, which holds whatever these were about."""
    rows = live.counted([one.appointment for one in unreadable])
    anew = []
    for one in unreadable:
        row = rows.get(one.appointment)
        usage, time = (row.usage, row.source_time) if row else (NOTHING, live.rebuilt_at)
        anew.append(Pending(Change(one.appointment, usage, time, live.rules, trained_time=time), one.update_time))
    return len(_written(documents, anew))


def _written(documents: DocumentStore, anew: Sequence[Pending]) -> list[Pending]:
    """Those that nobody else wrote meanwhile, with their new preconditions."""
    times = documents.update_many([Update(one.path, one.change.to_fields(), one.update_time) for one in anew])
    return [Pending(one.change, times[one.path]) for one in anew if one.path in times]
