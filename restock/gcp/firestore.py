"""Firestore as a DocumentStore."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from google.api_core import exceptions as api
from google.api_core.retry import Retry, if_transient_error
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import firestore
from google.cloud.firestore_v1 import FieldFilter
from google.cloud.firestore_v1.bulk_batch import BulkWriteBatch

from restock.errors import ConflictError, StoreRefusedError, StoreUnavailableError
from restock.gcp.failures import unavailable
from restock.gcp.values import moment, plain
from restock.stores import Fields, Snapshot, Update, pause

CALL_SECONDS = 20.0
"""How long one call may take, a read's retries included."""
QUERY_SECONDS = 60.0
"""The same for a query: a page of a collection, or of what is pending."""
PAGE_SIZE = 1_000
"""Documents of one answer, where nobody says another number."""
MOST_WRITES = 500
"""Of one batch: Firestore's limit."""
MOST_GOT = 300
"""In one call."""
BATCH_ATTEMPTS = 3

_CONFLICTS = (api.AlreadyExists, api.FailedPrecondition, api.NotFound)
_BY_OTHERS = (5, 6, 9)  # NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION: somebody else wrote it
_REFUSALS = (api.InvalidArgument, api.OutOfRange, api.MethodNotImplemented)

_clients: dict[str, firestore.Client] = {}
_lock = threading.Lock()


def client(project: str) -> firestore.Client:
    """The client of this process, made on first use."""
    with _lock:
        if project not in _clients:
            emulated = bool(os.environ.get("FIRESTORE_EMULATOR_HOST"))
            with _spoken(f"project {project}"):
                _clients[project] = firestore.Client(project, AnonymousCredentials() if emulated else None)
        return _clients[project]


@contextmanager
def _spoken(what: str) -> Iterator[None]:
    """Google's errors in Restock's words. What an operator can still mend (a missing role) counts as unavailable."""
    try:
        yield
    except _CONFLICTS as exc:
        if isinstance(exc, api.NotFound) and "The database" in exc.message:  # the database itself, not a document in it
            raise unavailable(what, exc) from exc
        raise ConflictError(f"{what}: {exc.message}") from exc
    except _REFUSALS as exc:
        raise StoreRefusedError(f"{what}: {exc.message}") from exc
    except (api.GoogleAPIError, GoogleAuthError, ValueError) as exc:
        raise unavailable(what, exc) from exc


class FirestoreDocuments:
    """Counts the documents it reads and writes, for the run record. Cheap to make; the connection is shared."""

    def __init__(self, project: str) -> None:
        self._client = client(project)
        self._counting = threading.Lock()
        self.reads = 0
        self.writes = 0

    def get(self, path: str) -> Snapshot | None:
        return next(iter(self._get(path, [path])), None)

    def get_many(self, paths: Sequence[str]) -> dict[str, Snapshot]:
        found: list[Snapshot] = []
        for start in range(0, len(paths), MOST_GOT):
            found += self._get(f"{len(paths)} documents", paths[start : start + MOST_GOT])
        return {one.path: one for one in found}

    def _get(self, what: str, paths: Sequence[str]) -> list[Snapshot]:
        wanted = {"database": self._client._database_string, "documents": [self._name(path) for path in paths]}
        with _spoken(what):
            answers = self._answers("batch_get_documents", wanted, CALL_SECONDS)
        self.reads += len(answers)
        return [_read(answer.found, answer.read_time) for answer in answers if answer.HasField("found")]

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
        waiting, problem, attempts = list(updates), "", 0
        while waiting and attempts < BATCH_ATTEMPTS:
            if attempts:
                pause(attempts + 4)
            attempts += 1
            tried, waiting = waiting, []
            for start in range(0, len(tried), MOST_WRITES):
                for update, update_time, status in self._write(tried[start : start + MOST_WRITES]):
                    if status.code == 0:
                        written[update.path] = update_time
                    elif status.code not in _BY_OTHERS:
                        waiting, problem = [*waiting, update], f"{update.path}: {status.message}"
        self.writes += len(updates)
        if waiting:
            raise StoreUnavailableError(problem)
        return written

    def _write(self, updates: Sequence[Update]) -> Iterator[tuple[Update, datetime, Any]]:
        batch = BulkWriteBatch(self._client)
        for update in updates:
            unchanged = self._client.write_option(last_update_time=update.update_time)
            batch.update(self._client.document(update.path), _changed(update.fields), option=unchanged)
        with _spoken("batch write"):
            answer = batch.commit(timeout=CALL_SECONDS)
        for update, result, status in zip(updates, answer.write_results, answer.status, strict=True):
            yield update, moment(result._pb.update_time), status

    def count_true(self, collection: str, field: str, up_to: int) -> int:
        query = self._client.collection(collection).where(filter=FieldFilter(field, "==", True)).limit(up_to)
        counted = query.count(alias="n")
        with _spoken(collection):
            results: Any = _again(CALL_SECONDS)(partial(counted.get, retry=None, timeout=CALL_SECONDS))()
        self.reads += 1  # billed as one read per 1,000 index entries
        return int(results[0][0].value)

    def where_true(self, collection: str, field: str) -> Iterator[Snapshot]:
        is_true = {"field": {"field_path": field}, "op": "EQUAL", "value": {"boolean_value": True}}
        for page in self._paged(collection, {"where": {"field_filter": is_true}}, PAGE_SIZE):
            yield from page

    def pages(
        self, collection: str, fields: Sequence[str], page_size: int, after: str = "", up_to: str = ""
    ) -> Iterator[list[Snapshot]]:
        query: dict[str, Any] = {"select": {"fields": [{"field_path": name} for name in fields]}}
        if up_to:
            query["end_at"] = self._just_after(f"{collection}/{up_to}")
        yield from self._paged(collection, query, page_size, after)

    def newest(self, collection: str, field: str, limit: int) -> list[Snapshot]:
        newest_first = {"field": {"field_path": field}, "direction": "DESCENDING"}
        return self._found(collection, {"order_by": [newest_first], "limit": limit})

    def _paged(
        self, collection: str, query: Mapping[str, Any], page_size: int, after: str = ""
    ) -> Iterator[list[Snapshot]]:
        """What the query finds, in order of id: no answer holds more than a page, and each has its own time limit."""
        in_order = {"order_by": [{"field": {"field_path": "__name__"}, "direction": "ASCENDING"}], "limit": page_size}
        while True:
            begin = {"start_at": self._just_after(f"{collection}/{after}")} if after else {}
            page = self._found(collection, {**query, **in_order, **begin})
            if page:
                after = page[-1].id
                yield page
            if len(page) < page_size:
                return

    def _found(self, collection: str, query: Mapping[str, Any]) -> list[Snapshot]:
        above, _, last = collection.rpartition("/")
        wanted = {
            "parent": self._name(above).rstrip("/"),
            "structured_query": {"from_": [{"collection_id": last}], **query},
        }
        with _spoken(collection):
            answers = self._answers("run_query", wanted, QUERY_SECONDS)
        found = [_read(one.document, one.read_time) for one in answers if one.HasField("document")]
        with self._counting:
            self.reads += len(found)
        return found

    def _just_after(self, path: str) -> dict[str, Any]:
        return {"values": [{"reference_value": self._name(path)}], "before": False}

    def _answers(self, call: str, wanted: Mapping[str, Any], seconds: float) -> list[Any]:
        """The messages of a streaming read over the client's channel; a stream that breaks off is begun again."""
        read = getattr(self._client._firestore_api, call)
        metadata = self._client._rpc_metadata

        def messages() -> list[Any]:
            return [one._pb for one in read(request=wanted, metadata=metadata, retry=None, timeout=seconds)]

        return _again(seconds)(messages)()

    def _name(self, path: str) -> str:
        return f"{self._client._database_string}/documents/{path}"


def _again(seconds: float) -> Retry:
    """Instead of the client's own retries, which begin a call that hangs again for five minutes."""
    return Retry(predicate=if_transient_error, initial=0.2, timeout=seconds)


def _read(document: Any, read_time: Any) -> Snapshot:
    path = document.name.partition("/documents/")[2]
    fields = {name: plain(value) for name, value in document.fields.items()}
    times = (moment(document.update_time), moment(read_time), moment(document.create_time))
    return Snapshot(path, fields, *times)


def _present(fields: Fields) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _changed(fields: Fields) -> dict[str, Any]:
    return {name: firestore.DELETE_FIELD if value is None else value for name, value in fields.items()}
