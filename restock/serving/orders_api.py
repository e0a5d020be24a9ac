"""The answers about orders and parts: who may write, from where, what is asked, and what the desk says to it.

Imported with the first request that asks for any of it: no forecast waits for this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from restock.errors import DamagedError, NotPermittedError, StoreRefusedError, StoreUnavailableError
from restock.logs import Log
from restock.serving import operations
from restock.serving.access import Access, Caller
from restock.serving.http import Answer, HttpError, Request
from restock.serving.operations import Operation
from restock.serving.ordering.bodies import read_body
from restock.serving.ordering.book import Book
from restock.serving.ordering.desk import MOST_SHOWN, OrderDesk, Orders, PartConflictError
from restock.serving.ordering.orders import OrderConflictError
from restock.serving.ordering.requests import CHANGE_OF_ORDER, CHANGE_OF_PART, NEW_ORDER, NewOrder, OrderChange
from restock.serving.ordering.shown import facts_shown, order_shown
from restock.serving.ordering.store import OrderStore
from restock.serving.parameters import read_query
from restock.settings import Settings

if TYPE_CHECKING:
    from restock.serving.lines import Lines
    from restock.serving.stock import Shelf
    from restock.stored.order import Order
    from restock.stored.part_facts import PartFacts

NOT_KEPT = (("Cache-Control", "no-store"),)
LARGEST_ORDER_BYTES = 512 * 1024


@dataclass(frozen=True, slots=True)
class Call:
    """One request, who sends it, and how its answer begins."""

    request: Request
    caller: Caller
    head: dict[str, Any]


class Parts:
    """The parts of today, as order lines' keys find them; without a model, none."""

    def __init__(self, lines: Lines | None, shelves: Callable[[], Mapping[str, Shelf]]) -> None:
        self._lines = lines
        self._shelves = shelves
        self._stock: dict[str, float | None] | None = None

    def today_of(self, word: str) -> str | None:
        """The key of the one part that this word names; None if no part, or none alone, is called so."""
        rows = self._lines.find(word) if self._lines else []
        return self._lines.key(rows[0]) if self._lines and len(rows) == 1 else None

    def key_of(self, word: str) -> str:
        return self.today_of(word) or word

    def name_of(self, word: str) -> str:
        rows = self._lines.find(word) if self._lines else []
        return self._lines.name(rows[0]) if self._lines and len(rows) == 1 else word

    def stock_of(self, word: str) -> float | None:
        """Of a stock that cannot be read nothing is known: that is no reason not to order."""
        if self._stock is None:
            try:
                gathered = self._lines.gather(self._shelves()) if self._lines else {}
            except StoreUnavailableError:
                gathered = {}
            self._stock = {self._lines.key(row): line.on_hand for row, line in gathered.items() if self._lines}
        return self._stock.get(self.key_of(word))


class OrdersApi:
    """Whether a caller may write is said in every answer, too, for a page to show."""

    def __init__(self, store: OrderStore, settings: Settings, access: Access, log: Log, is_local: bool) -> None:
        self._desk = OrderDesk(store)
        self.book = Book(store, settings.stock_cache_seconds)
        self._settings = settings
        self._access = access
        self._log = log
        self._is_local = is_local

    def answer(self, operation: Operation, call: Call, parts: Parts) -> Answer:
        """The answer to one of the operations on orders and parts; the last of them are writes."""
        word = operations.word_in(operation, call.request.path)
        if operation is operations.ORDERS:
            return self._list(call, parts)
        if operation is operations.PART_FACTS:
            return self._part(call, parts, word)
        if not self._may_write(call.caller):
            raise HttpError(403, "This account may read orders, and not write them (ORDERS)")
        refuse_foreign(call.request)
        try:
            if operation is operations.CREATE_ORDER:
                return self._create(call, parts)
            if operation is operations.CHANGE_ORDER:
                return self._change(call, parts, word.rstrip("/"))
            return self._change_part(call, parts, word)
        finally:
            self.book.forget()

    def _may_write(self, caller: Caller) -> bool:
        """In public mode nobody is known: only a local Restock lets anybody write."""
        who = self._settings.orders
        if self._settings.forecast_auth == "public":
            return who == "callers" and self._is_local
        return who == "callers" or (who == "admins" and self._access.is_admin(caller))

    def _list(self, call: Call, parts: Parts) -> Answer:
        status = read_query(call.request.query, operations.ORDERS.parameters)["status"]
        orders: Orders = self._asked(lambda: self._desk.orders(status))
        about = {
            "may_write": self._may_write(call.caller),
            "is_cut": len(orders.readable) >= MOST_SHOWN,
            "orders": [order_shown(order, parts.today_of) for order in orders.readable],
            "unreadable": list(orders.unreadable),
        }
        return Answer.of(call.head | about, headers=NOT_KEPT)

    def _create(self, call: Call, parts: Parts) -> Answer:
        asked = NewOrder.of(_named(read_body(call.request.body(LARGEST_ORDER_BYTES), NEW_ORDER), parts))
        who = self._who(call)
        return self._order(
            call, parts, lambda: self._desk.create(asked, who, key_of=parts.key_of, stock_of=parts.stock_of)
        )

    def _change(self, call: Call, parts: Parts, id: str) -> Answer:
        body = read_body(call.request.body(LARGEST_ORDER_BYTES), CHANGE_OF_ORDER)
        asked = OrderChange.of(_named(body, parts))
        who = self._who(call)
        return self._order(
            call, parts, lambda: self._desk.change(id, asked, who, key_of=parts.key_of, stock_of=parts.stock_of)
        )

    def _part(self, call: Call, parts: Parts, word: str) -> Answer:
        key = self._known(word, parts)
        facts = self._asked(lambda: self._desk.part(key))
        return self._facts(call, facts)

    def _change_part(self, call: Call, parts: Parts, word: str) -> Answer:
        given = read_body(call.request.body(), CHANGE_OF_PART)
        key = self._known(word, parts)
        version = given.pop("version")
        given = {name: None if value == "" else value for name, value in given.items()}
        try:
            facts = self._asked(lambda: self._desk.change_part(key, version, given, self._who(call)))
        except PartConflictError as exc:
            return _refused(exc, {"facts": facts_shown(exc.facts)})
        return self._facts(call, facts)

    def _facts(self, call: Call, facts: PartFacts) -> Answer:
        about = {"may_write": self._may_write(call.caller), "facts": facts_shown(facts)}
        return Answer.of(call.head | about, headers=NOT_KEPT)

    def _known(self, word: str, parts: Parts) -> str:
        """The key of the part; facts of what is no part would be found by nobody."""
        key = parts.today_of(word)
        if key is None:
            raise HttpError(404, f"part {word[:100]!r} is not known to the model", field="key")
        return key

    def _who(self, call: Call) -> str:
        return self._access.name_of(call.caller, call.request.header("Authorization"))

    def _order(self, call: Call, parts: Parts, act: Callable[[], Order]) -> Answer:
        try:
            order = self._asked(act)
        except OrderConflictError as exc:
            return _refused(exc, {"orders": [order_shown(other, parts.today_of) for other in exc.orders]})
        return Answer.of(call.head | {"order": order_shown(order, parts.today_of)}, headers=NOT_KEPT)

    def _asked(self, act: Callable[[], Any]) -> Any:
        """The outcome; what the store answers as a caller is to hear it."""
        try:
            return act()
        except StoreRefusedError as exc:
            raise HttpError(400, "This cannot be stored: it is too large, or its id is none") from exc
        except NotPermittedError as exc:
            self._log.error("orders cannot be written: forecast's account lacks the role", reason=str(exc))
            raise HttpError(503, "Orders cannot be written: whoever runs this service has to deploy it again") from exc
        except StoreUnavailableError as exc:
            self._log.error("orders could not be reached", reason=str(exc))
            message = "Orders cannot be reached at the moment; ask again, nothing is done twice"
            raise HttpError(503, message, headers=(("Retry-After", "5"),)) from exc
        except DamagedError as exc:
            self._log.error("a stored order or part cannot be read", reason=str(exc))
            raise HttpError(500, "What is stored here cannot be read; the log has its name") from exc


def refuse_foreign(request: Request) -> None:
    """A write must be JSON, which no form of another page can send, and come from no other page.

    A browser says in Sec-Fetch-Site whose page asks; an older one says only its Origin.
    """
    content_type = request.header("Content-Type").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise HttpError(415, "Send Content-Type: application/json")
    site, origin = request.header("Sec-Fetch-Site"), request.header("Origin")
    if site not in ("same-origin", "none") if site else origin and _host(origin) != request.header("Host"):
        raise HttpError(403, "Only this address's own page, or a program, may write")


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _named(body: dict[str, Any], parts: Parts) -> dict[str, Any]:
    """Lines without a name get the catalogue's."""
    if "lines" not in body:
        return body
    lines = tuple(line | {"name": line.get("name") or parts.name_of(line["part"])} for line in body["lines"])
    return body | {"lines": lines}


def _refused(error: HttpError, besides: Mapping[str, Any]) -> Answer:
    """A 409 that shows what stands in the way."""
    content = {"status": "error", "message": str(error), "field": error.field, **besides}
    return Answer.of(content, error.status, NOT_KEPT)
