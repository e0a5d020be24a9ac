"""Reading Firestore over REST: what breaks off midway is no short collection."""

from __future__ import annotations

import pytest

from restock.errors import StoreUnavailableError
from restock.gcp.firestore_reader import FirestoreReader

PART = {"document": {"name": "projects/p/databases/(default)/documents/spare_parts/p1", "fields": {}}}


def test_a_query_that_breaks_off_after_its_first_rows_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = FirestoreReader("demo-shop")
    rows = [PART, {"error": {"code": 503, "status": "UNAVAILABLE"}}]
    monkeypatch.setattr(reader, "_call", lambda *_: rows)

    with pytest.raises(StoreUnavailableError, match="broke off reading spare_parts: UNAVAILABLE"):
        list(reader.collection("spare_parts", ("stock",)))
