"""Which shop an event or a task is for: only what is registered, and never one of another kind of deployment."""

from __future__ import annotations

import pytest

from restock.errors import BadRequestError, SettingsError, UnknownShopError
from restock.shops import KEPT_SECONDS, Shops
from tests.builders import a_settings
from tests.fakes import FakeDocuments


class Chain:
    def __init__(self, **settings):
        self.documents, self.now = FakeDocuments(), 0.0
        self.shops = Shops(a_settings(**({"is_chain": True} | settings)), lambda: self.documents, lambda: self.now)

    def register(self, shop="north", **fields):
        self.documents.set(f"restock_shops/{shop}", {"time_zone": "Europe/Lisbon"} | fields)


def test_a_registered_shop_is_found_and_kept_for_a_while():
    chain = Chain()
    chain.register(threshold=4)

    assert [chain.shops.find("north").settings.retrain_threshold for _ in range(3)] == [4, 4, 4]
    assert chain.documents.reads == 1
    chain.register(threshold=5)
    chain.now += KEPT_SECONDS
    assert chain.shops.find("north").settings.retrain_threshold == 5


def test_documents_of_any_content_under_shops_make_no_shop():
    chain = Chain()
    chain.documents.set("shops/north", {"name": "North Street", "time_zone": "Europe/Lisbon"})
    chain.documents.set("shops/north/appointments/a1", {"status": "completed"})

    with pytest.raises(UnknownShopError, match="'north' is no shop: register it in restock_shops"):
        chain.shops.find("north")


def test_unknown_is_never_kept_so_that_the_first_events_of_a_new_shop_are_counted():
    chain = Chain()
    with pytest.raises(UnknownShopError):
        chain.shops.find("north")

    chain.register()

    assert chain.shops.find("north").id == "north"


def test_a_shop_whose_registration_is_gone_is_unknown_once_what_was_kept_is_old():
    chain = Chain()
    chain.register()
    chain.shops.find("north")
    chain.documents.delete("restock_shops/north")
    chain.now += KEPT_SECONDS

    for _ in range(2):
        with pytest.raises(UnknownShopError):
            chain.shops.find("north")


def test_a_wrong_setting_stops_that_shop_alone_until_it_is_corrected():
    chain = Chain()
    chain.register("north", threshold=0)
    chain.register("south")

    with pytest.raises(SettingsError, match="shop north stands still: threshold=0"):
        chain.shops.find("north")
    assert chain.shops.find("south").id == "south"
    chain.register("north", threshold=1)
    assert chain.shops.find("north").settings.retrain_threshold == 1


@pytest.mark.parametrize("id", ["a/b", "..", "north/appointments/a1", "x" * 65])
def test_an_id_that_is_none_is_refused_without_asking_the_database(id):
    chain = Chain()

    with pytest.raises(UnknownShopError):
        chain.shops.find(id)
    assert chain.documents.reads == 0


def test_what_names_no_shop_is_refused_in_a_chain_and_what_names_one_elsewhere():
    with pytest.raises(BadRequestError, match=r"it names no shop, and RESTOCK_CHAIN is true.*shops/\{shop\}"):
        Chain().shops.find("")
    with pytest.raises(BadRequestError, match="it is of shop 'north', and RESTOCK_CHAIN is not set"):
        Chain(is_chain=False).shops.find("north")


def test_a_deployment_of_one_shop_asks_nobody():
    single = Chain(is_chain=False)

    assert single.shops.find("").settings == a_settings(is_chain=False)
    assert single.documents.reads == 0
