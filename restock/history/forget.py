"""Forgetting one appointment: its usage leaves the history at the next run, whatever the shop keeps of purged bookings.

History holds ids of appointments, days, parts and quantities, nothing about people. This is for who asks all the same.
"""

from __future__ import annotations

from datetime import timedelta

from restock.counting import changes
from restock.counting.appointments import NOTHING
from restock.counting.changes import Delivery
from restock.errors import BadRequestError
from restock.history.history import History
from restock.stored import names
from restock.stored.change import Change
from restock.stored.names import APPOINTMENTS, STATE
from restock.stored.published import read_live, read_verified
from restock.stores import DocumentStore, Fields, ObjectStore, amend


def forget(appointment: str, documents: DocumentStore, objects: ObjectStore, rules: str) -> bool:
    """Withdraw what a deleted appointment used; False if nothing is known of it any more.

    Raises BadRequestError while the appointment exists, for the next full read would bring it back.
    """
    state = documents.get(STATE)  # for its time, by Firestore's clock: before it every version, after it a new booking
    if documents.get(names.appointment(appointment)):
        raise BadRequestError(f"{APPOINTMENTS}/{appointment} still exists; delete it first, then forget it")
    live = read_live(objects).pointer
    trained_at = None
    if live:
        data = read_verified(objects, names.history(live.history), live.history_sha256)
        trained_at = History.from_bytes(data).source_times([appointment]).get(appointment)
    is_known = False

    def decide(fields: Fields | None) -> Fields | None:
        nonlocal is_known
        change = None if fields is None else Change.from_fields(appointment, fields)
        times = [time for time in (trained_at, change and change.source_time) if time]
        is_withdrawn = change is not None and change.usage.is_empty and change.source_time == max(times)
        is_known = bool(times) and not is_withdrawn
        if not is_known:
            return None
        # Later than any edit still on its way; an appointment created anew is later still, and counts again
        newest = max(times) + timedelta(microseconds=1)
        withdrawal = Delivery(appointment, max(newest, state.read_time) if state else newest, NOTHING, NOTHING)
        return changes.merged(change, withdrawal, rules).to_fields()

    amend(documents, names.change(appointment), decide)
    return is_known
