"""Reads the pointer and the artifacts from Cloud Storage with plain GETs on one kept connection.

google-cloud-storage would double the cold start for two reads. A version's artifact is write-once, so its name says
which bytes are meant and the pointer's digest proves them; ``x-goog-generation`` says which pointer it was.
"""

from __future__ import annotations

import copy
import json
import os
from typing import Any
from urllib.parse import quote, urlencode

from restock.errors import BucketMissingError, StoreUnavailableError
from restock.gcp.access_token import AccessToken
from restock.gcp.rest import FAILURES, Reply, Rest
from restock.stored import names
from restock.stored.stored_object import StoredObject


class BucketReader:
    """Reads objects of one bucket; ``STORAGE_EMULATOR_HOST`` switches to an emulator, which wants no token."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._below = ""
        self._rest = Rest()
        emulator = os.environ.get("STORAGE_EMULATOR_HOST", "").rstrip("/")
        if emulator and "://" not in emulator:
            emulator = f"http://{emulator}"
        self._token = None if emulator else AccessToken(self._rest)
        self._objects = f"{emulator or 'https://storage.googleapis.com'}/storage/v1/b/{quote(bucket, safe='')}/o"

    def under(self, root: str) -> BucketReader:
        """The same connections, for the objects of a shop of a chain."""
        other = copy.copy(self)
        other._below = root
        return other

    def read(self, name: str) -> StoredObject | None:
        """The object as it is now, or None if there is none. Raises BucketMissingError if there is no bucket."""
        name = names.placed(name, self._below)
        answer = self._get(f"{self._objects}/{quote(name, safe='')}?alt=media", name)
        if answer.status == 404:
            self._list({"prefix": name, "maxResults": "1"})  # which of the two is missing, a 404 does not say
            return None
        generation = answer.headers.get("x-goog-generation", "")
        if not generation.isdecimal():
            raise StoreUnavailableError(f"{name} came without its generation")
        return StoredObject(answer.data, int(generation))

    def versions(self) -> list[int]:
        """The versions that are stored, from the folders under ``models/``."""
        found: list[int] = []
        query = {"prefix": names.placed(names.MODELS, self._below), "delimiter": "/"}
        while True:
            listed = self._list(query)
            folders = (prefix.split("/")[-2] for prefix in listed.get("prefixes", []))
            found += [int(folder) for folder in folders if folder.isdecimal()]
            if not (page := listed.get("nextPageToken")):
                return found
            query["pageToken"] = page

    def _list(self, query: dict[str, str]) -> dict[str, Any]:
        answer = self._get(f"{self._objects}?{urlencode(query)}", query["prefix"])
        if answer.status == 404:
            raise BucketMissingError(f"the bucket {self._bucket} does not exist")
        try:
            listed: dict[str, Any] = json.loads(answer.data)
        except ValueError as exc:
            raise StoreUnavailableError(f"{query['prefix']} could not be listed: no JSON") from exc
        return listed

    def _get(self, url: str, name: str) -> Reply:
        headers = {"Authorization": self._token()} if self._token else {}
        try:
            answer = self._rest.request("GET", url, headers=headers)
        except FAILURES as exc:
            raise StoreUnavailableError(f"{name} could not be read: {type(exc).__name__}") from exc
        if answer.status not in (200, 404):
            raise StoreUnavailableError(f"{name} could not be read: status {answer.status}")
        return answer
