"""The order desk: each request for a change read, decided and written, so that two people at once lose nothing.

    read order (and, to place one, the open orders) ─▶ decide ─▶ commit, if all is as it was read ─▶ done
         ▲                                                              │ somebody came first
         └──────────────────────────────────────────────────────────────┘ is it as was asked? done: else 409 shows it

Placing an order also writes ``restock_orders/last``, as it was read before the open orders were: of two people who
order at once, the second begins again and sees the first one's order. That document has none of the fields that
queries ask for.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from restock.errors import ConflictError, DamagedError, StoreUnavailableError
from restock.serving.http import HttpError
from restock.serving.ordering.orders import (
    KeyOf,
    OrderConflictError,
    StockOf,
    changed,
    drafted,
    holds,
    placed,
    unknown_to,
)
from restock.serving.ordering.requests import NewOrder, OrderChange
from restock.serving.ordering.store import OrderStore, Stored, Write
from restock.stored import names
from restock.stored.order import DRAFT, ORDERED, Order
from restock.stored.part_facts import PartFacts
from restock.stores import ATTEMPTS, pause

MOST_SHOWN = 500


class PartConflictError(HttpError):
    """409: what is known of the part was changed by somebody else, who is shown."""

    def __init__(self, facts: PartFacts) -> None:
        super().__init__(409, "Somebody else changed this part meanwhile", field="version")
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Orders:
    """Orders as they were found, the newest first; one that cannot be read hides no other."""

    readable: tuple[Order, ...]
    unreadable: tuple[str, ...]

    @classmethod
    def of(cls, found: Iterable[Stored], status: str | None) -> Orders:
        readable, unreadable = [], []
        for one in found:
            try:
                readable.append(Order.from_fields(one.id, one.fields, one.version))
            except DamagedError:
                unreadable.append(one.id)
        wanted = [order for order in readable if status in (None, order.status)]
        return cls(tuple(sorted(wanted, key=lambda order: order.created_at, reverse=True)), tuple(unreadable))


class OrderDesk:
    """Reads and writes orders and what is known of parts; what can't be told apart from success is success."""

    def __init__(self, store: OrderStore, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._now = now

    def create(self, asked: NewOrder, who: str, *, key_of: KeyOf, stock_of: StockOf) -> Order:
        """A new order; the same request again is the order it made. Raises OrderConflictError."""
        for attempt in range(ATTEMPTS):
            found = self._order(asked.id)
            if found is not None:
                if found.created_as == asked.digest:
                    return found
                raise OrderConflictError("There is another order of this id; choose another id", "id", found)
            order = drafted(asked, now=self._now(), who=who, request=str(uuid.uuid4()))
            beside: list[Write] = []
            if asked.status == ORDERED:
                beside = [self._alone(order, asked.known_orders, asked.is_confirmed, key_of)]
                order = placed(order, now=self._now(), who=who, stock_of=stock_of)
            written = self._written(order, beside)
            if written is not None:
                return written
            pause(attempt)
        raise StoreUnavailableError(f"order {asked.id}: {ATTEMPTS} writers came first")

    def change(self, id: str, change: OrderChange, who: str, *, key_of: KeyOf, stock_of: StockOf) -> Order:
        """The order as it is afterwards. Raises OrderConflictError, HttpError 404."""
        for attempt in range(ATTEMPTS):
            order = self._order(id)
            if order is None:
                raise HttpError(404, f"There is no order {id[:100]!r} here", field="id")
            if order.version != change.version:
                if holds(order, change):
                    return order
                raise OrderConflictError("Somebody else changed this order meanwhile", "version", order)
            now = self._now()
            new = replace(changed(order, change, now=now, who=who, stock_of=stock_of), request=str(uuid.uuid4()))
            beside: list[Write] = []
            if order.status == DRAFT and new.status == ORDERED:
                beside = [self._alone(order, change.known_orders, change.is_confirmed, key_of)]
            written = self._written(new, beside)
            if written is not None:
                return written
            pause(attempt)
        raise StoreUnavailableError(f"order {id}: {ATTEMPTS} writers came first")

    def orders(self, status: str | None) -> Orders:
        """The newest first; of one status, or of all."""
        if status is None:
            found = self._store.newest(names.ORDERS, "created_at", MOST_SHOWN)
        elif status in (DRAFT, ORDERED):
            found = self._store.equal(names.ORDERS, "status", status)
        else:  # years of them: by when, and no index is needed
            found = self._store.newest(names.ORDERS, f"{status}_at", MOST_SHOWN)
        return Orders.of(found, status)

    def part(self, key: str) -> PartFacts:
        """What is known of a part; nothing, where nobody said anything."""
        found = self._store.get(names.part_facts(key))
        return PartFacts(part=key) if found is None else PartFacts.from_fields(found.id, found.fields, found.version)

    def change_part(self, key: str, version: str, given: dict[str, object], who: str) -> PartFacts:
        """Fields not given stay as they are. Raises PartConflictError."""
        request = str(uuid.uuid4())
        for attempt in range(ATTEMPTS):
            facts = self.part(key)
            if all(getattr(facts, name) == value for name, value in given.items()):
                return facts
            if facts.version != version:
                raise PartConflictError(facts)
            new = replace(facts, **given, edited_at=self._now(), edited_by=who, request=request)  # type: ignore[arg-type]
            try:
                (written,) = self._store.commit([Write(names.part_facts(key), new.to_fields(), facts.version or None)])
            except ConflictError:
                pause(attempt)
                continue
            except StoreUnavailableError:
                if self.part(key).request != request:
                    raise
                return self.part(key)
            return replace(new, version=written)
        raise StoreUnavailableError(f"part {key}: {ATTEMPTS} writers came first")

    def _order(self, id: str) -> Order | None:
        found = self._store.get(names.order(id))
        return None if found is None else Order.from_fields(found.id, found.fields, found.version)

    def _alone(self, order: Order, known: frozenset[str], is_confirmed: bool, key_of: KeyOf) -> Write:
        """The write that keeps two people from ordering at once; raise OrderConflictError where one already has."""
        last = self._store.get(names.LAST_ORDERED)
        if not is_confirmed and (others := unknown_to(order, self.orders(ORDERED).readable, known, key_of)):
            raise OrderConflictError(
                "Some of these parts are on order already; look at it, then confirm", "known_orders", *others
            )
        return Write(names.LAST_ORDERED, {"order": order.id, "at": self._now()}, last.version if last else None)

    def _written(self, order: Order, beside: list[Write]) -> Order | None:
        """The order with its new version; None if somebody came first, and it must be decided anew."""
        path = names.order(order.id)
        try:
            version, *_ = self._store.commit([Write(path, order.to_fields(), order.version or None), *beside])
        except (ConflictError, StoreUnavailableError) as exc:  # it may have been written, and only the answer was lost
            found = self._order(order.id)
            if found is not None and found.request == order.request:
                return found
            if isinstance(exc, ConflictError):
                return None
            raise
        return replace(order, version=version)
