"""Firestore as a DocumentStore."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from google.api_core import exceptions as api
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1 import FieldFilter
from google.cloud.firestore_v1.bulk_writer import BulkWriter

from restock.errors import ConflictError, StoreRefusedError, StoreUnavailableError
from restock.stores import Fields, Snapshot, Update

CALL_SECONDS = 20.0
"""How long one call may take, its retries included."""

_CONFLICTS = (api.AlreadyExists, api.FailedPrecondition, api.NotFound)
_REFUSALS = (api.InvalidArgument, api.OutOfRange, api.MethodNotImplemented)

_clients: dict[str, firestore.Client] = {}
_lock = threading.Lock()


def client(project: str) -> firestore.Client:
    """The client of this process, made on first use."""
    with _lock:
        if project not in _clients:
            emulated = bool(os.environ.get("FIRESTORE_EMULATOR_HOST"))
            _clients[project] = firestore.Client(project, AnonymousCredentials() if emulated else None)
        return _clients[project]


@contextmanager
def _spoken(what: str) -> Iterator[None]:
    """Google's errors in Restock's words. What an operator can still mend (a missing role) counts as unavailable."""
    try:
        yield
    except _CONFLICTS as exc:
        raise ConflictError(f"{what}: {exc.message}") from exc
    except _REFUSALS as exc:
        raise StoreRefusedError(f"{what}: {exc.message}") from exc
    except (api.GoogleAPIError, ValueError) as exc:
        raise StoreUnavailableError(f"{what}: {exc}") from exc


class FirestoreDocuments:
    """Counts the documents it reads and writes, for the run record. Cheap to make; the connection is shared."""

    def __init__(self, project: str) -> None:
        self._client = client(project)
        self._counting = threading.Lock()
        self.reads = 0
        self.writes = 0

    def get(self, path: str) -> Snapshot | None:
        with _spoken(path):
            found = self._client.document(path).get(timeout=CALL_SECONDS)
        self.reads += 1
        return _snapshot(found) if found.exists else None

    def create(self, path: str, fields: Fields) -> None:
        with _spoken(path):
            self._client.document(path).create(_present(fields), timeout=CALL_SECONDS)
        self.writes += 1

    def set(self, path: str, fields: Fields) -> None:
        with _spoken(path):
            self._client.document(path).set(_present(fields), timeout=CALL_SECONDS)
        self.writes += 1

    def update(self, update: Update) -> None:
        with _spoken(update.path):
            unchanged = self._client.write_option(last_update_time=update.update_time)
            self._client.document(update.path).update(_changed(update.fields), unchanged, timeout=CALL_SECONDS)
        self.writes += 1

    def update_many(self, updates: Sequence[Update]) -> dict[str, datetime]:
        written: dict[str, datetime] = {}
        failures: list[Exception] = []

        def on_write(reference: Any, result: Any, writer: BulkWriter) -> None:
            written[reference.path] = result.update_time

        def on_error(failure: Any, writer: BulkWriter) -> bool:
            if failure.code in (5, 6, 9):  # NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION: somebody else wrote it
                return False
            if failure.attempts < 3:
                return True
            failures.append(StoreUnavailableError(f"{failure.operation.reference.path}: {failure.message}"))
            return False

        with _spoken("bulk write"):
            writer = self._client.bulk_writer()
            writer.on_write_result(on_write)
            writer.on_write_error(on_error)
            for update in updates:
                unchanged = self._client.write_option(last_update_time=update.update_time)
                writer.update(self._client.document(update.path), _changed(update.fields), option=unchanged)
            writer.close()
        self.writes += len(updates)
        if failures:
            raise failures[0]
        return written

    def count_true(self, collection: str, field: str, up_to: int) -> int:
        query = self._client.collection(collection).where(filter=FieldFilter(field, "==", True)).limit(up_to)
        with _spoken(collection):
            results: Any = query.count(alias="n").get(timeout=CALL_SECONDS)  # type: ignore[call-arg]
        self.reads += 1  # billed as one read per 1,000 index entries
        return int(results[0][0].value)

    def where_true(self, collection: str, field: str) -> Iterator[Snapshot]:
        query = self._client.collection(collection).where(filter=FieldFilter(field, "==", True))
        with _spoken(collection):
            for found in query.stream():
                self.reads += 1
                yield _snapshot(found)

    def pages(
        self, collection: str, fields: Sequence[str], page_size: int, after: str = "", up_to: str = ""
    ) -> Iterator[list[Snapshot]]:
        query = self._client.collection(collection).select(list(fields)).order_by("__name__").limit(page_size)
        if up_to:
            query = query.end_at({"__name__": up_to})
        while True:
            with _spoken(collection):
                found = list((query.start_after({"__name__": after}) if after else query).stream())
            page = [_snapshot(one) for one in found]
            with self._counting:
                self.reads += len(page)
            if page:
                after = page[-1].id
                yield page
            if len(page) < page_size:
                return

    def newest(self, collection: str, field: str, limit: int) -> list[Snapshot]:
        query = self._client.collection(collection).order_by(field, direction=firestore.Query.DESCENDING).limit(limit)
        with _spoken(collection):
            found = list(query.stream(timeout=CALL_SECONDS))
        self.reads += len(found)
        return [_snapshot(one) for one in found]


def _snapshot(found: Any) -> Snapshot:
    return Snapshot(found.reference.path, found.to_dict() or {}, found.update_time, found.read_time)


def _present(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _changed(fields: Fields) -> dict[str, Any]:
    return {name: firestore.DELETE_FIELD if value is None else value for name, value in fields.items()}
