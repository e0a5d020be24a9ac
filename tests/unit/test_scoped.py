"""Stores under a root: where they keep what, and that no shop sees another's. tests/contract has their contract."""

from __future__ import annotations

import pytest

from restock.scoped import documents_of, objects_of, queue_of
from restock.stored import names
from tests.fakes import FakeDocuments, FakeObjects, FakeQueue


def test_the_empty_root_is_the_store_itself():
    documents, objects, queue = FakeDocuments(), FakeObjects(), FakeQueue()

    assert documents_of("", documents) is documents
    assert objects_of("", objects) is objects
    assert queue_of("", queue) is queue


def test_documents_of_a_shop_lie_under_its_path_and_are_seen_by_it_alone():
    whole = FakeDocuments()
    north, south = documents_of("north", whole), documents_of("south", whole)

    north.create(names.change("a1"), {"awaiting": True})

    assert list(whole.stored("shops/north/restock_changes")) == ["shops/north/restock_changes/a1"]
    assert south.get(names.change("a1")) is None
    assert (north.count_true(names.CHANGES, "awaiting", 9), south.count_true(names.CHANGES, "awaiting", 9)) == (1, 0)


def test_objects_of_a_shop_lie_where_a_grant_on_models_reaches_no_history():
    whole = FakeObjects()
    north = objects_of("north", whole)
    for name in (names.POINTER, names.history(7), names.IMPORTED, names.stock_seen(7)):
        north.write(name, b"1", if_generation=0)

    assert sorted(whole.stored()) == [
        "history/shops/north/7.parquet",
        "imports/shops/north/usage.parquet",
        "models/shops/north/current.json",
        "stock_seen/shops/north/7.json",
    ]


def test_a_shop_whose_id_begins_like_anothers_lists_only_its_own():
    whole = FakeObjects()
    objects_of("north", whole).write(names.history(7), b"1", if_generation=0)
    objects_of("north2", whole).write(names.history(8), b"1", if_generation=0)

    assert [found.name for found in objects_of("north", whole).list(names.HISTORIES)] == [names.history(7)]
    assert objects_of("nor", whole).list(names.HISTORIES) == []


def test_two_shops_at_the_same_run_in_the_same_hour_have_a_task_each_and_its_body_names_the_shop():
    queue = FakeQueue()
    north, south = queue_of("north", queue), queue_of("south", queue)

    assert north.ask("retrain-run-1-2026030212", {"reason": "threshold"})
    assert south.ask("retrain-run-1-2026030212", {"reason": "threshold"})
    assert not north.ask("retrain-run-1-2026030212", {"reason": "threshold"})

    assert [task.body for task in queue.tasks.values()] == [
        {"reason": "threshold", "shop": "north"},
        {"reason": "threshold", "shop": "south"},
    ]
    assert [name.split("-", 1)[1] for name in queue.tasks] == [
        "north-retrain-run-1-2026030212",
        "south-retrain-run-1-2026030212",
    ]


@pytest.mark.parametrize("id", ["north", "Shop_7-b", "a" * 64, "_", "__a", "a__"])
def test_a_shop_is_named_by_letters_digits_underscores_and_hyphens(id):
    assert names.IS_SHOP(id)


@pytest.mark.parametrize("id", ["", "a/b", "..", "a b", "a" * 65, "Köln", "a\n", "a.b", "%2e", "__a__", "a'b"])
def test_what_could_leave_its_path_or_its_name_is_no_shop(id):
    assert not names.IS_SHOP(id)
