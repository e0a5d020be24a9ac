"""The order leaves the page whole: as a file for any country's Excel, as text, and on paper."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from restock.stored.artifact import Part
from tests.published import artifact

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
