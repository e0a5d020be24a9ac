"""Reads of Firestore: each call has its time, once; only what passes by itself is tried again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from google.api_core.exceptions import DeadlineExceeded, ServiceUnavailable
from google.cloud.firestore_v1.types import BatchGetDocumentsResponse

from restock.errors import StoreUnavailableError
from restock.gcp.firestore import CALL_SECONDS, FirestoreDocuments

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


class Service:
    """Firestore's batch_get_documents: raises what it is given, then answers that there is nothing."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls: list[tuple[object, float]] = []

    def batch_get_documents(self, request, metadata, *, retry, timeout):
        self.calls.append((retry, timeout))
        if self.failures:
            raise self.failures.pop(0)
        return iter([BatchGetDocumentsResponse(missing=request["documents"][0], read_time=NOON)])


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch) -> FirestoreDocuments:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")
    return FirestoreDocuments("demo-reads")


def test_a_call_that_hangs_has_had_its_time(documents, monkeypatch):
    service = Service(DeadlineExceeded("too late"))
    monkeypatch.setattr(documents._client, "_firestore_api_internal", service)

    with pytest.raises(StoreUnavailableError):
        documents.get("things/t")
    assert service.calls == [(None, CALL_SECONDS)]


def test_what_passes_by_itself_is_tried_again(documents, monkeypatch):
    service = Service(ServiceUnavailable("try again"))
    monkeypatch.setattr(documents._client, "_firestore_api_internal", service)

    assert documents.get("things/t") is None
    assert len(service.calls) == 2
