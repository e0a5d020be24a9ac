"""Cloud Storage as an ObjectStore, for retrain. (forecast has a lighter reader of its own.)"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import requests
from google.api_core import exceptions as api
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage

from restock.errors import BucketMissingError, ConflictError, StoreUnavailableError
from restock.gcp.failures import unavailable
from restock.stored.stored_object import StoredObject
from restock.stores import ObjectInfo

_clients: dict[str, storage.Client] = {}
_lock = threading.Lock()


def client(project: str) -> storage.Client:
    """The client of this process, made on first use."""
    with _lock:
        if project not in _clients:
            emulated = bool(os.environ.get("STORAGE_EMULATOR_HOST"))
            with _spoken(f"project {project}"):
                _clients[project] = storage.Client(project, AnonymousCredentials() if emulated else None)
        return _clients[project]


@contextmanager
def _spoken(name: str) -> Iterator[None]:
    try:
        yield
    except api.PreconditionFailed as exc:
        raise ConflictError(f"{name}: somebody else wrote it first") from exc
    except (api.GoogleAPIError, GoogleAuthError, requests.RequestException) as exc:
        raise unavailable(name, exc) from exc


def _is_absent(exc: StoreUnavailableError) -> bool:
    """The object is not there; its bucket is."""
    return isinstance(exc.__cause__, api.NotFound) and not isinstance(exc, BucketMissingError)


class BucketObjects:
    def __init__(self, project: str, bucket: str) -> None:
        self._bucket = client(project).bucket(bucket)

    def read(self, name: str) -> StoredObject | None:
        blob = self._bucket.blob(name)  # a new one each time: a Blob pins the generation it first saw
        try:
            with _spoken(name):
                data = blob.download_as_bytes()
        except StoreUnavailableError as exc:
            if _is_absent(exc):
                return None
            raise
        return StoredObject(data, int(blob.generation))

    def write(self, name: str, data: bytes, *, if_generation: int) -> int:
        blob = self._bucket.blob(name)
        kind = "application/json" if name.endswith(".json") else "application/octet-stream"
        with _spoken(name):
            blob.upload_from_string(data, content_type=kind, if_generation_match=if_generation)
        return int(blob.generation)

    def erase(self, prefix: str, keep: str) -> list[str]:
        """Delete every generation of every object under the prefix but ``keep``; returns their names, each once."""
        with _spoken(prefix):
            found = [blob for blob in self._bucket.list_blobs(prefix=prefix, versions=True) if blob.name != keep]
            for blob in found:
                with suppress(api.NotFound):  # gone already: what was wanted
                    self._bucket.delete_blob(blob.name, generation=int(blob.generation))
        return sorted({blob.name for blob in found})

    def list(self, prefix: str) -> list[ObjectInfo]:
        with _spoken(prefix):
            return [
                ObjectInfo(blob.name, int(blob.generation), int(blob.size or 0), blob.updated)
                for blob in self._bucket.list_blobs(prefix=prefix)
            ]

    def delete(self, name: str) -> None:
        try:
            with _spoken(name):
                self._bucket.blob(name).delete()
        except StoreUnavailableError as exc:
            if not _is_absent(exc):  # gone already: what was wanted
                raise
