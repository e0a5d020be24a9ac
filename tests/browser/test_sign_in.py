"""Signing in, staying in, being sent out, and staying out."""

from __future__ import annotations

import os
import threading
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, Board
from tests.waiting import wait_until

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("published")]


@pytest.fixture
def door(site, auth_emulator):
    """Its address, where people have to sign in."""
    os.environ.pop("K_SERVICE", None)
    return site(FORECAST_AUTH="firebase", FIREBASE_WEB_API_KEY="key", FIREBASE_AUTH_EMULATOR_HOST=auth_emulator.host)


def sign_in(page, password=PASSWORD) -> Board:
    page.get_by_label("E-mail").fill("anna@shop.example")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    return Board(page)


def test_people_sign_in_with_their_shop_account(door, new_page, auth_emulator, screenshot):
    page = new_page()
    page.goto(door)

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    screenshot(page, "page-sign-in")
    assert Board(page).violations() == []
    sign_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("This e-mail and password do not fit.")
    sign_in(page).is_there()
    page.reload()
    Board(page).is_there()
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert {urlsplit(url).netloc for url in page.asked} == {urlsplit(door).netloc, auth_emulator.host}


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
def test_a_refused_sign_in_says_why(door, new_page, auth_emulator, refusal, said):
    page = new_page()
    page.goto(door)
    auth_emulator.refusal = refusal

    sign_in(page)

    expect(page.get_by_role("alert")).to_contain_text(said)


def test_an_outage_of_the_sign_in_service_signs_nobody_out(door, new_page, auth_emulator):
    page = new_page()
    page.goto(door)
    sign_in(page).is_there()
    auth_emulator.refusal = (503, {})
    page.reload()
    expect(page.locator("#problem-text")).to_contain_text("does not answer")
    auth_emulator.refusal = None

    page.get_by_role("button", name="Try again").click()

    Board(page).is_there()


def test_a_sign_in_that_has_ended_leads_to_the_form_with_the_reason_and_back(door, new_page, auth_emulator):
    auth_emulator.seconds = "1"  # to be renewed with every question
    page = new_page()
    page.goto(door)
    shown = sign_in(page).is_there()
    shown.search("brake")
    auth_emulator.refusal = (400, {"error": {"message": "TOKEN_EXPIRED"}})
    page.get_by_text("How you order").click()
    page.get_by_label("Lead time, days").fill("9")

    expect(page.get_by_role("alert")).to_have_text("Your sign-in has ended. Please sign in again.")
    auth_emulator.refusal = None
    sign_in(page).is_there()

    expect(page.get_by_role("searchbox")).to_have_value("brake")
    expect(page.get_by_label("Lead time, days")).to_have_value("9")


def test_one_page_renews_its_token_once_however_much_it_asks(door, new_page, auth_emulator):
    page = new_page()
    page.goto(door)
    sign_in(page).is_there()
    auth_emulator.renewals = 0

    page.reload()
    Board(page).is_there()
    expect(page.locator("#quality")).to_contain_text("historic mean")

    assert auth_emulator.renewals == 1


def test_who_signs_out_stays_signed_out_whatever_answers_come_late(door, new_page, auth_emulator):
    page = new_page()
    page.goto(door)
    sign_in(page).is_there()
    auth_emulator.waits, auth_emulator.renewals = threading.Event(), 0
    page.reload()
    wait_until(lambda: auth_emulator.renewals == 1)
    page.evaluate("document.getElementById('sign-out').click()")

    auth_emulator.waits.set()
    page.wait_for_timeout(300)

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.locator("#board")).to_be_hidden()
    assert page.evaluate("sessionStorage.length") == 0
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_late_list_does_not_bring_the_board_back(door, new_page):
    page = new_page()
    page.goto(door)
    shown = sign_in(page).is_there()
    held = []
    page.route("**/v1/restock?*", lambda route: held.append(route) or None)
    page.get_by_text("How you order").click()
    page.get_by_label("Lead time, days").fill("9")
    wait_until(lambda: page.wait_for_timeout(20) or held)
    page.get_by_role("button", name="Sign out").click()

    for route in held:
        route.continue_()
    page.wait_for_timeout(300)

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(shown.rows.first).to_be_hidden()


def test_a_forgotten_password_is_mailed_for(door, new_page, auth_emulator):
    page = new_page()
    page.goto(door)
    page.get_by_label("E-mail").fill("anna@shop.example")

    page.get_by_role("button", name="Send me a link for a new password").click()

    expect(page.get_by_role("alert")).to_contain_text("a mail with a link for a new password is on its way")
    assert auth_emulator.mailed == ["anna@shop.example"]


def test_where_signing_in_is_not_set_up_it_says_what_is_missing(site, new_page):
    page = new_page()

    page.goto(site(FORECAST_AUTH="firebase"))

    expect(page.locator("#problem-text")).to_contain_text("FIREBASE_WEB_API_KEY has no value")
