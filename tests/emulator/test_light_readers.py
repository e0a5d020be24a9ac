"""The forecast function's own small clients against the servers whose official clients they replace."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from restock.counting.bookings import read_booked
from restock.errors import BucketMissingError, StoreUnavailableError
from restock.gcp.bucket_reader import BucketReader
from restock.gcp.firestore_reader import FirestoreReader
from tests.builders import rules


@pytest.fixture
def stored(storage_server, bucket):
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import storage

    return storage.Client(project="demo", credentials=AnonymousCredentials()).bucket(bucket)


def test_an_object_comes_with_the_generation_the_client_sees(stored, bucket):
    data = bytes(range(256)) * 4000
    blob = stored.blob("models/7/forecast")
    blob.upload_from_string(data)
    blob.reload()

    read = BucketReader(bucket).read("models/7/forecast")

    assert hashlib.sha256(read.data).digest() == hashlib.sha256(data).digest()
    assert read.generation == blob.generation


def test_an_overwritten_object_has_another_generation(stored, bucket):
    reader = BucketReader(bucket)
    stored.blob("models/current.json").upload_from_string("1")
    first = reader.read("models/current.json")
    stored.blob("models/current.json").upload_from_string("2")

    second = reader.read("models/current.json")

    assert (first.data, second.data) == (b"1", b"2")
    assert first.generation != second.generation


def test_what_is_not_there_is_none(stored, bucket):
    assert BucketReader(bucket).read("models/current.json") is None


@pytest.mark.usefixtures("storage_server")
def test_a_bucket_that_is_not_there_is_told_apart_from_an_object_that_is_not():
    with pytest.raises(BucketMissingError, match="no-such-bucket does not exist"):
        BucketReader("no-such-bucket").read("models/current.json")
    with pytest.raises(BucketMissingError):
        BucketReader("no-such-bucket").versions()


def test_the_stored_versions_are_listed(stored, bucket):
    for name in (
        "models/3/forecast",
        "models/3/manifest.json",
        "models/12/forecast",
        "models/current.json",
        "history/9.parquet",
    ):
        stored.blob(name).upload_from_string("x")

    assert sorted(BucketReader(bucket).versions()) == [3, 12]


def test_a_server_that_is_not_there_is_unavailable(monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:9")

    with pytest.raises(StoreUnavailableError):
        BucketReader("bucket").read("models/current.json")
    with pytest.raises(StoreUnavailableError):
        FirestoreReader("demo").document(("users", "anna"), ("role",))
    with pytest.raises(StoreUnavailableError):
        list(FirestoreReader("demo").collection("spare_parts", ("stock",)))


def test_documents_come_with_the_fields_asked_for(firestore_emulator, project):
    from google.cloud import firestore

    client = firestore.Client(project=project)
    client.collection("spare_parts").document("oil").set({"stock": 7, "name": "Oil", "price": 3.5, "tags": ["x"]})
    client.collection("spare_parts").document("belt").set({"stock": "2.5", "leadTimeDays": 3.0, "onOrder": None})
    client.collection("spare_parts").document("bare").set({"name": "Bare"})
    client.collection("users").document("anna").set({"role": "admin", "isActive": True, "email": "anna@shop.example"})
    reader = FirestoreReader(project)

    parts = dict(reader.collection("spare_parts", ("stock", "leadTimeDays", "onOrder")))

    assert parts == {"oil": {"stock": 7}, "belt": {"stock": "2.5", "leadTimeDays": 3.0, "onOrder": None}, "bare": {}}
    assert reader.document(("users", "anna"), ("role", "isActive")) == {"role": "admin", "isActive": True}
    assert reader.document(("users", "nobody"), ("role",)) is None
    for impossible in ("../spare_parts/oil", "..", ".", "__id__", ""):
        assert reader.document(("users", impossible), ("stock",)) is None
    assert list(reader.collection("nothing_here", ("stock",))) == []


def test_flags_are_counted_and_moments_read(firestore_emulator, project):
    from google.cloud import firestore

    client = firestore.Client(project=project)
    noon = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
    client.document("restock_state/retrain").set({"retry_at": noon, "failures": 2, "lease": {"holder": "x"}})
    for number in range(5):
        client.collection("restock_changes").document(f"a{number}").set({"awaiting": number < 3, "pending": True})
    reader = FirestoreReader(project)

    assert reader.count_true("restock_changes", "awaiting") == 3
    assert reader.count_true("nothing_here", "awaiting") == 0
    state = reader.document(("restock_state", "retrain"), ("retry_at", "failures", "last_error"))
    assert state == {"retry_at": noon, "failures": 2}


def test_a_shop_of_a_chain_reads_its_own_objects_alone(stored, bucket):
    for name in ("models/shops/north/current.json", "models/shops/north/7/forecast", "models/shops/north2/8/forecast"):
        stored.blob(name).upload_from_string(name)
    north = BucketReader(bucket).under("shops/north/")

    assert north.read("models/7/forecast").data == b"models/shops/north/7/forecast"
    assert north.read("models/8/forecast") is None
    assert north.versions() == [7]


@pytest.mark.usefixtures("firestore_emulator")
def test_a_shop_of_a_chain_reads_its_own_documents_alone_and_the_chain_many_at_once(project):
    from restock.gcp.firestore import FirestoreDocuments

    written = FirestoreDocuments(project)
    for shop in ("north", "north2"):
        written.set(f"shops/{shop}/spare_parts/p1", {"name": shop})
        written.set(f"shops/{shop}/restock_changes/a1", {"awaiting": True})
        written.set(f"shops/{shop}/restock_state/summary", {"of": shop})
    whole = FirestoreReader(project)
    north = whole.under("shops/north/")

    assert list(north.collection("spare_parts", ("name",))) == [("p1", {"name": "north"})]
    assert north.document(("spare_parts", "p1"), ("name",)) == {"name": "north"}
    assert north.count_true("restock_changes", "awaiting") == 1
    assert list(whole.collection("spare_parts", ("name",))) == []
    paths = [f"shops/{shop}/restock_state/summary" for shop in ("north", "north2", "south")]
    assert whole.documents(paths) == {path: {"of": path.split("/")[1]} for path in paths[:2]}
    assert whole.document(("shops", "north", "spare_parts", "p1"), ()) == {"name": "north"}


@pytest.mark.usefixtures("firestore_emulator")
def test_a_shop_of_a_chain_writes_its_own_orders_alone(project):
    from restock.gcp.order_documents import OrderDocuments
    from restock.serving.ordering.store import Write

    whole = OrderDocuments(project)
    whole.under("shops/north/").commit([Write("restock_orders/o1", {"status": "draft"}, None)])

    assert whole.get("restock_orders/o1") is None
    assert whole.get("shops/north/restock_orders/o1").fields == {"status": "draft"}
    assert [one.id for one in whole.under("shops/north/").all("restock_orders")] == ["o1"]
    assert whole.under("shops/south/").all("restock_orders") == []


@pytest.mark.usefixtures("firestore_emulator")
def test_bookings_of_some_days_are_found_by_either_field_and_kind(project):
    """Three queries with bounds on one field each need no index but those every field has."""
    from restock.gcp.firestore import FirestoreDocuments

    day = datetime(2026, 3, 4, 9, tzinfo=UTC)
    written = {
        "timestamp": {"status": "pending", "service": "Oil\nChange", "date": "2026-03-04", "dateTime": day},
        "moved": {"status": "pending", "date": "2026-01-04", "dateTime": "2026-03-05T10:00:00.000"},
        "text": {"status": "confirmed", "date": "2026-03-05"},
        "done": {"status": "completed", "date": "2026-03-05"},
        "later": {"status": "pending", "date": "2026-03-06", "dateTime": day + timedelta(2)},
    }
    documents = FirestoreDocuments(project)
    for id, fields in written.items():
        documents.set(f"appointments/{id}", fields)

    found = read_booked(FirestoreReader(project), day.date(), 2, rules())

    assert [one.id for one in found.bookings] == ["timestamp", "moved", "text"]
    assert found.bookings[0].service == "oil change"
    assert (found.read, found.is_cut) == (6, False)
