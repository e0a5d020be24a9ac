"""What there is to mend has an error of its own, whichever of Google's clients met it."""

from __future__ import annotations

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
