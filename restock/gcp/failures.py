"""What Google's clients raise, in Restock's words: the same for Firestore, Cloud Storage and Cloud Tasks.

Whatever an operator can still mend (no sign-in, a missing role, a deleted bucket) counts as unavailable, so that what
waits for it is tried again; its own class says what there is to mend.
"""

from __future__ import annotations

from google.api_core import exceptions as api
from google.auth import exceptions as auth

from restock.errors import BucketMissingError, NotPermittedError, NotSignedInError, StoreUnavailableError

_OF_SIGNING_IN = (auth.DefaultCredentialsError, auth.RefreshError, auth.UserAccessTokenError, api.Unauthorized)
_SIGNING_IN_OVER_GRPC = "Getting metadata from plugin failed"
"""gRPC asks for the token itself, and tells only in words that it got none."""


def unavailable(what: str, exc: Exception) -> StoreUnavailableError:
    """The error to raise ``from exc``; ``what`` names the document, object or queue that was asked for."""
    words = f"{what}: {exc}"
    if isinstance(exc, _OF_SIGNING_IN) or _SIGNING_IN_OVER_GRPC in str(exc):
        return NotSignedInError(words)
    if isinstance(exc, api.Forbidden):
        return NotPermittedError(words)
    if isinstance(exc, api.NotFound) and "bucket does not exist" in str(exc):
        return BucketMissingError(words)
    return StoreUnavailableError(words)
