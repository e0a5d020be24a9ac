"""The order leaves the page whole: as a file for any country's Excel, as text, and on paper."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from restock.stored.artifact import Part
from tests.browser.conftest import Board
from tests.published import artifact, many_parts
from tests.waiting import wait_until

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("published")]


def downloaded(shown) -> str:
    if not shown.page.locator("#csv").is_visible():
        shown.page.get_by_text("Take the order along").click()
    with shown.page.expect_download() as download:
        shown.page.get_by_role("button", name="CSV", exact=True).click()
    return Path(download.value.path()).read_text(encoding="utf-8")


def test_the_csv_holds_the_order_lines_with_the_quantities_on_the_screen(board):
    shown = board()
    first = shown.names()[0]
    shown.quantity(first).fill("7")
    shown.quantity(shown.names()[1]).fill("0")
    shown.quantity(shown.names()[1]).blur()
    total = int(re.search(r"(\d+) lines", shown.page.locator("#order-total").inner_text())[1])

    text = downloaded(shown)

    assert text.startswith("\ufeffpart,sku,name")
    lines = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(lines) == total == shown.page.locator("#today button.part").count() - 1
    assert {line["name"]: line["order_quantity"] for line in lines}[first] == "7"
    assert all(float(line["order_quantity"]) > 0 for line in lines)


@pytest.mark.parametrize(
    ("locale", "chosen", "separator"), [("de-DE", None, ";"), ("en-GB", None, ","), ("en-GB", "semicolon", ";")]
)
def test_separators_are_those_of_the_readers_country_or_as_chosen(board, locale, chosen, separator):
    shown = board(locale=locale)
    shown.page.get_by_text("Take the order along").click()
    if chosen:
        shown.page.get_by_label("CSV with").select_option(chosen)
    shown.quantity(shown.names()[0]).fill("1.5")
    shown.quantity(shown.names()[0]).blur()

    text = downloaded(shown)

    assert text.startswith(f"\ufeffpart{separator}sku")
    assert f"{separator}{'1,5' if separator == ';' else '1.5'}{separator}" in text


def test_numbers_that_excel_would_eat_and_formulas_stay_text(board, shelf, stock):
    names = "=HYPERLINK(1)", "<img src=x onerror=alert(1)>", "Plain"
    keys = "1E5", "00123", "3-4"
    shelf.publish(artifact([(Part(key, name), 3.0) for key, name in zip(keys, names, strict=True)], version=13))
    stock.clear()
    stock.update({key: {"stock": 0, "brand": "@SUM(1)"} for key in keys})
    shown = board()

    text = downloaded(shown)

    assert all(f'"=""{key}"""' in text for key in keys)
    assert "'=HYPERLINK(1)" in text
    assert "'@SUM(1)" in text
    assert not re.search(r"(^|,)[=@]", text, re.MULTILINE)
    assert shown.page.locator("#lists img").count() == 0
    assert shown.page.mistakes == []


def test_the_order_is_copied_as_text(board):
    shown = board(permissions=["clipboard-read", "clipboard-write"])
    name = shown.names()[0]
    shown.page.get_by_text("Take the order along").click()
    shown.page.get_by_label("Shop, on what leaves").fill("Anna's garage")

    shown.page.get_by_role("button", name="Copy as text").click()
    expect(shown.page.locator("#status")).to_contain_text("Copied")

    text = shown.page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("Order list, Anna's garage, ")
    assert f"{shown.quantity(name).input_value()} × {name} (RS-" in text


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_on_paper_it_is_one_page_with_shop_day_policy_and_boxes_to_tick(board, paper, screenshot):
    shown = board()
    shown.page.get_by_text("Take the order along").click()
    shown.page.get_by_label("Shop, on what leaves").fill("Anna's garage")
    shown.page.emulate_media(media="print")

    printed = shown.page.pdf(format=paper)

    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1
    expect(shown.page.locator("#sheet h1")).to_contain_text("Order list, Anna's garage, ")
    expect(shown.page.locator("#sheet p")).to_contain_text("chance not to run out 95 %")
    assert shown.page.locator("#sheet .tick span").count() == shown.page.locator("#today button.part").count()
    expect(shown.page.locator("#controls")).to_be_hidden()
    screenshot(shown.page, "page-print")


def on_a_phone(new_page, address: str) -> Board:
    """Its page, where the device can share, and notes what it was given."""
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page.add_init_script("navigator.share = (given) => { window.given = given; return Promise.resolve(); };")
    shown = Board(page).open(address)
    page.get_by_text("Take the order along").tap()
    return shown


def test_on_a_phone_the_order_is_shared_as_text(new_page, site):
    shown = on_a_phone(new_page, site())
    name = shown.names()[0]
    shown.quantity(name).fill("7")
    shown.quantity(name).blur()

    shown.page.get_by_role("button", name="Share", exact=True).tap()

    given = shown.page.evaluate("window.given")
    assert given["title"].startswith("Order list, ")
    assert f"7 × {name} (RS-" in given["text"]


@pytest.mark.parametrize("number", [3, 400])
def test_on_a_phone_the_order_is_mailed_and_a_long_one_says_that_it_goes_on(new_page, site, shelf, stock, number):
    shelf.publish(many_parts(number, version=13))
    stock.clear()
    stock.update({f"part-{i:04d}": {"stock": 0} for i in range(number)})
    shown = on_a_phone(new_page, site())
    asked: list[str] = []
    session = shown.page.context.new_cdp_session(shown.page)
    session.on("Page.frameRequestedNavigation", lambda event: asked.append(event["url"]))
    session.send("Page.enable")

    shown.page.get_by_role("button", name="Mail", exact=True).tap()
    wait_until(lambda: shown.page.wait_for_timeout(20) or asked)

    (address,) = asked
    about = parse_qs(urlsplit(address).query)
    assert address.startswith("mailto:?subject=Order%20list")
    assert len(about["body"][0]) < 2000
    assert about["body"][0].startswith(about["subject"][0])
    assert ("The list goes on" in about["body"][0]) == (number == 400)


def test_where_the_device_cannot_share_no_button_says_so(board):
    shown = board()

    shown.page.get_by_text("Take the order along").click()

    expect(shown.page.get_by_role("button", name="Mail", exact=True)).to_be_visible()
    expect(shown.page.get_by_role("button", name="Share", exact=True)).to_be_hidden()
