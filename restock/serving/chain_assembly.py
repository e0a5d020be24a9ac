"""The forecast function of a chain put together: what all shops share, and what each is given when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from restock.gcp.bucket_reader import BucketReader
from restock.logs import Log
from restock.serving.assembly import Door, Parts, live_model
from restock.serving.chain import AllShops, ChainApi, FirebaseMembers, Members, Served
from restock.serving.live_model import LiveModel
from restock.settings import Settings
from restock.stored import names
from restock.stored.shop import Shop

if TYPE_CHECKING:
    from restock.serving.overview import Overview


class ChainAssembly:
    """One process's parts: ``api`` answers. Nothing is loaded before a shop is asked for."""

    def __init__(self, settings: Settings, log: Log, after_first_look: Callable[[], None]) -> None:
        self._settings, self._log = settings, log
        self._objects, self._door = BucketReader(settings.bucket), Door(settings, log)
        self._after_first_look = after_first_look
        self.api = self.live = ChainApi(
            settings,
            access=self._door.access,
            members=self._members(),
            registration=self._registration,
            served=self._served,
            overview=self._shops,
            transfers=self._transfers,
            page=self._door.page,
            log=log,
        )

    def _members(self) -> Members:
        return FirebaseMembers(self._door.admins) if self._settings.forecast_auth == "firebase" else AllShops()

    def _registration(self, id: str) -> Shop | None:
        found = self._door.documents.document((names.SHOPS, id), ())
        return None if found is None else Shop.from_fields(id, found, self._settings)

    def _served(self, shop: Shop, live: LiveModel | None) -> Served:
        log, objects = self._log.of_shop(shop.id), self._objects.under(names.root(shop.id))
        live = live or live_model(
            shop.settings, log, objects, looks_unasked=False, after_first_look=self._after_first_look
        )
        lead_time = shop.lead_time_days
        parts = Parts(shop.settings, log, self._door, objects, live, shop=shop.id, lead_time_days=lead_time)
        return Served(shop, parts.api, live)

    def _shops(self) -> Sequence[Mapping[str, Any]]:
        return self._overview.shops()

    def _transfers(self) -> Mapping[str, Any]:
        return self._overview.transfers()

    @cached_property
    def _overview(self) -> Overview:
        from restock.serving.overview import Overview

        return Overview(self._door.documents)
