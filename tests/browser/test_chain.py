"""The page of who runs a chain: all shops, the worst first, what is better moved than bought, and then a shop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from restock.gcp.firestore_reader import FirestoreReader
from restock.stored import names
from restock.stored.balance import Balance, Idle, Short
from restock.stored.summary import Standing, Summary
from tests.browser.conftest import Board
from tests.browser.test_looks import FITS, PHONE

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("published")]

SHOPS = {"north": "North Street", "harbour": "Harbour", "mill": "Mill Lane", "new": "New Town", "hill": "Hillside"}


def summary(now: datetime, **changed: Any) -> dict[str, Any]:
    figures = {"stock_outs": 1, "order_today": 4, "stock_value": 5210.5, "idle_value": 310.0, "parts_without_cost": 0}
    standing = Standing(**({"at": now, "trained_at": now - timedelta(days=1)} | figures | changed))
    return Summary(at=now, status="published", message="version 7 published", standing=standing).to_fields()


@pytest.fixture
def documents() -> dict[str, dict[str, Any]]:
    """What the nights left, by path."""
    now = datetime.now(UTC) - timedelta(hours=5)
    failed = Summary(at=now, status="failed", message="training failed: no such thing", failures=2).to_fields()
    oil = {"name": "Oil filter", "sku": "OC-47"}
    return {
        "shops/north/restock_state/summary": summary(now),
        "shops/harbour/restock_state/summary": summary(now, stock_outs=6, parts_without_cost=3),
        "shops/mill/restock_state/summary": summary(now, idle_value=2400.0),
        "shops/hill/restock_state/summary": failed,
        "shops/harbour/restock_state/balance": Balance(
            at=now,
            short=(Short(part="oil", missing=10, chance=0.82, minimum_order=5, **oil),),
        ).to_fields(),
        "shops/mill/restock_state/balance": Balance(at=now, idle=(Idle(part="of", spare=7, **oil),)).to_fields(),
    }


@pytest.fixture
def chain(site, shelf, stock, documents, monkeypatch) -> str:
    """The address of a chain whose shops all have the one model and stock."""
    shelf.objects = {
        names.placed(name, names.root(shop)): stored for shop in SHOPS for name, stored in shelf.objects.items()
    }
    registered = {shop: {"name": name, "time_zone": "Europe/London"} for shop, name in SHOPS.items()}

    def collection(self: FirestoreReader, name: str, fields: tuple[str, ...]) -> list[tuple[str, dict]]:
        return list((registered if name == names.SHOPS else stock).items())

    def document(self: FirestoreReader, path: tuple[str, ...], fields: tuple[str, ...]) -> dict | None:
        return registered.get(path[1]) if path[0] == names.SHOPS else None

    def found(self: FirestoreReader, paths: list[str]) -> dict[str, dict]:
        return {path: documents[path] for path in paths if path in documents}

    monkeypatch.setattr(FirestoreReader, "collection", collection)
    monkeypatch.setattr(FirestoreReader, "document", document)
    monkeypatch.setattr(FirestoreReader, "documents", found)
    return site(RESTOCK_CHAIN="true") + "/"


@pytest.fixture
def opened(chain: str, new_page: Callable[..., Page]) -> Callable[..., Page]:
    def make(**options: Any) -> Page:
        page = new_page(**options)
        page.goto(chain)
        expect(page.get_by_role("heading", name="Shops, the worst first")).to_be_visible()
        expect(page.locator("#shops tbody tr")).to_have_count(len(SHOPS))
        expect(page.locator("#moves li")).to_have_count(1)
        return page

    return make


def test_all_shops_are_shown_the_worst_first_and_what_is_better_moved_than_bought(opened, screenshot):
    page = opened()

    assert page.locator("#shops tbody a").all_inner_texts() == [
        "Hillside",
        "New Town",
        "Harbour",
        "Mill Lane",
        "North Street",
    ]
    rows = page.locator("#shops tbody tr")
    expect(rows.nth(0)).to_contain_text("2 nights failed · training failed: no such thing")
    expect(rows.nth(1)).to_contain_text("Never learnt")
    expect(rows.nth(2).locator("td")).to_have_text(
        ["6", "4", "5,210.50and 3 parts of unknown cost", "310.00", "yesterday", "5 hours ago"]
    )
    expect(page.locator("#moves li")).to_contain_text(
        "5 from Mill Lane to Harbour, where it runs out with a chance of 82%"
    )
    expect(page.locator("#moves li")).to_contain_text("Then order 5 instead of 10")
    assert page.evaluate(FITS)
    screenshot(page, "page-chain")
    assert Board(page).violations() == []


def test_a_shop_is_a_click_away_and_so_is_the_way_back(opened):
    page = opened()

    page.get_by_role("link", name="North Street").click()
    Board(page).is_there()
    assert page.url.partition("?")[0].endswith("/shops/north/")
    expect(page.get_by_role("navigation")).to_contain_text("north")
    assert Board(page).violations() == []
    page.get_by_role("link", name="All shops").click()

    expect(page.locator("#shops tbody tr")).to_have_count(len(SHOPS))
    assert page.locator("#board").is_hidden()


def test_a_shop_is_found_by_its_name(opened):
    page = opened()

    page.get_by_role("searchbox", name="Search a shop").fill("mill")

    expect(page.locator("#shops tbody tr")).to_have_count(1)
    page.get_by_role("searchbox", name="Search a shop").fill("nowhere")
    expect(page.locator("#shops")).to_have_text("No shop matches the search.")


@pytest.mark.parametrize("options", [PHONE, {"color_scheme": "dark"}], ids=["phone", "dark"])
def test_it_is_readable_on_a_phone_and_in_the_dark(opened, options, screenshot):
    page = opened(**options)

    assert page.evaluate(FITS)
    screenshot(page, f"page-chain-{'phone' if 'is_mobile' in options else 'dark'}")
    assert Board(page).violations() == []


def test_of_a_shop_that_was_opened_by_its_own_address_no_way_leads_to_the_others(chain, new_page):
    page = new_page()

    Board(page).open(f"{chain}shops/north/")

    assert page.get_by_role("link", name="All shops").count() == 0
