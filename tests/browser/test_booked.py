"""For tomorrow and the day after: what the booked jobs will need, on the page and on paper."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from restock.errors import StoreUnavailableError
from restock.gcp.firestore_reader import FirestoreReader
from restock.stored.service_parts import PartUse, ServiceParts
from tests.browser.conftest import shop
from tests.published import saying

pytestmark = pytest.mark.needs("chromium")
ONE = ((1.0, 1.0),)


@pytest.fixture
def shelf(shelf):
    rows = {part.name: row for row, part in enumerate(shop().parts)}
    oil_change = [PartUse(rows["Oil filter"], 1.0, ONE), PartUse(rows["Head gasket"], 0.1, ONE)]
    shelf.publish(
        saying(shop(12), services=ServiceParts([PartUse(rows["Horn"], 0.5, ONE)], {"oil change": oil_change}))
    )
    return shelf


@pytest.fixture
def bookings(bookings):
    tomorrow = (datetime.now(ZoneInfo("Europe/London")).date() + timedelta(1)).isoformat()
    names = ["Oil\nChange"] * 44 + ["Tyres"]
    return bookings | {
        f"a{k}": {"status": "pending", "date": tomorrow, "service": name} for k, name in enumerate(names)
    }


def test_the_parts_of_booked_jobs_stand_on_the_page_and_on_paper(board, bookings, monkeypatch, screenshot):
    monkeypatch.setattr(FirestoreReader, "between", lambda self, *query: list(bookings.items()))

    shown = board()
    section = shown.page.locator("section[aria-labelledby=booked-title]")

    expect(section).to_contain_text("45 jobs: 44 × oil change, 1 × tyres.")
    oil = section.locator("tbody tr").filter(has_text="Oil filter")
    expect(oil.locator("td[data-label=Expected]")).to_have_text("44")
    expect(oil.locator("td[data-label='At most']")).to_have_text("44")
    assert shown.violations() == []
    section.scroll_into_view_if_needed()
    screenshot(shown.page, "page-booked")
    assert "Oil filter" in shown.names("today")

    shown.page.evaluate("window.print = () => window.dispatchEvent(new Event('beforeprint'))")
    shown.page.get_by_role("button", name="Print this list").click()
    shown.page.emulate_media(media="print")

    expect(shown.page.locator("#booked-sheet h1")).to_be_visible()
    expect(shown.page.locator("#booked-sheet tbody tr").filter(has_text="Oil filter")).to_be_visible()
    expect(shown.page.locator("#sheet")).to_be_hidden()
    screenshot(shown.page, "print-booked")


def test_bookings_that_cannot_be_read_cost_their_section_alone(board, monkeypatch):
    def down(*_):
        raise StoreUnavailableError("an index is off")

    monkeypatch.setattr(FirestoreReader, "between", down)

    shown = board()

    expect(shown.page.locator("#booked")).to_contain_text("cannot be told at the moment")
    assert shown.names("today")
