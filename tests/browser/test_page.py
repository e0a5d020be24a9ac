"""The page as people use it: what it shows and asks, by mouse, by keyboard, on a phone, and when things are missing.

Renew the pictures in the documentation with
    SCREENSHOT_DIR=docs/screenshots .venv/bin/python -m pytest tests/browser
"""

from __future__ import annotations

import csv
import io
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from restock.errors import StoreUnavailableError
from restock.gcp.firestore_reader import FirestoreReader
from restock.serving.kept import FIRST_RETRY_SECONDS
from restock.stored.artifact import Part
from tests.browser.conftest import PASSWORD, PREFIX, shop
from tests.published import artifact
from tests.waiting import wait_until

AXE = (Path(__file__).parent / "vendor/axe.min.js").read_text(encoding="utf-8")
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}

pytestmark = pytest.mark.needs("chromium")


def rows(page: Page):
    return page.locator("#orders-table tbody tr")


def open_board(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.get_by_role("heading", name="What to order now")).to_be_visible()
    expect(rows(page).first).to_be_visible()


def violations(page: Page) -> list[str]:
    """What axe-core finds, run in the page's own context (its policy lets no other script in)."""
    page.evaluate(AXE)
    return page.evaluate("async () => (await axe.run()).violations.map(v => `${v.id}: ${v.nodes.map(n => n.html)}`)")


def test_what_to_order_comes_most_urgent_first(site, published, new_page, screenshot):
    page = new_page()

    open_board(page, site())

    chances = [
        float(re.sub(r"[^\d.]", "", text) or 0) for text in page.locator("#orders-table .risk").all_inner_texts()
    ]
    assert chances == sorted(chances, reverse=True)
    assert all(text.strip() != "–" for text in page.locator("#orders-table .order").all_inner_texts())
    expect(page.locator("#model")).to_contain_text("Forecast version 12")
    expect(page.locator("#changes-summary")).to_contain_text("against version 11")
    expect(page.locator("#quality")).to_contain_text("historic mean")
    screenshot(page, "page-desktop")
    assert violations(page) == []
    assert page.mistakes == []


def test_the_page_asks_nobody_but_its_own_service(site, published, new_page):
    address = site()
    page = new_page()

    open_board(page, address)
    rows(page).first.get_by_role("button").click()
    expect(page.locator("#part-words")).to_contain_text("expected in the 30 days")

    assert {urlsplit(url).netloc for url in page.asked} == {urlsplit(address).netloc}


@pytest.mark.parametrize("path", [PREFIX, PREFIX + "/", "/"])
def test_it_works_at_every_address(site, published, new_page, path):
    page = new_page()

    open_board(page, site() + path)

    rows(page).first.get_by_role("button").click()
    expect(page.locator("#part-needed canvas")).to_be_visible()


def test_controls_change_the_advice_and_stay_in_the_address(site, published, new_page):
    page = new_page()
    open_board(page, site())
    before = page.locator("#orders-summary").inner_text()

    page.get_by_label("Lead time, days").fill("40")
    page.get_by_label("Lead time, days").blur()
    expect(page.locator("#orders-summary")).not_to_have_text(before)
    page.get_by_label("Service level").select_option("0.99")

    expect(page).to_have_url(re.compile(r"lead_time_days=40&review_days=7&service_level=0\.99"))
    page.reload()
    expect(rows(page).first).to_be_visible()
    expect(page.get_by_label("Lead time, days")).to_have_value("40")


@pytest.mark.parametrize("query", ["lead_time_days=120", "lead_time_days=", "service_level=0.97"])
def test_an_address_with_values_that_cannot_be_chosen_shows_the_usual_ones(site, published, new_page, query):
    page = new_page()

    open_board(page, f"{site()}/?{query}")

    expect(page.get_by_label("Lead time, days")).to_have_value("7")
    expect(page.get_by_label("Service level")).to_have_value("0.95")


def test_a_value_that_cannot_be_is_not_kept_in_the_address(site, published, new_page):
    page = new_page()
    open_board(page, site())

    page.get_by_label("Lead time, days").fill("120")
    page.get_by_label("Lead time, days").blur()

    assert "120" not in page.url


def test_a_late_answer_about_one_part_is_not_shown_under_another(site, published, new_page):
    page = new_page()
    open_board(page, site())
    held = []
    page.route("**/v1/forecast?part=*", lambda route: held.append(route) if not held else route.continue_())
    names = rows(page).get_by_role("button")
    names.nth(0).click()
    expect(page.locator("#part-words")).to_have_text("Loading …")
    page.keyboard.press("Escape")
    names.nth(1).click()
    expect(page.locator("#part-words")).to_contain_text("used in the last")
    said = page.locator("#part-words").inner_text()

    with page.expect_response("**/v1/forecast?part=*"):
        held[0].continue_()
    page.evaluate("() => new Promise((done) => setTimeout(done, 100))")

    assert page.locator("#part-words").inner_text() == said


def test_a_part_shows_its_past_and_its_forecast(site, published, new_page, screenshot):
    page = new_page()
    open_board(page, site())

    page.get_by_label("Search").fill("oil filter")
    rows(page).first.get_by_role("button").click()

    dialog = page.get_by_role("dialog", name="Oil filter")
    expect(dialog).to_be_visible()
    expect(dialog.locator("canvas")).to_have_count(2)
    expect(dialog.locator("#part-words")).to_contain_text("used in the last 90 days known")
    screenshot(page, "page-part")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(rows(page).first.get_by_role("button")).to_be_focused()


def test_search_narrows_and_says_when_nothing_fits(site, published, new_page):
    page = new_page()
    open_board(page, site())

    page.get_by_label("Search").fill("brakes lever")
    expect(rows(page)).to_have_count(0)
    expect(page.locator("#orders-empty")).to_have_text("No part matches the search.")
    page.get_by_label("Search").fill("WHEELS tyre")

    expect(rows(page)).to_have_count(2)


def test_the_order_list_is_a_csv(site, published, new_page):
    page = new_page()
    open_board(page, site())
    shown = rows(page).count()

    with page.expect_download() as download:
        page.get_by_role("button", name="Order list as CSV").click()

    lines = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert len(lines) == shown
    assert all(float(line["order_quantity"]) > 0 for line in lines)
    assert lines[0]["name"] in rows(page).first.inner_text()


def test_a_name_that_is_a_formula_or_markup_does_no_harm(site, shelf, new_page, stock):
    names = "=HYPERLINK(1)", "<img src=x onerror=alert(1)>"
    shelf.publish(artifact(dict(zip(names, (3.0, 2.0), strict=True))))
    stock.update({part.key: {"stock": 0} for part in artifact(dict.fromkeys(names, 1.0)).parts})
    page = new_page()
    open_board(page, site())

    with page.expect_download() as download:
        page.get_by_role("button", name="Order list as CSV").click()

    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "'=HYPERLINK(1)" in text
    assert ",=HYPERLINK" not in text
    assert page.locator("#orders-table img").count() == 0
    assert page.mistakes == []


def test_it_fits_a_phone(site, published, new_page, screenshot):
    page = new_page(**PHONE)

    open_board(page, site())

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    screenshot(page, "page-phone")
    assert violations(page) == []
    rows(page).first.get_by_role("button").tap()
    expect(page.locator("#part-needed canvas")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_it_is_readable_in_the_dark(site, published, new_page, screenshot):
    page = new_page(color_scheme="dark")

    open_board(page, site())

    screenshot(page, "page-dark")
    assert violations(page) == []
    rows(page).first.get_by_role("button").click()
    expect(page.locator("#part-needed canvas")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("path", ["/", PREFIX])
def test_everything_can_be_done_by_keyboard(site, published, new_page, path):
    page = new_page()
    open_board(page, site() + path + "?lead_time_days=9")

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the orders")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(rows(page).first.get_by_role("button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_label("Lead time, days")).to_have_value("9")


def test_without_a_model_it_says_what_will_happen_and_looks_again(site, shelf, new_page, screenshot):
    page = new_page()
    page.clock.install()
    address = site()
    page.goto(address)

    expect(page.get_by_role("heading", name="No forecast yet")).to_be_visible()
    screenshot(page, "page-no-model")
    assert violations(page) == []
    shelf.publish(shop(1))
    wait_until(lambda: page.request.get(f"{address}/health").json()["model_loaded"])
    page.clock.run_for(70_000)

    expect(page.get_by_role("heading", name="What to order now")).to_be_visible()


def test_an_error_can_be_tried_again(site, published, new_page, monkeypatch, stock):
    def down(*_):
        raise StoreUnavailableError("down")

    monkeypatch.setattr(FirestoreReader, "collection", down)
    page = new_page()
    page.goto(site())
    expect(page.locator("#problem-text")).to_have_text("Stock cannot be read at the moment")
    assert violations(page) == []
    monkeypatch.setattr(FirestoreReader, "collection", lambda *_: list(stock.items()))
    page.wait_for_timeout(1000 * FIRST_RETRY_SECONDS)  # sooner, the same answer comes again: Firestore is spared

    page.get_by_role("button", name="Try again").click()

    expect(rows(page).first).to_be_visible()


def test_when_nothing_needs_an_order_it_says_how_to_see_the_rest(site, published, new_page, stock):
    for fields in stock.values():
        fields["stock"] = 5000
    page = new_page()
    page.goto(site())

    expect(page.locator("#orders-empty")).to_contain_text("Nothing needs an order now")
    page.get_by_label("Also what needs no order").check()

    expect(rows(page)).to_have_count(len(stock))


def test_unknown_stock_stands_apart_and_is_called_unknown(site, published, new_page, stock):
    (lost, *_), names = stock, {part.key: part.name for part in published.parts}
    stock[lost] = {}
    page = new_page()
    open_board(page, site())

    expect(page.locator("#orders-table")).not_to_contain_text(names[lost])
    expect(page.locator("#orders-summary")).to_contain_text("Of 1 more the stock is unknown")
    table = page.locator("#unknown-table tbody tr")
    expect(table).to_have_count(1)
    table.get_by_role("button", name=names[lost]).click()

    expect(page.locator("#part-figures")).to_contain_text("unknown")
    expect(page.locator("#part-words")).to_contain_text("expected in the 30 days")
    page.keyboard.press("Escape")
    assert violations(page) == []
    assert page.mistakes == []


def test_what_is_discontinued_is_not_among_the_orders_and_says_so_among_all(site, published, new_page, stock):
    names = {part.key: part.name for part in published.parts}
    gone = next(key for key, fields in stock.items() if fields["stock"] == 0)
    stock[gone]["discontinued"] = True
    page = new_page()
    open_board(page, site())

    expect(page.locator("#orders-table")).not_to_contain_text(names[gone])
    page.get_by_label("Also what needs no order").check()

    row = rows(page).filter(has=page.get_by_role("button", name=names[gone], exact=True))
    expect(row).to_contain_text("discontinued")
    expect(row.locator(".order")).to_have_text("–")


def test_an_empty_shelf_is_listed_though_none_is_advised(site, shelf, new_page, stock):
    stock.clear()
    stock.update({"rare": {"stock": 0}, "usual": {"stock": 500}})
    used = [
        (Part("rare", "Rare", last_used="2025-02-03"), 0.0001),
        (Part("usual", "Usual", last_used="2026-04-30"), 1.0),
    ]
    shelf.publish(artifact(used))
    page = new_page()
    open_board(page, site())

    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("out of stock")
    expect(rows(page).locator(".order")).to_have_text("–")


def test_an_empty_catalogue_says_what_to_do(site, shelf, new_page):
    shelf.publish(artifact({}))
    page = new_page()

    page.goto(site())

    expect(page.locator("#orders-empty")).to_contain_text("The catalogue has no parts yet")


@pytest.mark.usefixtures("published")
def test_people_sign_in_with_their_shop_account(site, new_page, auth_emulator, screenshot):
    os.environ.pop("K_SERVICE", None)
    address = site(FORECAST_AUTH="firebase", FIREBASE_WEB_API_KEY="key", FIREBASE_AUTH_EMULATOR_HOST=auth_emulator.host)
    page = new_page()
    page.goto(address)

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    screenshot(page, "page-sign-in")
    assert violations(page) == []
    page.get_by_label("E-mail").fill("anna@shop.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text("This e-mail and password do not fit.")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(rows(page).first).to_be_visible()
    page.reload()
    expect(rows(page).first).to_be_visible()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert {urlsplit(url).netloc for url in page.asked} == {urlsplit(address).netloc, auth_emulator.host}


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ((503, {}), "does not answer"),
        ((400, {"error": {"message": "USER_DISABLED"}}), "switched off"),
        ((400, {"error": {"message": "TOO_MANY_ATTEMPTS_TRY_LATER : later"}}), "Too many attempts"),
        (
            (400, {"error": {"message": "API key not valid. Pass a valid one."}}),
            "API key not valid. Pass a valid one.",
        ),
    ],
)
@pytest.mark.usefixtures("published")
def test_a_refused_sign_in_says_why(site, new_page, auth_emulator, refusal, said):
    os.environ.pop("K_SERVICE", None)
    page = new_page()
    page.goto(
        site(FORECAST_AUTH="firebase", FIREBASE_WEB_API_KEY="key", FIREBASE_AUTH_EMULATOR_HOST=auth_emulator.host)
    )
    auth_emulator.refusal = refusal

    page.get_by_label("E-mail").fill("anna@shop.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text(said)


@pytest.mark.usefixtures("published")
def test_an_outage_of_the_sign_in_service_signs_nobody_out(site, new_page, auth_emulator):
    os.environ.pop("K_SERVICE", None)
    page = new_page()
    page.goto(
        site(FORECAST_AUTH="firebase", FIREBASE_WEB_API_KEY="key", FIREBASE_AUTH_EMULATOR_HOST=auth_emulator.host)
    )
    page.get_by_label("E-mail").fill("anna@shop.example")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(rows(page).first).to_be_visible()
    auth_emulator.refusal = (503, {})
    page.reload()
    expect(page.locator("#problem-text")).to_contain_text("does not answer")
    auth_emulator.refusal = None

    page.get_by_role("button", name="Try again").click()

    expect(rows(page).first).to_be_visible()


@pytest.mark.usefixtures("published")
def test_refused_trainings_are_told_with_the_completions_that_wait(site, new_page, monkeypatch):
    state = {"failures": 3, "last_error": "not published: it scores 31 % worse"}
    monkeypatch.setattr(FirestoreReader, "document", lambda self, path, fields: state)
    monkeypatch.setattr(FirestoreReader, "count_true", lambda self, collection, field: 815)
    page = new_page()

    page.goto(site())

    note = "the last 3 trainings came to nothing (not published: it scores 31 % worse). 815 completed appointments wait"
    expect(page.locator("#training")).to_contain_text(note)
    assert violations(page) == []


def test_where_signing_in_is_not_set_up_it_says_what_is_missing(site, published, new_page):
    page = new_page()

    page.goto(site(FORECAST_AUTH="firebase"))

    expect(page.locator("#problem-text")).to_contain_text("FIREBASE_WEB_API_KEY has no value")


def test_the_policy_lets_nothing_else_in(site, published, new_page):
    page = new_page()
    answer = page.goto(site())

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.bad = 1'}))"
    )
    assert page.evaluate("window.bad") is None
