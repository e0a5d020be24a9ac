"""What there is to mend has an error of its own, whichever of Google's clients met it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from restock.errors import BucketMissingError, NotPermittedError, NotSignedInError, StoreUnavailableError
from restock.gcp import firestore, storage, tasks
from restock.gcp.failures import unavailable

PLUGIN = "Getting metadata from plugin failed with error: ('invalid_grant: Bad Request', {'error': 'invalid_grant'})"


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (auth.DefaultCredentialsError("Your default credentials were not found."), NotSignedInError),
        (auth.RefreshError("Reauthentication is needed."), NotSignedInError),
        (api.Unauthenticated("Request had invalid authentication credentials."), NotSignedInError),
        (api.ServiceUnavailable(PLUGIN), NotSignedInError),
        (api.PermissionDenied("Missing or insufficient permissions."), NotPermittedError),
        (api.Forbidden("ann@example.com does not have storage.objects.get access"), NotPermittedError),
        (api.NotFound("GET https://x: The specified bucket does not exist."), BucketMissingError),
        (api.NotFound("GET https://x: No such object: b/models/current.json"), StoreUnavailableError),
        (api.ServiceUnavailable("failed to connect to all addresses"), StoreUnavailableError),
        (auth.TransportError("no route to host"), StoreUnavailableError),
    ],
)
def test_each_failure_has_the_error_that_says_what_to_mend(raised: Exception, told: type[Exception]) -> None:
    found = unavailable("models/current.json", raised)

    assert type(found) is told
    assert str(found).startswith("models/current.json: ")


def test_no_credentials_are_told_when_a_client_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    for name in ("FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    for module in (firestore, storage, tasks):
        monkeypatch.setattr(module, "_clients", {})

    for make in (lambda: firestore.client("p"), lambda: storage.client("p"), lambda: tasks.client("")):
        with pytest.raises(NotSignedInError, match="default credentials were not found"):
            make()


def test_a_deleted_database_is_nobodys_race() -> None:
    with pytest.raises(StoreUnavailableError, match="does not exist for project"), firestore._spoken("a/b"):
        raise api.NotFound("The database (default) does not exist for project my-shop")


class WithoutBuckets(BaseHTTPRequestHandler):
    """Cloud Storage, of a bucket that is gone: JSON from its API, bare words where bytes were asked for."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        words = "The specified bucket does not exist."
        text = words if "alt=media" in self.path else json.dumps({"error": {"code": 404, "message": words}})
        self.send_response(404)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_POST = do_DELETE = do_GET

    def log_message(self, *_: object) -> None:
        """Quiet."""


def test_a_bucket_that_is_gone_is_not_an_object_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    server = HTTPServer(("127.0.0.1", 0), WithoutBuckets)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(storage, "_clients", {})
    gone = storage.BucketObjects("p", "deleted-yesterday")
    try:
        for touch in (
            lambda: gone.read("models/current.json"),
            lambda: gone.list("models/"),
            lambda: gone.write("a.json", b"1", if_generation=0),
            lambda: gone.erase("history/", keep=""),
            lambda: gone.delete("models/1/forecast"),
        ):
            with pytest.raises(BucketMissingError):
                touch()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
