"""When something is missing: the list stays, says how old it is, and comes back by itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from restock.errors import StoreUnavailableError
from restock.gcp.firestore_reader import FirestoreReader
from tests.browser.conftest import Board, shop
from tests.published import saying
from tests.waiting import wait_until

pytestmark = pytest.mark.needs("chromium")


def test_without_a_model_it_says_what_will_happen_and_looks_again(site, shelf, new_page, screenshot):
    page = new_page()
    page.clock.install()
    address = site()
    page.goto(address)

    expect(page.get_by_role("heading", name="No forecast yet")).to_be_visible()
    screenshot(page, "page-no-model")
    assert Board(page).violations() == []
    shelf.publish(shop(1))
    wait_until(lambda: page.request.get(f"{address}/health").json()["model_loaded"])
    page.clock.run_for(70_000)

    Board(page).is_there()


@pytest.mark.usefixtures("published")
def test_a_failure_at_the_start_is_said_and_mends_itself(site, new_page, monkeypatch, stock):
    def down(*_):
        raise StoreUnavailableError("down")

    monkeypatch.setattr(FirestoreReader, "collection", down)
    page = new_page()
    page.goto(site())
    expect(page.locator("#problem-text")).to_have_text("Stock cannot be read at the moment")
    assert Board(page).violations() == []
    monkeypatch.setattr(FirestoreReader, "collection", lambda *_: list(stock.items()))

    expect(page.get_by_role("heading", name="Order today")).to_be_visible()


@pytest.mark.usefixtures("published")
def test_a_failed_refresh_keeps_the_list_says_its_age_and_is_tried_again(board, screenshot):
    shown = board()
    names = shown.names()
    shown.page.context.set_offline(True)
    shown.page.get_by_text("How you order").click()
    shown.page.get_by_label("Lead time, days").fill("9")

    expect(shown.page.locator("#stale")).to_contain_text("Not refreshed: The forecast service cannot be reached")
    assert shown.names() == names
    screenshot(shown.page, "page-offline")
    assert shown.violations() == []
    shown.page.context.set_offline(False)

    expect(shown.page.locator("#stale")).to_be_empty()


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(("path", "section"), [("changes", "#changes"), ("model", "#quality")])
def test_what_stands_beside_the_list_fails_alone(site, new_page, path, section):
    page = new_page()
    page.route(f"**/v1/{path}*", lambda route: route.fulfill(status=503, body='{"message": "Down for now"}'))

    shown = Board(page).open(site())

    expect(page.locator(section)).to_contain_text("This cannot be told at the moment: Down for now")
    assert shown.today.count() > 0


@pytest.mark.usefixtures("published")
def test_a_tab_that_is_looked_at_again_shows_newer_figures(site, new_page, stock):
    page = new_page()
    page.clock.install()
    shown = Board(page).open(site())
    name = shown.names()[0]
    for fields in stock.values():
        fields["stock"] = 5000

    page.clock.fast_forward(61_000)
    page.evaluate("window.dispatchEvent(new Event('focus'))")

    expect(page.locator("#today")).to_contain_text("Nothing needs an order now")
    expect(shown.row(name)).to_have_count(0)


@pytest.mark.usefixtures("published")
def test_refused_trainings_and_parts_that_match_nothing_are_told(site, new_page, monkeypatch, shelf):
    shelf.publish(saying(shop(13), notes=("2 used parts are not in the catalogue: ghost, phantom",)))
    state = {"failures": 3, "last_error": "not published: 31 % worse"}
    monkeypatch.setattr(FirestoreReader, "document", lambda self, path, fields: state)
    monkeypatch.setattr(FirestoreReader, "count_true", lambda self, collection, field: 815)
    page = new_page()
    shown = Board(page).open(site())

    page.get_by_text("things to know").click()

    expect(page.locator("#notices")).to_contain_text("the last 3 trainings came to nothing (not published: 31 % worse)")
    expect(page.locator("#notices")).to_contain_text("815 completed appointments wait")
    expect(page.locator("#notices")).to_contain_text("2 used parts are not in the catalogue: ghost, phantom")
    page.locator("#notices").get_by_role("button", name="Horn").click()
    expect(page.get_by_role("dialog", name="Horn")).to_be_visible()
    assert shown.page.mistakes == []
