"""The page on a phone, in the dark, without a mouse, enlarged, in forced colours and with names of any kind."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from restock.stored.artifact import Part
from tests.browser.conftest import PREFIX
from tests.published import artifact

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}
FITS = "document.documentElement.scrollWidth <= window.innerWidth"

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("published")]


def test_on_a_phone_at_least_four_parts_are_on_the_first_screen(board, screenshot):
    shown = board(settings={"ORDERS": "callers"}, **PHONE)
    expect(shown.page.locator("#today .group button").first).to_be_visible()
    expect(shown.page.locator("#notices")).not_to_be_empty()

    seen = shown.rows.evaluate_all(
        "rows => rows.filter(row => row.getBoundingClientRect().bottom <= innerHeight).length"
    )
    assert seen >= 4
    assert shown.page.evaluate(FITS)
    screenshot(shown.page, "page-phone")
    assert shown.violations() == []
    shown.today.first.get_by_role("button").first.tap()
    expect(shown.page.locator("#part-needed canvas")).to_be_visible()
    assert shown.page.evaluate(FITS)


@pytest.mark.parametrize("width", [320, 640], ids=["320 px", "1280 px at 200 %"])
def test_long_and_foreign_names_fit_narrow_screens(board, shelf, stock, width):
    names = ["N" * 300, "Ölfilter-" + "dichtung" * 30, "مسافة الفرامل"]
    shelf.publish(artifact([(Part(f"k{i}", name, category="C" * 80), 3.0) for i, name in enumerate(names)], version=13))
    stock.clear()
    stock.update({f"k{i}": {"stock": 0, "sku": "S" * 120} for i in range(3)})

    shown = board(viewport={"width": width, "height": 640})

    assert shown.page.evaluate(FITS)
    expect(shown.page.get_by_role("button", name=names[2])).to_have_attribute("dir", "auto")
    shown.page.get_by_role("button", name=names[0]).click()
    expect(shown.page.locator("#part-needed canvas")).to_be_visible()
    assert shown.page.evaluate(FITS)


def test_it_is_readable_in_the_dark(board, screenshot):
    shown = board(color_scheme="dark")

    screenshot(shown.page, "page-dark")
    assert shown.violations() == []
    shown.today.first.get_by_role("button").first.click()
    expect(shown.page.locator("#part-needed canvas")).to_be_visible()
    assert shown.violations() == []


def test_in_forced_colours_bars_and_fields_are_still_seen(board):
    shown = board(forced_colors="active")

    bar = shown.page.locator(".risk.high .bar > span").first
    colours = bar.evaluate(
        "bar => [getComputedStyle(bar).backgroundColor, getComputedStyle(document.body).backgroundColor]"
    )
    assert colours[0] != colours[1]
    assert shown.violations() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_bars_differ_from_their_ground_by_three_to_one(board, scheme):
    shown = board(color_scheme=scheme)

    ratio = shown.page.evaluate("""() => {
        const style = getComputedStyle(document.documentElement);
        const light = (name) => {
            const hex = style.getPropertyValue(name).trim();
            const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
                .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
        };
        const [low, high] = [light("--bar"), light("--card")].sort((a, b) => a - b);
        return high / low;
    }""")

    assert ratio >= 3


@pytest.mark.parametrize("path", ["/", PREFIX])
def test_everything_can_be_done_by_keyboard(board, path):
    shown = board(path + "?lead_time_days=9")
    page = shown.page

    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the orders")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(8):  # past the columns' headings
        page.keyboard.press("Tab")
    expect(shown.today.first.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_label("Lead time, days")).to_have_value("9")


@pytest.mark.parametrize("locale", ["de-DE", "ar-EG"])
def test_numbers_days_and_ages_are_in_the_pages_own_language(board, locale):
    shown = board(locale=locale)

    expect(shown.page.locator("#ages")).to_contain_text("3 hours ago")
    expect(shown.page.locator("#changes")).to_contain_text("against version 11. ")
    assert not set(shown.page.locator("#board").inner_text()) & set("٠١٢٣٤٥٦٧٨٩")
