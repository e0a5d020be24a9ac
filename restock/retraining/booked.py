"""A learning run's look at the book: what it adds to what all before it saw.

Nothing rests on it: a run that cannot look, or lost what was seen, trains as one that knows of no bookings does.
"""

from __future__ import annotations

from restock.counting.bookings import read_booked
from restock.errors import StoreUnavailableError
from restock.history.booked_seen import BookedSeen
from restock.retraining.attempt import Attempt
from restock.retraining.named import read_named
from restock.stored import names
from restock.stored.near_days import DAYS
from restock.stored.published import Live


def seen_ahead(run: Attempt, live: Live) -> BookedSeen | None:
    """None where nothing can be read: what was seen before stays as the pointer names it."""
    if run.tools.bookings is None:
        return None
    try:
        booked = read_booked(run.tools.bookings, run.today, DAYS, run.rules, done_too=True)
    except StoreUnavailableError as exc:
        run.journal.note(f"bookings could not be read: {exc}")
        return None
    run.journal.count_bookings(booked.read)
    if booked.is_cut:
        run.journal.note(f"{booked.read} bookings were read, and there are more: what they say is left out")
        return None
    return _seen_before(run, live).sighted(run.today, booked)


def _seen_before(run: Attempt, live: Live) -> BookedSeen:
    if live.pointer is None or live.pointer.booked_seen is None:
        return BookedSeen()
    name, digest = names.booked_seen(live.pointer.booked_seen), live.pointer.booked_seen_sha256
    found = read_named(run, name, digest, BookedSeen.from_bytes, if_lost="the bookings seen so far are lost")
    return found or BookedSeen()
