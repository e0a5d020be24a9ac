"""The only writes of the forecast function: orders and what an owner knows of parts, over Firestore's REST interface.

Every write is a ``:commit`` with a precondition. A lost race is 400 FAILED_PRECONDITION there, as a malformed request
is 400 INVALID_ARGUMENT: the status word tells them apart, not the number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from restock.errors import ConflictError, NotPermittedError, StoreRefusedError, StoreUnavailableError
from restock.gcp.firestore_reader import FirestoreReader
from restock.gcp.tagged import plain, tagged
from restock.serving.ordering.store import Stored, Write
from restock.stored import names

WRITABLE = (names.ORDERS, names.PART_FACTS)
"""This class writes nothing else, though its account could: Firestore's roles know no collections."""

_CONFLICTS = ("FAILED_PRECONDITION", "ALREADY_EXISTS", "ABORTED")


class OrderDocuments(FirestoreReader):
    """See :class:`restock.serving.ordering.store.OrderStore`."""

    def get(self, path: str) -> Stored | None:
        found = self._call("GET", f"/{quote(path)}")
        return None if found is None else _stored(found)

    def all(self, collection: str) -> list[Stored]:
        return list(self._query({"from": [{"collectionId": collection}]}))

    def equal(self, collection: str, field: str, value: str) -> list[Stored]:
        return self._where(collection, field, "EQUAL", value)

    def since(self, collection: str, field: str, moment: datetime) -> list[Stored]:
        return self._where(collection, field, "GREATER_THAN_OR_EQUAL", moment)

    def _where(self, collection: str, field: str, operator: str, value: Any) -> list[Stored]:
        is_it = {"field": {"fieldPath": field}, "op": operator, "value": tagged({"value": value})["value"]}
        return list(self._query({"from": [{"collectionId": collection}], "where": {"fieldFilter": is_it}}))

    def newest(self, collection: str, field: str, limit: int) -> list[Stored]:
        order = [{"field": {"fieldPath": field}, "direction": "DESCENDING"}]
        return list(self._query({"from": [{"collectionId": collection}], "orderBy": order, "limit": limit}))

    def commit(self, writes: Sequence[Write]) -> list[str]:
        answer = self._send("POST", ":commit", {"writes": [self._write(write) for write in writes]})
        try:
            content = json.loads(answer.data)
            if answer.status == 200:
                results = content.get("writeResults", [])
                return [result.get("updateTime", write.version) for result, write in zip(results, writes, strict=True)]
            word, why = content["error"].get("status", ""), content["error"].get("message", "")
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise StoreUnavailableError(f"Firestore did not say what it wrote: status {answer.status}") from exc
        if word in _CONFLICTS:
            raise ConflictError(why)
        if word == "PERMISSION_DENIED":
            raise NotPermittedError(why)
        if word == "INVALID_ARGUMENT":
            raise StoreRefusedError(why)
        raise StoreUnavailableError(f"Firestore could not be written: status {answer.status} {word}")

    def _write(self, write: Write) -> dict[str, Any]:
        if write.path.partition("/")[0] not in WRITABLE:
            raise StoreRefusedError(f"{write.path} is none of ours to write")
        name = f"{self._root}{self._below}/{write.path}"
        now = {"exists": False} if write.version is None else {"updateTime": write.version}
        return {"update": {"name": name, "fields": tagged(write.fields)}, "currentDocument": now}

    def _query(self, query: Mapping[str, Any]) -> Iterator[Stored]:
        for row in self._call("POST", ":runQuery", {"structuredQuery": query}) or []:
            if "error" in row:  # the stream had begun with status 200
                raise StoreUnavailableError(f"Firestore broke off reading: {row['error'].get('status')}")
            if "document" in row:
                yield _stored(row["document"])


def _stored(document: Mapping[str, Any]) -> Stored:
    return Stored(document["name"].rsplit("/", 1)[-1], plain(document), document["updateTime"])
