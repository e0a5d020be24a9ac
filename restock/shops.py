"""The shops of a chain, as every door asks for them: by the id that an event, a task or an address names.

Only a document ``restock_shops/{shop}`` makes a shop. What is found is kept for a while; what is not is asked for anew
each time, for the first events of a new shop come within seconds of its registration.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from restock.errors import MisplacedError, UnknownShopError
from restock.settings import Settings
from restock.stored import names
from restock.stored.shop import Shop
from restock.stores import DocumentStore

KEPT_SECONDS = 60.0
"""A change of a shop's settings is obeyed everywhere after at most this long."""
MOST_KEPT = 10_000


class Shops:
    """A deployment of one shop has one, at the empty root, by the environment's settings."""

    def __init__(
        self, settings: Settings, documents: Callable[[], DocumentStore], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._documents = documents
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Shop]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, id: str) -> Shop:
        """Raises MisplacedError for what is of another kind of deployment, UnknownShopError, and SettingsError."""
        if bool(id) != self._settings.is_chain:
            raise MisplacedError(misplaced(id))
        if not id:
            return Shop(id="", settings=self._settings)
        with self._lock:
            until, shop = self._kept.get(id, (0.0, None))
        if shop is None or self._clock() >= until:
            shop = self._read(id)
        return shop

    def _read(self, id: str) -> Shop:
        found = self._documents().get(names.shop(id)) if names.IS_SHOP(id) else None
        if found is None:
            with self._lock:
                self._kept.pop(id, None)
            raise UnknownShopError(f"{id[:80]!r} is no shop: register it in {names.SHOPS}, then ask for a rebuild")
        shop = Shop.from_fields(id, found.fields, self._settings, found.update_time)
        with self._lock:
            self._kept[id] = self._clock() + KEPT_SECONDS, shop
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return shop


def misplaced(id: str) -> str:
    """What names a shop where there is one root, or none where there are many: both are told by name.

    >>> misplaced("north").split(";")[0]
    "it is of shop 'north', and RESTOCK_CHAIN is not set: this deployment's appointments lie at appointments/{id}"
    """
    if id:
        return (
            f"it is of shop {id[:80]!r}, and RESTOCK_CHAIN is not set: this deployment's appointments lie at "
            f"{names.APPOINTMENTS}/{{id}}"
        )
    return (
        "it names no shop, and RESTOCK_CHAIN is true: this deployment's appointments lie at "
        f"shops/{{shop}}/{names.APPOINTMENTS}/{{id}}"
    )
