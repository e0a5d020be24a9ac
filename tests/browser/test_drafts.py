"""Drafts: written down, changed, ordered or discarded, and nothing of them counts before it is ordered."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from restock.serving.ordering.store import Write
from restock.stored import names
from restock.stored.part_facts import PartFacts
from tests.browser.conftest import Board
from tests.waiting import wait_until

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("published")]

SUPPLIER = "Müller & Söhne"
OURS = ("tyre,-90/90-17", "air-filter", "chain,-428h")


@pytest.fixture
def shown(board, orders) -> Board:
    """A board whose first supplier sells three of today's parts."""
    for key in OURS:
        facts = PartFacts(part=key, supplier=SUPPLIER, unit_cost=2.5)
        orders.commit([Write(names.part_facts(key), facts.to_fields(), None)])
    return board(settings={"ORDERS": "callers"})


def kept(orders) -> list[dict]:
    return [found.fields for found in orders.all(names.ORDERS) if "status" in found.fields]


def draft(shown: Board) -> None:
    shown.page.get_by_role("button", name=f"Draft of the lines of {SUPPLIER}").click()
    expect(shown.page.locator("#drafts summary")).to_contain_text(f"{SUPPLIER} kept")


def test_a_draft_is_kept_changed_and_ordered_as_it_stands_on_the_screen(shown, orders, screenshot):
    draft(shown)
    expect(shown.row("Air filter")).to_contain_text("in a draft")
    shown.page.reload()
    shown.page.locator("#drafts summary").click()
    shown.page.get_by_label("Quantity of Air filter").fill("10")
    shown.page.get_by_label("Quantity of Chain, 428H").fill("0")
    shown.page.locator("#drafts").get_by_label("Note").fill("<b>Call first</b>")
    shown.page.evaluate("document.getElementById('search').dispatchEvent(new Event('input'))")  # drawn anew meanwhile
    screenshot(shown.page, "page-draft")
    assert shown.violations() == []
    shown.page.get_by_role("button", name="Save draft").click()
    expect(shown.page.locator("#drafts summary")).to_contain_text("2 lines")
    (order,) = kept(orders)
    assert (order["status"], order["note"]) == ("draft", "<b>Call first</b>")

    shown.page.get_by_role("button", name="Order it").click()

    expect(shown.page.locator(".orders summary")).to_contain_text(SUPPLIER)
    expect(shown.page.locator("#drafts")).to_have_count(0)
    (order,) = kept(orders)
    assert order["status"] == "ordered"
    assert {line["part"]: line["quantity"] for line in order["lines"]}["air-filter"] == 10
    assert len(order["lines"]) == 2
    assert shown.page.mistakes == []


def test_a_discarded_draft_is_cancelled_and_stays_on_record(shown, orders):
    draft(shown)
    shown.page.locator("#drafts summary").click()

    shown.page.get_by_role("button", name="Discard draft").click()

    expect(shown.page.locator("#drafts")).to_have_count(0)
    assert [order["status"] for order in kept(orders)] == ["cancelled"]


def test_a_draft_without_lines_is_refused_where_it_was_emptied(shown, orders):
    draft(shown)
    shown.page.locator("#drafts summary").click()
    for field in shown.page.locator("#drafts input[type=number]").all():
        field.fill("0")

    shown.page.get_by_role("button", name="Save draft").click()

    first = shown.page.locator("#drafts input[type=number]").first
    assert "at least one line" in first.evaluate("field => field.validationMessage")
    first.fill("3")
    shown.page.get_by_role("button", name="Order it").click()
    expect(shown.page.locator("#drafts")).to_have_count(0)
    assert [(order["status"], len(order["lines"])) for order in kept(orders)] == [("ordered", 1)]


def test_a_draft_whose_answer_is_lost_is_sent_again_and_is_one(shown, orders, network):
    network.cut = "after"
    button = shown.page.get_by_role("button", name=f"Draft of the lines of {SUPPLIER}")
    button.click()
    expect(shown.page.locator("#status")).to_contain_text("Try again: nothing is done twice")
    network.cut = ""

    button.click()

    expect(shown.page.locator("#drafts summary")).to_have_count(1)
    expect(shown.page.locator("#status")).to_contain_text("Kept as a draft")
    assert len(kept(orders)) == 1


def test_what_somebody_else_has_ordered_meanwhile_is_shown_before_a_draft_is_ordered(shown, orders, new_page):
    draft(shown)
    other = Board(new_page()).open(shown.page.url)
    other.page.get_by_role("button", name=f"Order 3 lines of {SUPPLIER}").click()
    wait_until(lambda: [order["status"] for order in kept(orders)].count("ordered") == 1)
    shown.page.locator("#drafts summary").click()

    shown.page.get_by_role("button", name="Order it").click()

    expect(shown.page.locator("#conflict")).to_contain_text("Nothing was ordered")
    shown.page.get_by_role("button", name="Order all the same").click()
    expect(shown.page.locator("#drafts")).to_have_count(0)
    assert [order["status"] for order in kept(orders)] == ["ordered", "ordered"]


def test_who_may_only_read_sees_no_draft(board, orders, site):
    shown = board(settings={"ORDERS": "off"})

    expect(shown.page.locator("#quality")).to_contain_text("historic mean")
    assert not [url for url in shown.page.asked if "status=draft" in url]
