"""What is known of orders and parts, for every list of what to order; kept a while, but never across a write of ours.

What is on its way is read anew every other second, for what somebody just ordered must not be advised again. Older
receipts and what an owner says of parts change seldom, and are kept as long as stock is.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from restock.errors import DamagedError
from restock.serving.kept import Kept, Patience, Reading
from restock.serving.ordering.desk import Orders
from restock.serving.ordering.orders import SHELVED_WITHIN
from restock.serving.ordering.store import OrderStore, Stored
from restock.stored import names
from restock.stored.order import ORDERED, RECEIVED, Order
from restock.stored.part_facts import PartFacts

OPEN_SECONDS = 2.0
MOST_RECEIPTS = 300
PATIENCE = Patience(seconds=3.0, first_seconds=5.0)
"""What was ordered a moment ago is worth a wait: without it the list says to order it again."""


@dataclass(frozen=True, slots=True)
class Entries:
    """``state`` differs whenever anything here does."""

    orders: tuple[Order, ...]
    """The open ones, and the newest receipts."""
    facts: Mapping[str, PartFacts]
    """By the part's key as it was when somebody said them."""
    state: str


class Book:
    """Keeps what was read last; when Firestore fails, that is better than no answer."""

    def __init__(
        self,
        store: OrderStore,
        keep_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._now = now
        self._keep_seconds = keep_seconds
        self._open = Kept(self._read_open, patience=PATIENCE, clock=clock)
        self._rest = Kept(self._read_rest, patience=PATIENCE, clock=clock)

    def entries(self) -> Entries:
        """Raises StoreUnavailableError if they never were read."""
        return _entries(self._open.get(), *self._rest.get())

    def forget(self) -> None:
        """Something was written: the next who asks is told of it."""
        self._open.expire()
        self._rest.expire()

    def _read_open(self) -> Reading[list[Stored]]:
        return Reading(_placed(self._store, self._now()), min(OPEN_SECONDS, self._keep_seconds))

    def _read_rest(self) -> Reading[tuple[list[Stored], list[Stored]]]:
        return Reading(_received_and_facts(self._store), self._keep_seconds)


def read_entries(store: OrderStore, now: datetime) -> Entries:
    """As they are now. Raises StoreUnavailableError."""
    return _entries(_placed(store, now), *_received_and_facts(store))


def _placed(store: OrderStore, now: datetime) -> list[Stored]:
    recently = store.since(names.ORDERS, "received_at", now - SHELVED_WITHIN)
    return recently + store.equal(names.ORDERS, "status", ORDERED)


def _received_and_facts(store: OrderStore) -> tuple[list[Stored], list[Stored]]:
    return store.newest(names.ORDERS, "received_at", MOST_RECEIPTS), store.all(names.PART_FACTS)


def _entries(placed: list[Stored], received: list[Stored], facts: list[Stored]) -> Entries:
    orders = {order.id: order for order in Orders.of(received, RECEIVED).readable}
    orders |= {order.id: order for order in Orders.of(placed, None).readable}
    versions = sorted(f"{one.id} {one.version}" for found in (placed, received, facts) for one in found)
    state = hashlib.sha256("\n".join(versions).encode()).hexdigest()
    return Entries(tuple(orders.values()), dict(_facts(facts)), state)


def _facts(found: list[Stored]) -> list[tuple[str, PartFacts]]:
    readable = []
    for one in found:
        try:
            facts = PartFacts.from_fields(one.id, one.fields, one.version)
        except DamagedError:
            continue  # it is as if nothing had been said; /v1/parts tells
        readable.append((facts.part, facts))
    return readable
