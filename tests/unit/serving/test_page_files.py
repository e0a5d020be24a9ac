"""The page's files as they are sent: whole, under addresses that name their content, kept for good there alone."""

from __future__ import annotations

import re
import zlib

import pytest

from restock.serving.assets import FOR_GOOD, Page
from restock.serving.http import Request
from restock.serving.joined import content, digest
from restock.serving.page_files import names

PAGE = Page("firebase", api_key="</script><b>", auth_emulator="127.0.0.1:9099")


def ask(name: str, query: str = "", **headers: str):
    return PAGE.file(name, Request("GET", f"/page/{name}", query, headers.get, lambda size: b""))


@pytest.mark.parametrize("name", sorted(name for name in names() if name.endswith(".js") and "vendor" not in name))
def test_a_script_comes_with_what_it_imports(name):
    sent = content(name).decode()

    left = re.findall(r'^import .* from "(.*?)\?', sent, re.MULTILINE)
    assert all(address.startswith("./vendor/") for address in left)
    assert not re.search(r"^export (?!const \{)", sent, re.MULTILINE)


def test_a_script_comes_without_its_comments_and_with_all_its_code():
    sent = content("app.js").decode()

    assert not re.search(r"^ *//", sent, re.MULTILINE)
    assert "https://" in sent  # within a line, two strokes are no comment
    assert "Takes text as it was typed" not in sent
    assert sent.count(" = (() => {") > 20


def test_every_address_of_a_file_names_its_content():
    found = re.findall(
        r'"(?:page/|\./)([\w/.-]+\.\w+)(\?v=\w+)?"', content("index.html").decode() + content("app.js").decode()
    )

    assert {name for name, _ in found} >= {"app.js", "style.css", "vendor/preact.mjs", "charts.js"}
    assert [name for name, version in found if version != f"?v={digest(name)}"] == []


def test_what_is_asked_for_by_its_content_is_kept_for_good_and_nothing_else():
    kept = {
        query: dict(ask("app.js", query).headers)["Cache-Control"] for query in ("", "v=old", f"v={digest('app.js')}")
    }

    assert kept == {"": "no-cache", "v=old": "no-cache", f"v={digest('app.js')}": FOR_GOOD}
    assert dict(ask("index.html", f"v={digest('index.html')}").headers)["Cache-Control"] == "no-cache"


def test_a_setting_cannot_end_the_element_it_stands_in():
    sent = ask("index.html").tail.tail

    assert b"</script><b>" not in sent
    assert b"\\u003c/script>\\u003cb>" in sent


def test_files_are_compressed_once_and_as_well_as_can_be():
    first, again = (ask("app.js").tail for _ in range(2))

    assert first is again
    assert len(zlib.compress(first.tail, 6)) > sum(map(len, first.gzip(b"")))
