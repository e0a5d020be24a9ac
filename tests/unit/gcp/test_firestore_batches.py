"""Many writes at once: each status is heeded, and no failure of the service goes unsaid or waits for ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from google.api_core.exceptions import InternalServerError
from google.cloud.firestore_v1.types import BatchWriteResponse

from restock.errors import StoreUnavailableError
from restock.gcp.firestore import BATCH_ATTEMPTS, MOST_WRITES, FirestoreDocuments
from restock.stores import Update

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OK, CONFLICT, UNAVAILABLE = 0, 9, 14


class Service:
    """Firestore's batch_write: the status of each write by the number of the call and of the write."""

    def __init__(self, status: Callable[[int, int], int]) -> None:
        self.status = status
        self.sizes: list[int] = []

    def batch_write(self, request, **_) -> BatchWriteResponse:
        self.sizes.append(len(request["writes"]))
        codes = [self.status(len(self.sizes), k) for k in range(self.sizes[-1])]
        return BatchWriteResponse(
            write_results=[{"update_time": NOON if code == OK else None} for code in codes],
            status=[{"code": code, "message": "try again" if code else ""} for code in codes],
        )


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr("restock.stores.time.sleep", found.append)
    return found


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> Callable[..., dict[str, datetime]]:
    """``written(service, 5)``: what five updates give."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:1")

    def write(service: Service, number: int) -> dict[str, datetime]:
        documents = FirestoreDocuments("demo-batches")
        monkeypatch.setattr(documents._client, "_firestore_api_internal", service)
        return documents.update_many([Update(f"things/t{k}", {"n": k}, NOON) for k in range(number)])

    return write


def test_batches_are_as_large_as_firestore_takes_them_and_wait_for_nothing(written, pauses):
    service = Service(lambda call, k: OK)

    assert len(written(service, 1200)) == 1200
    assert service.sizes == [MOST_WRITES, MOST_WRITES, 200]
    assert pauses == []


def test_what_failed_for_now_is_tried_again_once_and_nothing_else(written, pauses):
    service = Service(lambda call, k: UNAVAILABLE if call == 1 and k == 3 else OK)

    assert written(service, 5) == {f"things/t{k}": NOON for k in range(5)}
    assert service.sizes == [5, 1]
    assert len(pauses) == 1


def test_what_somebody_else_wrote_meanwhile_is_left_out(written):
    assert written(Service(lambda call, k: CONFLICT if k == 1 else OK), 3) == {"things/t0": NOON, "things/t2": NOON}


def test_what_fails_again_and_again_is_said(written):
    service = Service(lambda call, k: UNAVAILABLE if k == 0 else OK)

    with pytest.raises(StoreUnavailableError, match="things/t0: try again"):
        written(service, 5)
    assert len(service.sizes) == BATCH_ATTEMPTS


def test_a_call_that_fails_is_said_however_many_writes_there_are(written):
    def fail(call: int, k: int) -> int:
        raise InternalServerError("try again")

    with pytest.raises(StoreUnavailableError, match="batch write"):
        written(Service(fail), 1200)
