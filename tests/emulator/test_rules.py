"""firestore.rules beside this file shows what a shop's own rules must keep: no client touches Restock's collections."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.emulators import FirestoreEmulator

pytestmark = pytest.mark.needs("firestore")


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    log_dir: Path = tmp_path_factory.mktemp("rules")
    emulator = FirestoreEmulator.start(rules=Path(__file__).with_name("firestore.rules"), log_dir=log_dir)
    yield f"http://{emulator.host}/v1/projects/demo-rules/databases/(default)/documents"
    emulator.stop()


def status_of_write(url: str, *, as_server: bool = False) -> int:
    headers = {"Content-Type": "application/json"} | ({"Authorization": "Bearer owner"} if as_server else {})
    request = urllib.request.Request(url, data=b'{"fields": {}}', method="PATCH", headers=headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as exc:
        return exc.code


@pytest.mark.parametrize("collection", ["restock_changes", "restock_state", "restock_runs", "restock_new"])
def test_no_client_writes_to_a_collection_of_restock(documents: str, collection: str) -> None:
    assert status_of_write(f"{documents}/{collection}/x") == 403
    assert status_of_write(f"{documents}/{collection}/x/deep/y") == 403


def test_the_functions_are_not_bound_by_rules(documents: str) -> None:
    assert status_of_write(f"{documents}/restock_state/x", as_server=True) == 200


def test_the_shops_own_collections_are_left_to_the_shop(documents: str) -> None:
    assert status_of_write(f"{documents}/appointments/x") == 200
