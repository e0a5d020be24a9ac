"""The forecast function put together: its clients, its model, who may call, what the page is told.

Nothing here contacts the cloud or starts a thread: the server forks after the import. What only some requests need is
imported and made by the first of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from restock.gcp.bucket_reader import BucketReader
from restock.logs import Log
from restock.serving.access import Access, Admins, Everyone, FirebaseUsers, NamedCallers
from restock.serving.api import Api
from restock.serving.assets import Page
from restock.serving.live_model import LiveModel
from restock.settings import Settings
from restock.stored import names

if TYPE_CHECKING:
    from restock.gcp.firestore_reader import FirestoreReader
    from restock.serving.ordering.bookings import Bookings
    from restock.serving.orders_api import OrdersApi
    from restock.serving.previous import PreviousVersion
    from restock.serving.stock import Stock
    from restock.serving.training import Training


class Door:
    """Who may call, and what the page is told: the same for all shops."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self.access, self.page = (
            self._firebase(log) if settings.forecast_auth == "firebase" else self._without_tokens(log)
        )

    def _without_tokens(self, log: Log) -> tuple[Access, Page]:
        page = Page(self._settings.forecast_auth)
        if self._settings.forecast_auth == "public":
            log.warning("FORECAST_AUTH is public: anyone who finds this address may read the shop's forecasts")
            return Everyone(), page
        if self._settings.allowed_origins:
            log.warning("CORS_ORIGINS is set in iam mode: these pages may read forecasts through an operator's proxy")
        return NamedCallers(_email_in), page

    def _firebase(self, log: Log) -> tuple[Access, Page]:
        from restock.gcp.identity import FirebaseTokens

        if not self._settings.firebase_api_key:
            log.warning("FIREBASE_WEB_API_KEY is not set: the page cannot sign people in")
        if not self._settings.require_admin:
            log.warning("FORECAST_REQUIRE_ADMIN is false: every account of the project may read the shop's forecasts")
        tokens = FirebaseTokens(self._settings.project)
        _in_the_worker(tokens.warm_up)
        users = FirebaseUsers(tokens, self.admins, log, only_admins=self._settings.require_admin)
        return users, Page("firebase", self._settings.firebase_api_key, tokens.emulator)

    @cached_property
    def admins(self) -> Admins:
        return Admins(self.documents, of_chain=self._settings.is_chain)

    @cached_property
    def documents(self) -> FirestoreReader:
        from restock.gcp.firestore_reader import FirestoreReader

        return FirestoreReader(self._settings.project)


class Parts:
    """What answers for one shop: at the empty root of a deployment of one, or at its own of a chain."""

    def __init__(  # noqa: PLR0913  # what it is made of, named where it is put together
        self,
        settings: Settings,
        log: Log,
        door: Door,
        objects: BucketReader,
        live: LiveModel,
        *,
        shop: str = "",
        lead_time_days: int | None = None,
    ) -> None:
        self._lead_time_days = lead_time_days
        self._settings, self._log, self._door = settings, log, door
        self._objects, self._live, self._shop = objects, live, shop
        self.api = Api(
            live,
            settings,
            access=door.access,
            stock=lambda: self._stock,
            bookings=lambda: self._bookings,
            previous=lambda: self._previous,
            training=lambda: self._training,
            orders=lambda: self._orders,
            page=door.page,
            log=log,
            shop=shop,
        )

    @cached_property
    def _documents(self) -> FirestoreReader:
        return self._door.documents.under(names.root(self._shop))

    @cached_property
    def _stock(self) -> Stock:
        from restock.serving.stock import Stock

        return Stock(self._documents, self._settings.stock_cache_seconds, usual_lead_time_days=self._lead_time_days)

    @cached_property
    def _bookings(self) -> Bookings:
        from restock.counting.appointments import CountingRules
        from restock.serving.ordering.bookings import Bookings

        rules = CountingRules.of(self._settings)
        return Bookings(self._documents, rules, self._settings.stock_cache_seconds)

    @cached_property
    def _orders(self) -> OrdersApi:
        from restock.gcp.identity import is_google_cloud
        from restock.gcp.order_documents import OrderDocuments
        from restock.serving.orders_api import OrdersApi

        # In public mode nobody is known: what anybody may write must be a database of this machine.
        is_local = "FIRESTORE_EMULATOR_HOST" in os.environ and not is_google_cloud(os.environ)
        documents = OrderDocuments(self._settings.project)
        if self._shop:
            documents = documents.under(names.root(self._shop))
        return OrdersApi(documents, self._settings, self._door.access, self._log, is_local)

    @cached_property
    def _previous(self) -> PreviousVersion:
        from restock.serving.previous import PreviousVersion

        return PreviousVersion(self._live, self._objects)

    @cached_property
    def _training(self) -> Training:
        from restock.serving.training import Training

        return Training(self._documents)


class Assembly:
    """One process's parts: ``api`` answers; ``live`` holds the model of a deployment of one shop."""

    def __init__(self, settings: Settings, log: Log, after_first_look: Callable[[], None]) -> None:
        objects, door = BucketReader(settings.bucket), Door(settings, log)
        self.live = live_model(settings, log, objects, after_first_look=after_first_look)
        self.api = Parts(settings, log, door, objects, self.live).api
        _in_the_worker(self.live.start)


def live_model(settings: Settings, log: Log, objects: BucketReader, **more: Any) -> LiveModel:
    return LiveModel(
        objects,
        reload_seconds=settings.reload_seconds,
        stale_seconds=settings.stale_seconds,
        wait_seconds=settings.reload_wait_ms / 1000,
        log=log,
        **more,
    )


def _email_in(token: str) -> str:
    from restock.gcp.identity import email_in

    return email_in(token)


def _in_the_worker(begin: Callable[[], None]) -> None:
    """Before its first request; Windows does not fork, and begins with it."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=begin)
