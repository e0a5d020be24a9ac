"""The forecast API: which operation a request means, who may ask, and the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import orjson

from restock.errors import StoreUnavailableError
from restock.logs import Log, follow_trace
from restock.serving import app_contract, operations
from restock.serving.access import Access, Caller
from restock.serving.assets import Page
from restock.serving.compression import SMALLEST_BYTES, Encoded
from restock.serving.headers import SECURITY_HEADERS, CorsPolicy
from restock.serving.http import Answer, HttpError, Request, failed
from restock.serving.live_model import BUCKET_MISSING, LiveModel
from restock.serving.operations import Operation
from restock.serving.parameters import read_query
from restock.settings import Settings

if TYPE_CHECKING:
    from restock.serving.model import Model
    from restock.serving.ordering.book import Entries
    from restock.serving.ordering.bookings import Bookings
    from restock.serving.orders_api import OrdersApi
    from restock.serving.previous import PreviousVersion
    from restock.serving.stock import Shelf, Stock
    from restock.serving.training import Training

CHEAP_COPY_BYTES = 512 * 1024  # up to about here a copy costs less than one more send
LARGEST_ANSWER_BYTES = 24 * 2**20  # the platform refuses answers above 32 MB
LARGEST_LIST_BYTES = 4 * 2**20  # of 20,000 parts
NOT_KEPT = (("Cache-Control", "no-store"),)
STRANGER = Caller("")
"""Of whom nothing is asked."""
HEALTH_WAIT_SECONDS = 3.0  # the app gives /health 10


class Api:
    """Answers every request; what goes wrong becomes an error in the one shape."""

    def __init__(  # noqa: PLR0913  # what the API is made of, named where it is put together
        self,
        live: LiveModel,
        settings: Settings,
        *,
        access: Access,
        stock: Callable[[], Stock],
        bookings: Callable[[], Bookings],
        previous: Callable[[], PreviousVersion],
        training: Callable[[], Training],
        orders: Callable[[], OrdersApi],
        page: Page,
        log: Log,
        shop: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._live = live
        self._settings = settings
        self._access = access
        self._stock = stock
        self._bookings = bookings
        self._log = log
        self._shop = shop
        self._now = now
        self._zone = settings.zone
        self._cors = CorsPolicy(settings.allowed_origins)
        self._previous = previous
        self._training = training
        self._orders = orders
        self._page = page
        self._answers: dict[str, Callable[[Operation, Request, Caller], Answer]] = {
            operations.RESTOCK_DEMAND.id: self._restock_demand,
            operations.HEALTH.id: self._health,
            operations.PARTS.id: self._parts,
            operations.OPENAPI.id: self._openapi,
            operations.OPENAPI_30.id: self._openapi,
            operations.RESTOCK_LIST.id: self._restock_list,
            operations.BOOKINGS.id: self._booked,
            **{operation.id: self._ordering for operation in operations.ORDERING},
        }

    def answer(self, request: Request) -> Answer:
        """Never raises."""
        follow_trace(request.header("X-Cloud-Trace-Context"), self._settings.project)
        try:
            answer = encoded(self._operate(request), request)
        except Exception as exc:
            answer = failed(exc, request, self._log)
        cors = self._cors.headers(request.header("Origin"))
        return Answer(answer.status, answer.body, answer.content_type, (*SECURITY_HEADERS, *cors, *answer.headers))

    def _operate(self, request: Request) -> Answer:
        if request.method == "OPTIONS":
            return Answer(204, headers=self._cors.preflight(request.header("Access-Control-Request-Headers")))
        found = operations.find(request.path)
        asset = None if found else self._page.find(request.path)
        if not found and asset is None:
            raise HttpError(404, "There is nothing at this address; openapi.json lists what there is")
        method = "GET" if request.method == "HEAD" else request.method
        if asset is not None and method == "GET":
            return self._page.file(asset, request)
        for operation in found:
            if operation.method == method:
                caller = STRANGER if operation.is_open else self._access.check(request.header("Authorization"))
                return self._answers.get(operation.id, self._v1)(operation, request, caller)
        allowed = ", ".join([*([operation.method for operation in found] or ["GET"]), "OPTIONS"])
        raise HttpError(405, f"Use {allowed} here", headers=(("Allow", allowed),))

    def _restock_demand(self, operation: Operation, request: Request, caller: Caller) -> Answer:
        now = self._now()
        wanted = app_contract.parse_request(request.body(), self._today(now))
        head, tail = app_contract.demand(self._model(), wanted, now)
        return Answer(200, (opened(head),), tail=tail)

    def _health(self, operation: Operation, request: Request, caller: Caller) -> Answer:
        model = self._live.get(patience=HEALTH_WAIT_SECONDS)
        return Answer.of(app_contract.health(model, self._live.problem, self._now()), headers=NOT_KEPT)

    def _parts(self, operation: Operation, request: Request, caller: Caller) -> Answer:
        return Answer.of(app_contract.parts(self._model(), self._now()), headers=NOT_KEPT)

    def _v1(self, operation: Operation, request: Request, caller: Caller) -> Answer:
        from restock.serving import v1

        now = self._now()
        values = read_query(request.query, operation.parameters)
        values["from"] = values.get("from") or self._today(now)
        model = self._model()
        head: dict[str, Any] = {"status": "success", "model": model.about(now), "timestamp": now.isoformat()}
        if operation is operations.MODEL:  # asked for its age, which an ETag would keep
            facts = v1.model_facts(model, self._live.problem)
            return Answer.of(head | facts | {"training": self._training().facts()}, headers=NOT_KEPT)
        besides: object = None  # what the answer depends on besides model and parameters
        if operation is operations.RESTOCK:
            read_at, besides, answer = self._restock(model, values, now)
            head["stock_read_at"] = read_at.isoformat()
        elif operation is operations.CHANGES:
            before = self._previous().artifact(model)
            besides = before and before.header.version
            answer = partial(v1.changes, model, before, values)
        elif operation is operations.USAGE:
            from restock.serving.usage import usage

            answer = partial(usage, model, values)
        else:
            answer = partial(v1.forecast, model, values)
        asked = (self._shop, operation.path, model.generation, *values.values(), besides)
        tag = hashlib.sha256(repr(asked).encode()).hexdigest()[:24]
        headers = (("ETag", f'W/"{tag}"'), ("Cache-Control", "private, no-cache"))
        if request.has(tag):
            return Answer(304, headers=headers)
        content = model.answers.get(tag, lambda: orjson.dumps(answer()), is_costly=True)
        return Answer(200, (opened(head),), tail=content, headers=headers)

    def _restock_list(self, operation: Operation, request: Request, caller: Caller) -> Answer:
        """Long lists come in the body: nothing of them is kept, and what nobody knows is told apart."""
        from restock.serving.ordering.bodies import read_body
        from restock.serving.ordering.requests import RESTOCK_LIST, restock_values

        now = self._now()
        values = restock_values(read_body(request.body(LARGEST_LIST_BYTES), RESTOCK_LIST))
        model = self._model()
        read_at, _, answer = self._restock(model, values | {"from": self._today(now)}, now, is_lenient=True)
        head = {"status": "success", "model": model.about(now), "timestamp": now.isoformat()}
        return Answer.of(head | {"stock_read_at": read_at.isoformat()} | answer(), headers=NOT_KEPT)

    def _restock(
        self, model: Model, values: Mapping[str, Any], now: datetime, *, is_lenient: bool = False
    ) -> tuple[datetime, object, Callable[[], dict[str, Any]]]:
        """When the stock was read, what else the advice depends on, and the advice."""
        from restock.serving.order_list import restock
        from restock.serving.ordering.bookings import needed_by_part
        from restock.serving.ordering.known import known

        (shelves, read_at), entries = self._shelves(), self._entries()
        here = now.astimezone(self._zone)
        booked = self._bookings().for_orders(here.date(), self._log)

        def advice() -> dict[str, Any]:
            catalogue = model.lines.gather(shelves)
            ordering = known(entries, model.lines, catalogue, values["lead_time_days"], here)
            ordering = replace(ordering, needed=needed_by_part(model, booked))
            advised = restock(model, catalogue, ordering, values, is_lenient=is_lenient)
            return {"bookings_read_at": booked.at.isoformat() if booked else None, **advised}

        state = (read_at, booked and booked.at, entries.state, here.strftime("%Y-%m-%d %H"))
        return read_at, state, advice

    def _entries(self) -> Entries:
        try:
            return self._orders().book.entries()
        except StoreUnavailableError as exc:
            self._log.error("orders could not be read", reason=str(exc))
            raise HttpError(503, "Orders cannot be read at the moment", headers=(("Retry-After", "5"),)) from exc

    def _booked(self, operation: Operation, request: Request, caller: Caller) -> Answer:
        from restock.serving.ordering.bookings import USUAL_LEAD_TIME, bookings
        from restock.serving.ordering.known import known

        now, values = self._now(), read_query(request.query, operation.parameters)
        start = values["from"] = values["from"] or self._today(now) + timedelta(1)
        model = self._model()
        shelves, stock_read_at = self._shelves()
        try:
            read = self._bookings().of(start, values["days"])
        except StoreUnavailableError as exc:
            self._log.error("bookings could not be read", reason=str(exc))
            raise HttpError(503, "Bookings cannot be read at the moment", headers=(("Retry-After", "5"),)) from exc
        head: dict[str, Any] = {"status": "success", "model": model.about(now), "timestamp": now.isoformat()}
        head |= {"stock_read_at": stock_read_at.isoformat(), "bookings_read_at": read.at.isoformat()}
        catalogue = model.lines.gather(shelves)
        ordering = known(self._entries(), model.lines, catalogue, USUAL_LEAD_TIME, now.astimezone(self._zone))
        return Answer.of(head | bookings(model, read, catalogue, ordering, values), headers=NOT_KEPT)

    def _ordering(self, operation: Operation, request: Request, caller: Caller) -> Answer:
        """What was ordered is known and written without a model, too."""
        from restock.serving.orders_api import Call, Parts

        model = self._live.get()
        head = {"status": "success", "timestamp": self._now().isoformat()}
        parts = Parts(model.lines if model else None, lambda: self._stock().shelves()[0])
        return self._orders().answer(operation, Call(request, caller, head), parts)

    def _shelves(self) -> tuple[Mapping[str, Shelf], datetime]:
        try:
            return self._stock().shelves()
        except StoreUnavailableError as exc:
            self._log.error("stock could not be read", reason=str(exc))
            raise HttpError(503, "Stock cannot be read at the moment", headers=(("Retry-After", "5"),)) from exc

    def _openapi(self, operation: Operation, request: Request, caller: Caller) -> Answer:
        from restock.serving.openapi import description
        from restock.serving.openapi_30 import as_3_0

        described = description()
        if operation is operations.OPENAPI_30:
            described = as_3_0(described, request)
        return Answer.of(described, headers=(("Cache-Control", "no-cache"),))

    def _today(self, now: datetime) -> date:
        return now.astimezone(self._zone).date()

    def _model(self) -> Model:
        return self._live.get() or self._no_model()

    def _no_model(self) -> NoReturn:
        wait = self._live.retry_after_seconds()
        problem = self._live.problem
        message = "There is no forecast model yet: the first one is trained after the first completed appointments"
        if problem == BUCKET_MISSING:
            message = "The bucket of forecast models does not exist; whoever runs this service has to restore it"
        elif problem:
            message = "The forecast model cannot be loaded at the moment; please try again"
        raise HttpError(503, message, headers=(("Retry-After", str(wait)),))


def opened(head: dict[str, Any]) -> bytes:
    """JSON that goes on."""
    return orjson.dumps(head)[:-1] + b","


def encoded(answer: Answer, request: Request) -> Answer:
    """Join head and tail; compress for those who read it; refuse what is too large, with the way to ask for less."""
    head, tail = (answer.body[0], answer.tail) if answer.tail else (b"", Encoded(b"".join(answer.body)))
    body: tuple[bytes, ...] = (head, tail.tail) if len(tail.tail) > CHEAP_COPY_BYTES else (head + tail.tail,)
    headers = answer.headers
    if len(tail.tail) >= SMALLEST_BYTES:
        headers = (*headers, ("Vary", "Accept-Encoding"))
        if request.accepts_gzip:
            body, headers = tail.gzip(head), (*headers, ("Content-Encoding", "gzip"))
    if sum(map(len, body)) > LARGEST_ANSWER_BYTES:
        raise HttpError(
            400, "The answer would be too large: ask for fewer days, parts or quantiles, or send Accept-Encoding: gzip"
        )
    return Answer(answer.status, body, answer.content_type, headers)
