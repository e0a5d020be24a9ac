"""A chain's forecasts: whose shop a request is for, and the shops that are kept in memory.

``…/shops/S/v1/restock`` names the shop; an address that names none means the caller's own. Absence admits to nothing:
who has no shop sees none, and a shop that does not exist can't be told from one that is another's. The shop's own API,
which knows of no other, then answers.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from restock.errors import SettingsError, StoreUnavailableError
from restock.logs import Log, follow_trace
from restock.serving import operations
from restock.serving.access import CHAIN_ADMIN, Access, Admins, Caller
from restock.serving.api import NOT_KEPT, Api, encoded
from restock.serving.assets import Page
from restock.serving.headers import SECURITY_HEADERS, CorsPolicy
from restock.serving.http import Answer, HttpError, Request, failed
from restock.serving.kept import Kept, Patience, Reading
from restock.serving.live_model import LiveModel
from restock.serving.parameters import read_query
from restock.settings import Settings
from restock.stored import names
from restock.stored.shop import Shop

KEPT_SECONDS = 60.0
PATIENCE = Patience(seconds=1.0, first_seconds=5.0)
MEMORY_BYTES = 160 * 2**20
"""Of an instance's 512 MiB, for the models of all shops, and what was prepared from them."""
MOST_SHOPS = 200
"""Kept at once: each has a thread, which waits."""
OF_THE_CALLER = (("Vary", "Authorization"),)


class Members(Protocol):
    """Who belongs to which shop. Raises StoreUnavailableError."""

    def runs_chain(self, caller: Caller) -> bool: ...

    def shop_of(self, caller: Caller) -> str: ...


class AllShops:
    """Iam and public mode: whoever was let in may see every shop, and belongs to none."""

    def runs_chain(self, caller: Caller) -> bool:
        return True

    def shop_of(self, caller: Caller) -> str:
        return ""


class FirebaseMembers:
    """What ``users/{uid}`` says, else the token's claims. Both are the chain's to write, never their owner's."""

    def __init__(self, users: Admins) -> None:
        self._users = users

    def runs_chain(self, caller: Caller) -> bool:
        return caller.has_chain_claim or self._users.find(caller.uid).role == CHAIN_ADMIN

    def shop_of(self, caller: Caller) -> str:
        return self._users.find(caller.uid).shop or caller.shop


@dataclass(frozen=True)
class Served:
    """One shop as this process serves it."""

    shop: Shop
    api: Api
    live: LiveModel


class ChainApi:
    """Answers every request of a chain; what goes wrong becomes an error in the one shape."""

    def __init__(  # noqa: PLR0913  # what the API is made of, named where it is put together
        self,
        settings: Settings,
        *,
        access: Access,
        members: Members,
        registration: Callable[[str], Shop | None],
        served: Callable[[Shop, LiveModel | None], Served],
        overview: Callable[[], Any],
        transfers: Callable[[], Mapping[str, Any]],
        page: Page,
        log: Log,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        """``registration`` reads one shop's; None if there is none. ``served`` makes what answers for it."""
        self._project = settings.project
        self._cors = CorsPolicy(settings.allowed_origins)
        self._access = access
        self._members = members
        self._registration = registration
        self._make = served
        self._of_all: dict[str, Callable[[], Mapping[str, Any]]] = {
            operations.SHOPS.path: lambda: {"shops": overview()},
            operations.TRANSFERS.path: transfers,
        }
        self._page = page
        self._log = log
        self._memory_bytes = memory_bytes
        self._registered: OrderedDict[str, Kept[Shop | None]] = OrderedDict()
        self._served: OrderedDict[str, Served] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Never raises."""
        follow_trace(request.header("X-Cloud-Trace-Context"), self._project)
        try:
            found = self._of_chain(request)
            if found is None:
                served, rest = self._of_shop(request)
                answer = served.api.answer(replace(request, path=rest))
                self._forget()
                return replace(answer, headers=(*answer.headers, *OF_THE_CALLER))
            answer = encoded(found, request)
        except Exception as exc:
            answer = failed(exc, request, self._log)
        cors = self._cors.headers(request.header("Origin"))
        headers = (*SECURITY_HEADERS, *cors, *OF_THE_CALLER, *answer.headers)
        return Answer(answer.status, answer.body, answer.content_type, headers)

    def _of_chain(self, request: Request) -> Answer | None:
        """What is answered without a shop; None if it takes one."""
        if request.method == "OPTIONS":
            return Answer(204, headers=self._cors.preflight(request.header("Access-Control-Request-Headers")))
        if request.method not in ("GET", "HEAD"):
            return None
        named, path = shop_in(request.path)
        if named is None:
            for address, answer in self._of_all.items():
                if path.rstrip("/").endswith(f"/{address}"):
                    return self._of_every_shop(request, answer)
        return self._open(request, names_a_shop=named is not None)

    def _of_every_shop(self, request: Request, answer: Callable[[], Mapping[str, Any]]) -> Answer:
        self._must_run_chain(self._access.check(request.header("Authorization")))
        read_query(request.query, ())
        try:
            content = answer()
        except StoreUnavailableError as exc:
            self._log.error("the shops could not be read", reason=str(exc))
            raise HttpError(503, "The shops cannot be read at the moment", headers=(("Retry-After", "5"),)) from exc
        now = datetime.now(UTC).isoformat()
        return Answer.of({"status": "success", "timestamp": now, **content}, headers=NOT_KEPT)

    def _open(self, request: Request, *, names_a_shop: bool) -> Answer | None:
        """What tells nothing of any shop, and is answered without a token."""
        found = [operation.id for operation in operations.find(request.path)]
        asset = None if found else self._page.find(request.path)
        if asset is not None:
            return self._page.file(asset, request)
        if {operations.OPENAPI.id, operations.OPENAPI_30.id} & set(found):
            from restock.serving.openapi import description
            from restock.serving.openapi_30 import as_3_0

            described = description(of_chain=not names_a_shop)
            if operations.OPENAPI_30.id in found:
                described = as_3_0(described, request)
            return Answer.of(described, headers=(("Cache-Control", "no-cache"),))
        if operations.HEALTH.id in found and not names_a_shop:
            return Answer.of({"status": "healthy", "shops_in_memory": len(self._served)}, headers=NOT_KEPT)
        return None

    def _must_run_chain(self, caller: Caller) -> None:
        if not self._ask(lambda: self._members.runs_chain(caller)):
            raise refused()

    def _of_shop(self, request: Request) -> tuple[Served, str]:
        caller = self._access.check(request.header("Authorization"))
        named, rest = shop_in(request.path)
        own = self._ask(lambda: self._members.shop_of(caller))
        if named is None and not own and self._ask(lambda: self._members.runs_chain(caller)):
            raise HttpError(400, "Say which shop: .../shops/{shop}/v1/...; v1/shops lists them", field="shop")
        id = own if named is None else named
        if not names.IS_SHOP(id) or (id != own and not self._ask(lambda: self._members.runs_chain(caller))):
            raise refused()
        return self._find(id), rest

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except StoreUnavailableError as exc:
            self._log.error("a caller could not be checked", reason=str(exc))
            raise HttpError(503, "Callers cannot be checked at the moment", headers=(("Retry-After", "5"),)) from exc

    def _find(self, id: str) -> Served:
        """The shop as it is registered now. One that is not is refused like another's."""
        with self._lock:
            kept = self._registered.get(id) or Kept(lambda: self._read(id), patience=PATIENCE)
        try:
            shop = kept.get()
        except StoreUnavailableError as exc:
            message = "This shop cannot be answered for at the moment"
            raise HttpError(503, message, headers=(("Retry-After", "5"),)) from exc
        if shop is None:
            self._drop(id)
            raise refused()
        with self._lock:
            served = self._served.get(id)
            if served is None or served.shop != shop:
                served = self._make(shop, served.live if served else None)
            self._registered[id], self._served[id] = kept, served
            self._registered.move_to_end(id)
            self._served.move_to_end(id)
        return served

    def _read(self, id: str) -> Reading[Shop | None]:
        try:
            return Reading(self._registration(id), KEPT_SECONDS)
        except SettingsError as exc:
            self._log.of_shop(id).error(str(exc))
            raise StoreUnavailableError(str(exc)) from exc  # what is known of it is good until it is corrected

    def _forget(self) -> None:
        """The least recently asked for go first, until the rest is within the memory."""
        with self._lock:
            size = sum(served.live.bytes_kept for served in self._served.values())
            while len(self._served) > 1 and (size > self._memory_bytes or len(self._served) > MOST_SHOPS):
                id, served = self._served.popitem(last=False)
                self._registered.pop(id, None)
                size -= served.live.bytes_kept
                threading.Thread(target=served.live.stop, name="stop", daemon=True).start()

    def _drop(self, id: str) -> None:
        with self._lock:
            self._registered.pop(id, None)
            served = self._served.pop(id, None)
        if served:
            served.live.stop()

    def stop(self) -> None:
        """End all threads (tests do)."""
        for id in list(self._served):
            self._drop(id)


def refused() -> HttpError:
    """One answer for a shop that is another's, for one that does not exist, and for an account that may see nothing."""
    return HttpError(403, "This account may not see forecasts")


def shop_in(path: str) -> tuple[str | None, str]:
    """The shop that an address names, None if none, and the address within the shop.

    An address that names a shop in any other way than plainly, once, is one of a shop whose name nobody has.

    >>> shop_in("/project/region/forecast/shops/north/v1/restock")
    ('north', '/v1/restock')
    >>> shop_in("/v1/restock"), shop_in("/shops/north/../south/v1/restock"), shop_in("/Shops/south/v1/restock")
    ((None, '/v1/restock'), ('', '/'), ('', '/'))
    """
    path = operations.without_empty_segments(path)
    segments = path.split("/")
    meant = [index for index, word in enumerate(segments) if word.strip().casefold() == "shops"]
    if not meant or meant == [len(segments) - 1] or path.rstrip("/").endswith(f"/{operations.SHOPS.path}"):
        return None, path
    first = meant[0]
    is_plain = len(meant) == 1 and segments[first] == "shops" and not {".", ".."} & set(segments) and "\\" not in path
    return (segments[first + 1], "/" + "/".join(segments[first + 2 :])) if is_plain else ("", "/")
