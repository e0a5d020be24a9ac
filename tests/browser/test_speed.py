"""What the page costs to load and to type in, with 40 parts and with 5,000. Bytes and requests are held; times depend
on the machine, and `pytest tests/browser/test_speed.py -rP` prints yours.
"""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import Page, expect

from tests.published import many_parts

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.usefixtures("published")]

# As Chromium's own tools slow a network down to "Slow 4G": per request 562 ms, 1.44 Mbit/s.
SLOW_4G = {"offline": False, "latency": 562.5, "downloadThroughput": 180_000, "uploadThroughput": 84_375}
FREE = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
FIRST_ROW = """
new MutationObserver(() => { if (document.querySelector("#lists tbody tr")) window.firstRow ??= performance.now(); })
    .observe(document, { subtree: true, childList: true });
"""
KEYS = """async () => {
    const field = document.getElementById("search"), times = [];
    for (const text of ["s", "sp", "spa", "spar", "spare"]) {
        field.value = text;
        const began = performance.now();
        field.dispatchEvent(new Event("input", { bubbles: true }));
        document.body.offsetHeight;
        times.push(performance.now() - began);
        await new Promise((done) => setTimeout(done));
    }
    return Math.round(times.sort((a, b) => a - b)[2]);
}"""
SENT = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
    .map((one) => [one.name, one.encodedBodySize, one.transferSize])"""
FILES_BYTES = 60_000
CHANGES_BYTES = 5_000


@pytest.fixture
def shop_of(shelf, stock):
    """Publishes a shop of so many parts, all of them out of stock."""

    def make(number: int) -> None:
        for version in (13, 14):
            shelf.publish(many_parts(number, version=version, factor=version / 10))
        stock.clear()
        stock.update({f"part-{i:04d}": {"stock": 0} for i in range(number)})

    return make


def first_row(page: Page, address: str) -> int:
    page.goto(address)
    expect(page.locator("#lists tbody tr").first).to_be_attached(timeout=60_000)
    return round(page.evaluate("window.firstRow"))


@pytest.mark.parametrize("number", [40, 5000])
def test_it_is_light_and_loads_again_from_the_browsers_own_store(site, new_page, shop_of, number):
    shop_of(number)
    page = new_page()
    page.add_init_script(FIRST_ROW)
    address = site()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_4G)

    cold = first_row(page, address)
    expect(page.locator("#changes")).to_contain_text("against version 13", timeout=60_000)
    sent = page.evaluate(SENT)
    session.send("Network.emulateNetworkConditions", FREE)
    key = page.evaluate(KEYS)
    page.reload()
    expect(page.locator("#lists tbody tr").first).to_be_attached()
    again = [name for name, _, transferred in page.evaluate(SENT) if "?v=" in name and transferred]

    files = {name.rpartition("/")[2]: size for name, size, _ in sent if "/v1/" not in name}
    answers = {name.rpartition("/v1/")[2].partition("?")[0]: size for name, size, _ in sent if "/v1/" in name}
    print(f"{number} parts: first row {cold} ms, cold on Slow 4G; a key {key} ms; files {files} bytes, "
          f"answers {answers} bytes; load average {os.getloadavg()[0]:.1f}")  # fmt: skip
    assert sum(files.values()) < FILES_BYTES
    assert answers["changes"] < CHANGES_BYTES
    assert again == []


def test_the_list_is_asked_for_before_any_script_has_come(site, new_page):
    page = new_page()
    page.route("**/page/app.js*", lambda route: None)

    with page.expect_request("**/v1/restock?*"):
        page.goto(site(), wait_until="commit")
