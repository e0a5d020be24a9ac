"""One contract for the documents of orders, held by the fake and by the REST adapter against the Firestore emulator."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from restock.errors import ConflictError, StoreRefusedError
from restock.serving.ordering.store import OrderStore, Write
from tests.fakes import FakeOrders

WHEN = datetime(2026, 3, 2, 23, 30, 0, 123456, tzinfo=UTC)


@pytest.fixture(params=["fake", "firestore"])
def store(request: pytest.FixtureRequest) -> OrderStore:
    if request.param == "fake":
        return FakeOrders()
    request.getfixturevalue("firestore_emulator")
    from restock.gcp.order_documents import OrderDocuments

    return OrderDocuments(request.getfixturevalue("project"))


def test_what_is_not_there_is_none(store):
    assert store.get("restock_orders/missing") is None
    assert store.all("restock_parts") == []
    assert store.equal("restock_orders", "status", "ordered") == []
    assert store.newest("restock_orders", "created_at", 5) == []


def test_a_document_comes_back_as_it_was_written_with_its_version(store):
    fields = {
        "text": "Ölfilter ✓ \U0001f527",
        "number": 0.1 + 0.2,
        "whole": 2**53 + 1,
        "moment": WHEN,
        "is": False,
        "lines": [{"part": "k", "name": "", "quantity": 1.5}, {"part": "l", "quantity": 2.0}],
        "gone": None,
    }

    (version,) = store.commit([Write("restock_orders/a", fields, None)])
    found = store.get("restock_orders/a")

    assert found.fields == {name: value for name, value in fields.items() if value is not None}
    assert (found.id, found.version) == ("a", version)


def test_a_write_replaces_the_whole_document_of_the_version_that_was_read(store):
    (first,) = store.commit([Write("restock_orders/a", {"x": 1, "y": 1}, None)])
    (second,) = store.commit([Write("restock_orders/a", {"x": 2}, first)])

    assert store.get("restock_orders/a").fields == {"x": 2}
    assert second != first
    with pytest.raises(ConflictError):
        store.commit([Write("restock_orders/a", {"x": 3}, first)])
    assert store.get("restock_orders/a").version == second


def test_making_what_is_there_or_changing_what_is_not_is_a_conflict(store):
    (version,) = store.commit([Write("restock_orders/a", {"x": 1}, None)])

    with pytest.raises(ConflictError):
        store.commit([Write("restock_orders/a", {"x": 2}, None)])
    with pytest.raises(ConflictError):
        store.commit([Write("restock_orders/b", {"x": 2}, version)])
    assert store.get("restock_orders/a").fields == {"x": 1}


def test_of_several_writes_all_are_written_or_none(store):
    store.commit([Write("restock_orders/a", {"x": 1}, None)])

    with pytest.raises(ConflictError):
        store.commit([Write("restock_orders/b", {"x": 1}, None), Write("restock_orders/a", {"x": 2}, None)])

    assert store.get("restock_orders/b") is None


def test_a_write_that_changes_nothing_keeps_its_version(store):
    (first,) = store.commit([Write("restock_orders/a", {"x": 1}, None)])

    assert store.commit([Write("restock_orders/a", {"x": 1}, first)]) == [first]


def test_of_many_writers_of_one_version_one_succeeds(store):
    (version,) = store.commit([Write("restock_orders/a", {"x": 0}, None)])
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            store.commit([Write("restock_orders/a", {"x": number}, version)])
            outcomes.append("written")
        except ConflictError:
            outcomes.append("conflict")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["conflict"] * 11 + ["written"]


def test_documents_are_found_by_a_field_and_by_the_greatest_of_another(store):
    for number, status in enumerate(["draft", "ordered", "ordered", "received"]):
        at = {"received_at": WHEN} if status == "received" else {}
        created = datetime(2026, 3, 1 + number, tzinfo=UTC)
        store.commit([Write(f"restock_orders/{number}", {"status": status, "created_at": created, **at}, None)])
    store.commit([Write("restock_orders/last", {"order": "2"}, None)])

    assert [found.id for found in store.newest("restock_orders", "created_at", 2)] == ["3", "2"]
    assert [found.id for found in store.newest("restock_orders", "received_at", 9)] == ["3"]
    assert {found.id for found in store.equal("restock_orders", "status", "ordered")} == {"1", "2"}
    assert {found.id for found in store.since("restock_orders", "created_at", datetime(2026, 3, 3, tzinfo=UTC))} == {
        "2",
        "3",
    }
    assert len(store.all("restock_orders")) == 5


@pytest.mark.parametrize("path", ["spare_parts/oil-1", "appointments/a", "restock_state/retrain", "users/anna"])
def test_nothing_but_orders_and_what_is_known_of_parts_is_ever_written(store, path):
    with pytest.raises(StoreRefusedError):
        store.commit([Write(path, {"stock": 1}, None)])


@pytest.mark.parametrize("path", ["restock_orders/__x__", "restock_orders/.."])
def test_an_id_that_is_none_is_refused_and_no_conflict(store, path):
    with pytest.raises(StoreRefusedError):
        store.commit([Write(path, {"x": 1}, None)])
