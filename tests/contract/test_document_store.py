"""One contract for documents, held by the fake and by the real adapter against the Firestore emulator."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from restock.errors import ConflictError, StoreRefusedError
from restock.scoped import documents_of
from restock.stores import DocumentStore, Update, amend
from tests.fakes import FakeDocuments

WHEN = datetime(2026, 3, 2, 23, 30, 0, 123456, tzinfo=UTC)


def store(kind: str, request: pytest.FixtureRequest) -> DocumentStore:
    if kind == "fake":
        return FakeDocuments(lambda: datetime.now(UTC))
    request.getfixturevalue("firestore_emulator")
    from restock.gcp.firestore import FirestoreDocuments

    return FirestoreDocuments(request.getfixturevalue("project"))


@pytest.fixture(params=["fake", "firestore", "fake, a shop's", "firestore, a shop's"])
def documents(request: pytest.FixtureRequest) -> DocumentStore:
    """At the root, and a shop's of a chain in which the next shop has the same names for other things."""
    kind, _, shop = request.param.partition(", ")
    whole = store(kind, request)
    if not shop:
        return whole
    for other in ("north2", "nort"):
        documents_of(other, whole).create("things/t", {"a": True, "n": 99, "of": other})
    return documents_of("north", whole)


def test_what_is_not_there_is_none(documents):
    assert documents.get("things/missing") is None


def test_of_many_documents_those_come_that_are_there(documents):
    for number in range(320):
        documents.create(f"things/many-{number}", {"n": number})
    before = documents.reads

    found = documents.get_many([f"things/many-{number}" for number in range(321)])

    assert {path: one.fields["n"] for path, one in found.items()} == {f"things/many-{n}": n for n in range(320)}
    assert documents.reads - before == 321
    assert documents.get_many([]) == {}


def test_a_document_comes_back_as_it_was_written(documents):
    fields = {
        "text": "Ölfilter ✓ \U0001f527",
        "number": 0.1 + 0.2,
        "whole": 2**53 + 1,
        "moment": WHEN,
        "is": True,
        "list": [{"key": "k", "name": "", "quantity": 1.5}],
        "map": {"b": 1, "a": None},
    }

    documents.create("things/t", fields)
    found = documents.get("things/t")

    assert found.fields == fields
    assert found.id == "t"
    assert found.path == "things/t"
    assert found.fields["moment"].microsecond == WHEN.microsecond


def test_a_field_written_as_none_is_not_there(documents):
    documents.create("things/t", {"kept": 1, "absent": None})

    assert documents.get("things/t").fields == {"kept": 1}


def test_creating_twice_is_a_conflict_and_changes_nothing(documents):
    documents.create("things/t", {"n": 1})

    with pytest.raises(ConflictError):
        documents.create("things/t", {"n": 2})

    assert documents.get("things/t").fields == {"n": 1}


def test_setting_replaces_the_whole_document(documents):
    documents.set("things/t", {"a": 1, "b": 1})
    documents.set("things/t", {"a": 2, "c": None})

    assert documents.get("things/t").fields == {"a": 2}


def test_an_update_changes_some_fields_and_removes_what_is_none(documents):
    documents.create("things/t", {"a": 1, "b": [1, 2], "c": 1})
    read = documents.get("things/t")

    documents.update(Update("things/t", {"a": 2, "b": None}, read.update_time))

    assert documents.get("things/t").fields == {"a": 2, "c": 1}


def test_an_update_of_another_version_is_a_conflict_and_changes_nothing(documents):
    documents.create("things/t", {"n": 1})
    read = documents.get("things/t")
    documents.set("things/t", {"n": 2})

    with pytest.raises(ConflictError):
        documents.update(Update("things/t", {"n": 3}, read.update_time))

    assert documents.get("things/t").fields == {"n": 2}


def test_an_update_of_what_is_gone_is_a_conflict_and_creates_nothing(documents):
    with pytest.raises(ConflictError):
        documents.update(Update("things/t", {"n": 3}, WHEN))

    assert documents.get("things/t") is None


def test_update_times_grow_and_read_times_follow_them(documents):
    times = []
    for n in range(5):
        documents.set("things/t", {"n": n})
        found = documents.get("things/t")
        times.append(found.update_time)
        assert found.read_time >= found.update_time

    assert times == sorted(set(times))
    assert all(isinstance(time, datetime) and time.tzinfo for time in times)


def test_a_write_after_a_read_is_later_than_the_read(documents):
    """What rebuilding rests on: whatever a full read did not see has a greater time than the read."""
    documents.set("things/anchor", {"n": 1})
    read_time = documents.get("things/anchor").read_time

    documents.set("things/t", {"n": 1})

    assert documents.get("things/t").update_time > read_time


def test_update_many_writes_each_on_its_own_and_leaves_out_what_somebody_else_wrote(documents):
    for name in ("a", "b", "c"):
        documents.create(f"things/{name}", {"n": 1, "old": True})
    read = {name: documents.get(f"things/{name}") for name in ("a", "b", "c")}
    documents.set("things/b", {"n": 2})
    updates = [Update(found.path, {"n": 9, "old": None}, found.update_time) for found in read.values()]
    updates.append(Update("things/gone", {"n": 9}, WHEN))

    written = documents.update_many(updates)

    assert sorted(written) == ["things/a", "things/c"]
    assert documents.get("things/a").fields == {"n": 9}
    assert documents.get("things/b").fields == {"n": 2}
    assert documents.get("things/gone") is None
    for path, update_time in written.items():
        documents.update(Update(path, {"n": 10}, update_time))  # what it returns is the next precondition


def test_update_many_of_nothing_is_nothing(documents):
    assert documents.update_many([]) == {}


def test_update_many_takes_more_than_one_batch(documents):
    for n in range(60):
        documents.create(f"things/t{n:02}", {"n": n, "pending": True})

    written = documents.update_many(
        [
            Update(found.path, {"pending": False}, found.update_time)
            for found in documents.where_true("things", "pending")
        ]
    )

    assert len(written) == 60
    assert list(documents.where_true("things", "pending")) == []


def test_amending_reads_and_writes_one_document(documents):
    def grow(fields):
        return {"n": (fields or {}).get("n", 0) + 1, "gone": None}

    amend(documents, "things/t", grow)
    amend(documents, "things/t", grow)

    assert documents.get("things/t").fields == {"n": 2}


def test_amending_writes_the_whole_document(documents):
    documents.create("things/t", {"a": 1, "b": 2, "map": {"x": 1, "y": 2}})

    amend(documents, "things/t", lambda fields: {"a": fields["a"] + 1, "map": {"x": 3}})

    assert documents.get("things/t").fields == {"a": 2, "map": {"x": 3}}


def test_amending_may_leave_the_document_alone(documents):
    documents.create("things/t", {"n": 1})
    before = documents.get("things/t").update_time

    amend(documents, "things/t", lambda fields: None)

    assert documents.get("things/t").update_time == before


def test_concurrent_amendments_lose_no_step(documents):
    def grow(fields):
        return {"n": (fields or {}).get("n", 0) + 1}

    threads = [threading.Thread(target=amend, args=(documents, "things/t", grow)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert documents.get("things/t").fields == {"n": 8}


def test_counting_stops_where_it_is_told(documents):
    for n in range(5):
        documents.create(f"things/t{n}", {"awaiting": n != 0})
    documents.create("things/text", {"awaiting": "true"})
    documents.create("things/absent", {})

    assert documents.count_true("things", "awaiting", 10) == 4
    assert documents.count_true("things", "awaiting", 3) == 3
    assert documents.count_true("nothing", "awaiting", 3) == 0


def test_a_query_finds_what_is_true_and_nothing_else(documents):
    documents.create("things/yes", {"pending": True, "n": 1})
    documents.create("things/no", {"pending": False})
    documents.create("others/yes", {"pending": True})

    found = list(documents.where_true("things", "pending"))

    assert [(one.path, one.fields) for one in found] == [("things/yes", {"pending": True, "n": 1})]
    assert found[0].update_time == documents.get("things/yes").update_time


def test_a_query_sees_one_moment(documents):
    for n in range(30):
        documents.create(f"things/t{n:02}", {"pending": True})

    seen = []
    for found in documents.where_true("things", "pending"):
        if not seen:
            documents.set("things/t29", {"pending": False})
            documents.set("things/t99", {"pending": True})
        seen.append(found.id)

    assert sorted(seen) == [f"t{n:02}" for n in range(30)]


@pytest.mark.parametrize("page_size", [1, 2, 3, 4, 7])
def test_pages_hold_the_whole_collection_once_in_order_with_the_fields_asked_for(documents, page_size):
    for name in ("b", "a", "Ä", "10", "9", "_x"):
        documents.create(f"things/{name}", {"kept": name, "dropped": 1})
    documents.create("others/a", {"kept": "no"})

    pages = list(documents.pages("things", ["kept", "absent"], page_size))

    assert [one.id for page in pages for one in page] == ["10", "9", "_x", "a", "b", "Ä"]
    assert all(one.fields == {"kept": one.id} for page in pages for one in page)
    assert all(0 < len(page) <= page_size for page in pages)


@pytest.mark.parametrize(("after", "up_to"), [("", ""), ("b", ""), ("", "b"), ("9", "b"), ("5", "azz"), ("x", "y")])
def test_pages_of_a_range_hold_what_follows_its_start_up_to_its_end(documents, after, up_to):
    names = ["10", "9", "B", "_x", "a", "b", "bb", "Ä"]
    for name in names:
        documents.create(f"things/{name}", {"kept": name})

    pages = documents.pages("things", ["kept"], 2, after, up_to)

    assert [one.id for page in pages for one in page] == [
        name for name in names if name > after and (not up_to or name <= up_to)
    ]


def test_pages_of_nothing_are_none(documents):
    assert list(documents.pages("nothing", ["a"], 10)) == []


def test_a_page_is_read_when_it_is_asked_for(documents):
    for n in range(4):
        documents.create(f"things/t{n}", {"n": n})

    pages = documents.pages("things", ["n"], 2)
    next(pages)
    documents.set("things/t3", {"n": 33})

    assert [one.fields["n"] for one in next(pages)] == [2, 33]


def test_the_newest_come_first(documents):
    for n in (3, 1, 12, 2):
        documents.create(f"things/{n}", {"run": n})
    documents.create("things/other", {"n": 99})

    assert [one.fields["run"] for one in documents.newest("things", "run", 3)] == [12, 3, 2]


def test_reads_and_writes_are_counted_as_billed(documents):
    before = documents.writes
    documents.create("things/a", {"pending": True})
    documents.set("things/b", {"pending": True})
    reads, writes = documents.reads, documents.writes

    documents.get("things/a")
    list(documents.where_true("things", "pending"))
    list(documents.pages("things", ["pending"], 10))
    documents.count_true("things", "pending", 10)

    assert documents.reads - reads == 1 + 2 + 2 + 1
    assert documents.writes == writes == before + 2


@pytest.mark.parametrize("fields", [{"n": [[1]]}, {"n": "x" * 1_100_000}], ids=["list in list", "too large"])
def test_what_firestore_never_stores_is_refused_not_tried_again(documents, fields):
    with pytest.raises(StoreRefusedError):
        documents.set("things/t", fields)

    assert documents.get("things/t") is None


def test_expiry_is_a_moment_the_policy_can_read(documents):
    """TTL itself runs in Google's service only; what it needs is a timestamp."""
    documents.create("things/t", {"expire_at": WHEN + timedelta(days=7)})

    assert isinstance(documents.get("things/t").fields["expire_at"], datetime)
