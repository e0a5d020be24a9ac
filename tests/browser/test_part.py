"""One part in its dialog: why so many, in words and pictures."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import expect

from restock.stored.hindsight import WEEKS, Hindsight
from tests.browser.conftest import Board
from tests.published import saying

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("published")]


def test_a_part_says_why_in_words_and_shows_past_and_forecast(board, shelf, published, screenshot):
    said = np.tile(7 * published.distribution.rate[:, None], WEEKS).astype(np.float32)
    shelf.publish(saying(published, version=13, hindsight=Hindsight(said)), trained_at=datetime.now(UTC).isoformat())
    shown = board()

    shown.search("oil filter")
    shown.row("Oil filter").get_by_role("button", name="Oil filter", exact=True).click()

    dialog = shown.page.get_by_role("dialog", name="Oil filter")
    expect(dialog.locator("canvas")).to_have_count(2)
    words = dialog.locator("#part-why").inner_text()
    assert re.search(r"Until \d+ \w+ about [\d.]+ will be used; \d+ is enough 19 times in 20\.", words)
    assert "You have 12, and none are on order." in words
    assert re.search(r"An order of today arrives on \d+ \w+", words)
    expect(dialog.locator("#part-used")).to_contain_text("used in the 90 days from")
    expect(dialog.locator("#part-used")).to_contain_text(
        re.compile(r"In 12 weeks from \d+ \w+ \d+ on we said 201\.6, you used \d+\.")
    )
    expect(dialog.locator("#part-daily")).to_contain_text("was forecast")
    expect(dialog.locator("#part-certainty tbody tr")).to_have_count(3)
    screenshot(shown.page, "page-part")
    assert shown.violations() == []
    shown.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(shown.row("Oil filter").get_by_role("button", name="Oil filter", exact=True)).to_be_focused()


def test_of_a_shop_without_past_forecasts_it_says_when_there_will_be_some(board):
    shown = board()

    shown.rows.first.get_by_role("button").first.click()

    expect(shown.page.locator("#part-used")).to_contain_text("compared with what came once a whole week has passed")


def test_the_address_holds_the_part_and_the_way_back_closes_it(board, new_page):
    shown = board()
    shown.rows.first.get_by_role("button").first.click()
    name = shown.page.locator("#part-name").inner_text()

    other = Board(new_page()).open(shown.page.url)
    expect(other.page.get_by_role("dialog", name=name)).to_be_visible()
    shown.page.go_back()

    expect(shown.page.get_by_role("dialog")).to_be_hidden()


def test_the_chart_library_comes_only_with_the_first_chart(board):
    shown = board()
    expect(shown.page.locator("#quality")).to_contain_text("historic mean")
    assert not [url for url in shown.page.asked if "uPlot" in url]

    shown.rows.first.get_by_role("button").first.click()

    expect(shown.page.locator("#part-needed canvas")).to_be_visible()
    assert [url for url in shown.page.asked if "uPlot" in url]
    assert len({urlsplit(url).netloc for url in shown.page.asked}) == 1  # it asks nobody but its own service


def test_a_late_answer_about_one_part_is_not_shown_under_another(board):
    shown = board()
    held = []
    shown.page.route("**/v1/forecast?part=*", lambda route: held.append(route) if not held else route.continue_())
    names = shown.page.locator("#today button.part")
    names.nth(0).click()
    expect(shown.page.locator("#part-used")).to_have_text("Loading …")
    shown.page.keyboard.press("Escape")
    names.nth(1).click()
    expect(shown.page.locator("#part-used")).to_contain_text("used in the")
    said = shown.page.locator("#part-used").inner_text()

    with shown.page.expect_response("**/v1/forecast?part=*"):
        held[0].continue_()
    shown.page.evaluate("() => new Promise((done) => setTimeout(done, 100))")

    assert shown.page.locator("#part-used").inner_text() == said
