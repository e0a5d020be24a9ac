"""The list as people work with it: what is urgent, what can wait, search, sort, quantities, and the address."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from restock.serving.ordering.store import Write
from restock.stored import names
from restock.stored.artifact import Part
from restock.stored.part_facts import PartFacts
from tests.browser.conftest import PREFIX, Board
from tests.published import artifact, many_parts
from tests.waiting import wait_until

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("published")]


def test_what_must_be_ordered_today_comes_first_the_most_urgent_on_top(board, screenshot):
    shown = board()

    risks = shown.page.locator("#today .risk").all_inner_texts()
    chances = [float(re.sub(r"[^\d.]", "", text) or 0) for text in risks]
    assert chances == sorted(chances, reverse=True)
    assert shown.today.count() > 0
    assert not set(shown.names("today")) & set(shown.names("wait"))
    expect(shown.page.locator("#ages")).to_contain_text("forecast version 12 of 3 hours ago")
    expect(shown.page.locator("#ages")).to_contain_text("Stock of")
    expect(shown.page.locator("#changes")).to_contain_text("against version 11")
    expect(shown.page.locator("#quality")).to_contain_text("historic mean")
    screenshot(shown.page, "page-desktop")
    assert shown.violations() == []
    assert shown.page.mistakes == []


def test_what_is_above_its_reorder_point_can_wait_and_is_not_in_the_order(board, stock):
    for fields in stock.values():
        fields["stock"] = 5000
    stock["horn"]["stock"] = 6  # above what lasts until a delivery, below what lasts until the one after
    shown = board()

    assert shown.names("wait") == ["Horn"]
    expect(shown.page.locator("#today")).to_contain_text("Nothing has to be ordered today")
    expect(shown.page.locator("#order-total")).to_have_text("Your order is empty.")
    shown.row("Horn").get_by_role("button", name="Take the advice for Horn").click()

    expect(shown.page.locator("#order-total")).to_contain_text("1 line")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("oil filter", "Oil filter"),
        ("FILTER oil", "Oil filter"),
        ("RS-0022", "Oil filter"),
        ("cafe creme", "Café crème"),
    ],
)
def test_search_finds_name_and_number_in_any_order_case_and_without_accents(board, stock, shelf, words, found):
    shelf.publish(artifact([(Part("oil-filter", "Oil filter"), 1.0), (Part("cafe", "Café crème"), 1.0)], version=13))
    stock["cafe"] = {"stock": 0, "sku": "C-1"}
    stock["oil-filter"]["sku"] = "RS-0022"
    shown = board()

    shown.search(words)

    expect(shown.rows).to_have_count(1)
    assert shown.names() == [found]


def test_search_finds_brands_and_says_when_nothing_fits(board):
    shown = board()

    shown.search("hengst")
    expect(shown.rows.first).to_contain_text("Hengst")
    assert all("Hengst" in text for text in shown.rows.all_inner_texts())
    shown.search("hengst nothing")

    expect(shown.rows).to_have_count(0)
    expect(shown.page.locator("#today")).to_contain_text("No part matches the search.")


def test_a_name_is_selected_by_dragging_over_it_and_opened_by_a_click(board):
    shown = board()
    name = shown.page.locator("#today button.part").first

    def is_selected_by_dragging() -> bool:
        """Not always at once: what is drawn above it meanwhile moves it away from under the mouse."""
        box = name.bounding_box()
        assert box
        middle = box["y"] + box["height"] / 2
        shown.page.mouse.move(box["x"] + 1, middle)
        shown.page.mouse.down()
        shown.page.mouse.move(box["x"] + box["width"] - 1, middle, steps=5)
        shown.page.mouse.up()
        return shown.page.evaluate("getSelection().toString()") == name.inner_text()

    wait_until(is_selected_by_dragging)
    expect(shown.page.get_by_role("dialog")).to_be_hidden()
    name.click()
    expect(shown.page.get_by_role("dialog")).to_be_visible()


def test_a_column_sorts_both_ways_and_a_category_filters(board):
    shown = board()

    shown.page.get_by_role("button", name="Part", exact=True).first.click()
    names = shown.names()
    assert names == sorted(names, key=str.casefold)
    shown.page.get_by_role("button", name="Part ↑").first.click()
    assert shown.names() == names[::-1]
    expect(shown.page.locator("#today thead th").first).to_have_attribute("aria-sort", "descending")
    shown.page.get_by_label("Category").select_option("Brakes")

    expect(shown.rows.first).to_contain_text("Brakes")
    assert all("Brakes" in text for text in shown.rows.all_inner_texts())


def test_a_quantity_is_changed_kept_over_a_reload_and_taken_back(board):
    shown = board()
    name = shown.names()[0]
    advised = shown.quantity(name).input_value()

    shown.quantity(name).fill("7")
    shown.quantity(name).blur()
    shown.page.reload()
    shown.is_there()
    expect(shown.quantity(name)).to_have_value("7")
    shown.page.get_by_role("button", name=f"Take the advice for {name}").click()

    expect(shown.quantity(name)).to_have_value(advised)


def test_a_quantity_being_typed_outlasts_whatever_is_drawn_meanwhile(board):
    shown = board()
    field = shown.quantity(shown.names()[0])

    field.select_text()
    shown.page.keyboard.type("7")
    shown.page.evaluate("document.getElementById('search').dispatchEvent(new Event('input'))")  # as a late answer does

    expect(field).to_have_value("7")
    field.blur()
    shown.page.reload()
    shown.is_there()
    expect(shown.quantity(shown.names()[0])).to_have_value("7")


@pytest.mark.parametrize("wrong", ["-1", "1e9"])
def test_a_quantity_that_cannot_be_is_refused_where_it_was_typed(board, wrong):
    shown = board()
    name = shown.names()[0]
    total = shown.page.locator("#order-total").inner_text()

    shown.quantity(name).fill(wrong)
    shown.quantity(name).blur()

    assert shown.quantity(name).evaluate("field => !field.checkValidity()")
    assert shown.page.locator("#order-total").inner_text() == total


def test_the_address_holds_search_sort_category_and_settings(board, new_page):
    shown = board()
    shown.search("brake")
    shown.page.get_by_label("Category").select_option("Brakes")
    shown.page.get_by_role("button", name="Order", exact=True).first.click()
    names = shown.names()
    address = shown.page.url

    other = Board(new_page()).open(address)

    assert other.names() == names
    expect(other.page.get_by_role("searchbox")).to_have_value("brake")
    assert "search=brake" in address


def test_settings_change_the_advice_stay_in_the_address_and_are_remembered(board, site):
    shown = board()
    before = shown.page.locator("#order-total").inner_text()
    shown.page.get_by_text("How you order").click()

    shown.page.get_by_label("Lead time, days").fill("40")
    expect(shown.page.locator("#order-total")).not_to_have_text(before)
    shown.page.get_by_label("Service level").select_option("0.99")
    expect(shown.page).to_have_url(re.compile(r"lead_time_days=40&review_days=7&service_level=0\.99"))
    shown.open(shown.page.url.partition("?")[0])

    expect(shown.page.get_by_label("Lead time, days")).to_have_value("40")
    expect(shown.page.get_by_label("Service level")).to_have_value("0.99")


@pytest.mark.parametrize("query", ["?lead_time_days=120", "?lead_time_days=", "?service_level=0.97"])
def test_an_address_with_values_that_cannot_be_chosen_shows_the_usual_ones(board, query):
    shown = board("/" + query)

    expect(shown.page.get_by_label("Lead time, days")).to_have_value("7")
    expect(shown.page.get_by_label("Service level")).to_have_value("0.95")


def test_ten_arrow_keys_ask_once(board):
    shown = board()
    shown.page.get_by_text("How you order").click()
    shown.page.get_by_label("Lead time, days").focus()
    shown.page.asked.clear()

    for _ in range(10):
        shown.page.keyboard.press("ArrowUp")
    expect(shown.page).to_have_url(re.compile("lead_time_days=17"))
    expect(shown.page.locator("#board")).not_to_have_attribute("aria-busy", "true")

    assert len([url for url in shown.page.asked if "/v1/restock" in url]) == 1


def test_what_certainty_costs_is_shown_side_by_side(board):
    shown = board()
    shown.page.get_by_text("How you order").click()

    shown.page.get_by_text("What more certainty costs").first.click()

    rows = shown.page.locator("#levels tbody tr")
    expect(rows).to_have_count(3)
    units = [
        float(text.replace(",", "")) for text in shown.page.locator("#levels tbody td:last-child").all_inner_texts()
    ]
    assert units == sorted(units)
    assert units[0] < units[-1]


def test_where_costs_are_known_certainty_costs_money(board, orders, published):
    keys = [part.key for part in published.parts][2:]
    for key in keys:
        orders.commit([Write(names.part_facts(key), PartFacts(part=key, unit_cost=2.5).to_fields(), None)])
    shown = board()
    shown.page.get_by_text("How you order").click()

    shown.page.get_by_text("What more certainty costs").first.click()

    table = shown.page.locator("#levels")
    expect(table.locator("thead")).to_contain_text("Costs")
    rows = [
        [float(text.replace(",", "")) for text in row.locator("td").all_inner_texts()]
        for row in table.locator("tbody tr").all()
    ]
    assert [row[2] for row in rows] == sorted(row[2] for row in rows)
    assert rows[0][2] < rows[-1][2] <= 2.5 * rows[-1][1]


def test_unknown_stock_stands_apart_and_is_called_unknown(board, published, stock):
    (lost, *_), names = stock, {part.key: part.name for part in published.parts}
    stock[lost] = {}
    shown = board()

    assert names[lost] not in shown.names("today")
    assert shown.names("unknown") == [names[lost]]
    expect(shown.page.locator("#notices")).to_contain_text("things to know")
    shown.row(names[lost]).get_by_role("button").click()

    expect(shown.page.locator("#part-figures")).to_contain_text("unknown")
    expect(shown.page.locator("#part-why")).to_contain_text("Nobody has said how many are there")
    shown.page.keyboard.press("Escape")
    assert shown.violations() == []
    assert shown.page.mistakes == []


def test_what_is_discontinued_is_not_among_the_orders_and_says_so_among_all(board, published, stock):
    names = {part.key: part.name for part in published.parts}
    gone = next(key for key, fields in stock.items() if fields["stock"] == 0)
    stock[gone]["discontinued"] = True
    shown = board()

    assert names[gone] not in shown.names("today") + shown.names("wait")
    shown.page.get_by_label("Show").select_option("true")

    expect(shown.row(names[gone])).to_contain_text("discontinued")
    expect(shown.row(names[gone]).locator(".order")).to_have_text("–")


def test_an_empty_shelf_is_listed_though_none_is_advised(board, shelf, stock):
    stock.clear()
    stock.update({"rare": {"stock": 0}, "usual": {"stock": 500}})
    used = [
        (Part("rare", "Rare", last_used="2025-02-03"), 0.0001),
        (Part("usual", "Usual", last_used="2026-04-30"), 1.0),
    ]
    shelf.publish(artifact(used, version=13))

    shown = board()

    assert shown.names("wait") == ["Rare"]
    expect(shown.row("Rare")).to_contain_text("out of stock")
    expect(shown.quantity("Rare")).to_have_value("")


def test_when_nothing_needs_an_order_it_says_how_to_see_the_rest(new_page, site, stock):
    for fields in stock.values():
        fields["stock"] = 5000
    page = new_page()
    page.goto(site())

    expect(page.locator("#today")).to_contain_text("Nothing needs an order now")
    page.get_by_label("Show").select_option("true")

    expect(page.locator("#rest button.part")).to_have_count(len(stock))


def test_an_empty_catalogue_says_what_to_do(site, shelf, new_page):
    shelf.publish(artifact({}, version=13))
    page = new_page()

    page.goto(site())

    expect(page.locator("#today")).to_contain_text("The catalogue has no parts yet")


def test_of_five_thousand_parts_a_screenful_is_drawn_and_the_rest_is_a_click_away(board, shelf, stock):
    shelf.publish(many_parts(5000, version=13))
    stock.clear()
    stock.update({f"part-{i:04d}": {"stock": 0} for i in range(5000)})
    shown = board()
    drawn = shown.rows.count()

    assert drawn < 100
    shown.page.get_by_role("button", name=re.compile("Show more")).first.click()
    assert shown.rows.count() > drawn
    shown.search("4711")

    expect(shown.rows).to_have_count(1)


@pytest.mark.parametrize("path", [PREFIX, PREFIX + "/", "/"])
def test_it_works_at_every_address(board, path):
    shown = board(path)

    shown.rows.first.get_by_role("button").first.click()

    expect(shown.page.locator("#part-needed canvas")).to_be_visible()
    assert path in shown.page.url
