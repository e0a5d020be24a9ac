"""Reads a few fields of a few documents from Firestore, over REST.

The Firestore client costs half a second to import and a gRPC channel to open: for one query now and then, the lightest
way is the one POST that the client would make. ``FIRESTORE_EMULATOR_HOST`` switches to an emulator.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterator, Sequence
from typing import Any, Self
from urllib.parse import quote, urlencode

from restock.errors import StoreUnavailableError
from restock.gcp.access_token import AccessToken
from restock.gcp.rest import FAILURES, Reply, Rest
from restock.gcp.tagged import plain, tagged

MOST_GOT = 300
"""Documents in one call."""
OF_THE_DATABASE = (":commit", ":batchGet")
"""Calls that name their documents whole, and are no shop's."""


class FirestoreReader:
    """Documents come as plain values: numbers, texts, booleans, moments; what is none of these comes as None."""

    def __init__(self, project: str) -> None:
        self._rest = Rest(read_seconds=10)
        emulator = os.environ.get("FIRESTORE_EMULATOR_HOST", "")
        self._token = None if emulator else AccessToken(self._rest)
        address = f"http://{emulator}" if emulator else "https://firestore.googleapis.com"
        self._root = f"projects/{project}/databases/(default)/documents"
        self._documents = f"{address}/v1/{quote(self._root, safe='/()')}"
        self._below = ""

    def under(self, root: str) -> Self:
        """The same connections, for the documents of a shop of a chain."""
        other = copy.copy(self)
        other._below = f"/{root}".rstrip("/")
        return other

    def document(self, path: Sequence[str], fields: Sequence[str]) -> dict[str, Any] | None:
        """These fields of one document, or None if there is none."""
        if any(not _IS_ID(word) for word in path):
            return None
        address = "/".join(quote(word, safe="") for word in path)
        found = self._call("GET", f"/{address}?" + urlencode([("mask.fieldPaths", field) for field in fields]))
        return None if found is None else plain(found)

    def collection(self, name: str, fields: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """The id and these fields of every document."""
        query = {"from": [{"collectionId": name}], "select": {"fields": [{"fieldPath": field} for field in fields]}}
        return self._rows(name, query)

    def between(
        self, name: str, field: str, bounds: tuple[Any, Any], fields: Sequence[str], most: int
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """The id and these fields of documents whose field is from the first bound until before the second, the least
        first."""
        ends = tagged(dict(zip(("GREATER_THAN_OR_EQUAL", "LESS_THAN"), bounds, strict=True)))
        filters = [{"fieldFilter": {"field": {"fieldPath": field}, "op": op, "value": end}} for op, end in ends.items()]
        query = {
            "from": [{"collectionId": name}],
            "select": {"fields": [{"fieldPath": one} for one in fields]},
            "where": {"compositeFilter": {"op": "AND", "filters": filters}},
            "orderBy": [{"field": {"fieldPath": field}, "direction": "ASCENDING"}],
            "limit": most,
        }
        return self._rows(name, query)

    def _rows(self, name: str, query: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in self._call("POST", ":runQuery", {"structuredQuery": query}) or []:
            if "error" in row:  # the stream had begun with status 200
                raise StoreUnavailableError(f"Firestore broke off reading {name}: {row['error'].get('status')}")
            if "document" in row:
                yield row["document"]["name"].rsplit("/", 1)[-1], plain(row["document"])

    def documents(self, paths: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Those that exist, by path from the root."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(paths), MOST_GOT):
            wanted = [f"{self._root}/{path}" for path in paths[start : start + MOST_GOT]]
            for row in self._call("POST", ":batchGet", {"documents": wanted}) or []:
                if document := row.get("found"):
                    found[document["name"].removeprefix(f"{self._root}/")] = plain(document)
        return found

    def count_true(self, collection: str, field: str) -> int:
        """How many documents have this flag set."""
        is_set = {"fieldFilter": {"field": {"fieldPath": field}, "op": "EQUAL", "value": {"booleanValue": True}}}
        query = {"from": [{"collectionId": collection}], "where": is_set}
        asked = {
            "structuredAggregationQuery": {"structuredQuery": query, "aggregations": [{"alias": "n", "count": {}}]}
        }
        rows = self._call("POST", ":runAggregationQuery", asked) or []
        try:
            return int(rows[0]["result"]["aggregateFields"]["n"]["integerValue"])
        except (KeyError, IndexError, TypeError, ValueError) as exc:
            raise StoreUnavailableError(f"Firestore did not count {collection}") from exc

    def _call(self, method: str, address: str, body: Any = None) -> Any:
        answer = self._send(method, address, body)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise StoreUnavailableError(f"Firestore could not be read: status {answer.status}")
        try:
            return json.loads(answer.data)
        except ValueError as exc:
            raise StoreUnavailableError(f"Firestore could not be read: {type(exc).__name__}") from exc

    def _send(self, method: str, address: str, body: Any = None) -> Reply:
        headers = {"Authorization": self._token() if self._token else "Bearer owner"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        try:
            below = "" if address in OF_THE_DATABASE else self._below
            return self._rest.request(method, self._documents + below + address, body=content, headers=headers)
        except FAILURES as exc:
            raise StoreUnavailableError(f"Firestore did not answer: {type(exc).__name__}") from exc


_IS_ID = re.compile(r"(?!\.\.?$|__.*__$)[^/]+").fullmatch  # Firestore refuses any other as an id
