"""From forecast to order, in Chromium and in Firefox: ordered by supplier, received in parts, and not advised again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from local import machine
from restock.serving.ordering.store import Write
from restock.stored import names
from restock.stored.order import Order, OrderLine
from restock.stored.part_facts import PartFacts
from tests.browser.conftest import PASSWORD, Board
from tests.browser.firefox import Firefox, FirefoxTab
from tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("published")

SUPPLIER = "Müller & Söhne"
OURS = ("tyre,-90/90-17", "air-filter", "chain,-428h")
ROWS = "#today tbody tr:not(.group)"
EVERY_BROWSER = pytest.mark.parametrize(
    "tab",
    [
        pytest.param("chromium", marks=pytest.mark.needs("chromium")),
        pytest.param("firefox", marks=pytest.mark.needs("firefox")),
    ],
    indirect=True,
)


class ChromiumTab:
    """As :class:`FirefoxTab`."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, address: str) -> None:
        self.page.goto(address)

    def reload(self) -> None:
        self.page.reload()

    def text(self, css: str) -> str:
        return self.page.locator(css).first.inner_text() if self.page.locator(css).count() else ""

    def see(self, css: str, words: str = "") -> None:
        expect(self._found(css, words)).to_be_visible()

    def count(self, css: str) -> int:
        return self.page.locator(css).count()

    def click(self, css: str, words: str = "") -> None:
        self._found(css, words).click()

    def fill(self, css: str, value: str) -> None:
        self._found(css, "").fill(value)
        self.page.keyboard.press("Tab")

    def _found(self, css: str, words: str) -> Locator:
        return self.page.locator(css).filter(has_text=words, visible=True).first


Tab = ChromiumTab | FirefoxTab


@pytest.fixture(scope="module")
def firefox() -> Iterator[Callable[[], Firefox]]:
    """Started with the first test that asks."""
    running: list[Firefox] = []

    def get() -> Firefox:
        if not running:
            executable = machine.firefox()
            assert executable
            running.append(Firefox(executable))
        return running[0]

    yield get
    for one in running:
        one.stop()


@pytest.fixture
def new_tab(new_page, firefox) -> Callable[[str], Tab]:
    return lambda browser: firefox().tab() if browser == "firefox" else ChromiumTab(new_page())


@pytest.fixture
def tab(request, new_tab) -> Tab:
    return new_tab(request.param)


@pytest.fixture
def door(site, auth_emulator, orders, monkeypatch) -> str:
    """The door of a shop that has a supplier, who has delivered four times."""
    monkeypatch.delenv("K_SERVICE", raising=False)
    for key in OURS:
        facts = PartFacts(part=key, supplier=SUPPLIER, unit_cost=2.5)
        orders.commit([Write(names.part_facts(key), facts.to_fields(), None)])
    now = datetime.now(UTC)
    for days in range(4):
        ordered = now - timedelta(40 + days)
        past = Order(
            id=str(uuid.uuid4()),
            status="received",
            supplier=SUPPLIER,
            lines=(OrderLine(part="horn", name="Horn", quantity=1, received=1),),
            created_at=ordered,
            created_by="anna",
            created_as="",
            request="",
            ordered_at=ordered,
            received_at=ordered + timedelta(days + 2),
        )
        orders.commit([Write(names.order(past.id), past.to_fields(), None)])
    return site(FORECAST_AUTH="firebase", FIREBASE_WEB_API_KEY="key", FIREBASE_AUTH_EMULATOR_HOST=auth_emulator.host)


def signed_in(tab: Tab, address: str) -> Tab:
    tab.open(address)
    tab.fill("#sign-in input[name=email]", "anna@shop.example")
    tab.fill("#sign-in input[name=password]", PASSWORD)
    tab.click("#sign-in button", "Sign in")
    tab.see("#today .group button", "Order 3 lines")
    return tab


def placed(orders) -> list[dict]:
    return [found.fields for found in orders.all(names.ORDERS) if found.fields.get("status") in ("ordered", "draft")]


@EVERY_BROWSER
def test_an_owner_orders_by_supplier_receives_in_parts_and_sees_the_lead_time_learnt(tab, door, orders, stock):
    signed_in(tab, door)
    before = tab.count(ROWS)

    tab.fill(f"input[data-part='{OURS[1]}']", "10")
    tab.see("#today .group", "3 lines")
    tab.click("#today .group button", "Order 3 lines")
    tab.see("#status", f"Ordered 3 lines from {SUPPLIER}")
    tab.reload()
    tab.see(".orders summary", SUPPLIER)
    assert tab.count(ROWS) < before
    (order,) = placed(orders)
    assert {line["part"]: line["quantity"] for line in order["lines"]}[OURS[1]] == 10
    assert order["ordered_by"] == "anna"

    tab.click(".orders summary", SUPPLIER)
    tab.fill("input[aria-label='Come so far: Air filter']", "5")
    tab.click(".orders button", "Save what has come")
    tab.see("#status", "Noted")
    (order,) = placed(orders)
    assert {line["part"]: line["received"] for line in order["lines"]}[OURS[1]] == 5
    tab.see("#status")
    if not tab.text(".orders form"):
        tab.click(".orders summary", SUPPLIER)
    tab.click(".orders button", "All has come")
    wait_until(lambda: not placed(orders))
    for key in OURS:
        stock[key]["stock"] = 60
    tab.reload()
    tab.see("#all")
    tab.fill("#search", "air filter")
    tab.click("button.part", "Air filter")

    tab.see("#part-why", f"{SUPPLIER} took 0 to 5 days, 5 times")


@EVERY_BROWSER
@pytest.mark.parametrize("cut", ["before", "after"])
def test_an_order_whose_answer_is_lost_is_sent_again_and_is_one_order(tab, door, orders, network, cut):
    signed_in(tab, door)

    network.cut = cut
    tab.click("#today .group button", "Order 3 lines")
    tab.see("#status", "Try again: nothing is done twice")
    network.cut = ""
    if cut == "before":  # else the list that is read anew shows that it was ordered
        tab.click("#today .group button", "Order 3 lines")
    tab.see(".orders summary", SUPPLIER)

    (order,) = placed(orders)
    assert len(order["lines"]) == 3


@pytest.mark.needs("chromium", "firefox")
def test_of_two_who_order_at_once_the_second_is_shown_the_firsts_order(new_tab, door, orders):
    first, second = (signed_in(new_tab(browser), door) for browser in ("chromium", "firefox"))
    first.click("#today .group button", "Order 3 lines")
    first.see("#status", "Ordered 3 lines")

    second.click("#today .group button", "Order 3 lines")

    second.see("#conflict", "Nothing was ordered")
    second.see("#conflict", SUPPLIER)
    assert len(placed(orders)) == 1
    second.click("#conflict button", "Leave it")
    second.see(".orders summary", SUPPLIER)
    assert len(placed(orders)) == 1


@pytest.mark.needs("chromium")
def test_what_seems_to_have_come_is_asked_about_and_received_with_a_click(door, new_page, orders, stock, screenshot):
    page = new_page()
    tab = signed_in(ChromiumTab(page), door)
    tab.click("#today .group button", "Order 3 lines")
    tab.see(".orders summary", SUPPLIER)
    screenshot(page, "page-ordered")
    for key in OURS:
        stock[key]["stock"] = 60  # put on the shelf, and nobody clicked

    page.reload()
    tab.see("#delivered", "Delivered?")
    page.get_by_text(SUPPLIER).last.click()
    screenshot(page, "page-orders")
    assert Board(page).violations() == []
    for left in reversed(range(len(OURS))):  # as fast as they vanish: the list is being read anew meanwhile
        page.locator("#delivered button").first.click()
        expect(page.locator("#delivered button")).to_have_count(left)

    wait_until(lambda: not placed(orders))
    expect(page.locator("#delivered")).to_have_count(0)


@pytest.mark.needs("chromium")
def test_clicks_faster_than_the_service_are_all_done_in_their_order(door, new_page, orders, stock):
    page = new_page()
    tab = signed_in(ChromiumTab(page), door)
    tab.click("#today .group button", "Order 3 lines")
    tab.see(".orders summary", SUPPLIER)
    for key in OURS:
        stock[key]["stock"] = 60
    page.reload()
    expect(page.locator("#delivered button")).to_have_count(len(OURS))
    page.locator("#delivered button").evaluate_all("(all) => all.forEach((one) => (one.click(), one.click()))")

    wait_until(lambda: not placed(orders))
    expect(page.locator("#delivered")).to_have_count(0)
    expect(page.locator("#board .notice[role=alert]")).to_have_count(0)


@pytest.mark.needs("chromium")
def test_what_an_owner_knows_of_a_part_is_said_where_the_part_is(door, new_page, orders, screenshot):
    page = new_page()
    tab = signed_in(ChromiumTab(page), door)
    tab.click("button.part", "Mirror, left")
    page.get_by_label("Supplier", exact=True).fill("=cmd|'/C calc'!A0")
    page.get_by_label("Pack of").fill("6")
    page.get_by_label("Note", exact=True).fill("<script>alert(1)</script>")
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.locator("#part-why")).to_contain_text("It comes in packs of 6")
    page.locator("#part-facts").scroll_into_view_if_needed()
    screenshot(page, "page-facts")
    assert Board(page).violations() == []
    page.get_by_role("button", name="Snooze a week").click()
    expect(page.get_by_role("button", name="Ask for it again")).to_be_visible()
    page.keyboard.press("Escape")

    expect(Board(page).row("Mirror, left")).to_have_count(0)
    (facts,) = [found.fields for found in orders.all(names.PART_FACTS) if found.fields["part"] == "mirror,-left"]
    assert (facts["pack"], facts["note"]) == (6, "<script>alert(1)</script>")
    assert page.mistakes == []


@pytest.mark.needs("chromium")
def test_who_may_only_read_sees_orders_and_no_buttons(site, board, orders):
    shown = board(settings={"ORDERS": "off"})

    expect(shown.page.locator("#quality")).to_contain_text("historic mean")
    assert shown.page.locator(".group button").count() == 0
    shown.today.first.get_by_role("button").first.click()
    expect(shown.page.locator("#part-facts input").first).to_be_disabled()
