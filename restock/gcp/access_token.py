"""The access token of the function's own service account, from the metadata server: one GET an hour.

google-auth gives the same token and loads ``requests`` for it: half a constant function's cold start again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

from restock.errors import StoreUnavailableError
from restock.gcp.rest import FAILURES, Rest
from restock.serving.kept import Kept, Reading

RENEW_BEFORE_SECONDS = 225
"""The metadata server itself renews a token this long before its end (google-auth uses the same margin)."""
SHORTEST_FRESH_SECONDS = 10
"""A token nearer to its end than that is used all the same; it is only asked after more often."""
UNUSABLE_BEFORE_SECONDS = 5
"""A request takes its time to arrive."""


class AccessToken:
    """Call it for the value of an ``Authorization`` header."""

    def __init__(self, rest: Rest, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest = rest
        self._kept = Kept(self._fetch, clock=clock)

    def __call__(self) -> str:
        """Raises StoreUnavailableError when the metadata server gives none."""
        return f"Bearer {self._kept.get()}"

    def _fetch(self) -> Reading[str]:
        host = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
        url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
        try:
            answer = self._rest.request("GET", url, headers={"Metadata-Flavor": "Google"})
            token = json.loads(answer.data) if answer.status == 200 else {}
            value, lifetime = str(token["access_token"]), float(token["expires_in"])
        except (*FAILURES, ValueError, KeyError, TypeError) as exc:
            raise StoreUnavailableError("the metadata server gave no access token") from exc
        fresh = max(lifetime - RENEW_BEFORE_SECONDS, SHORTEST_FRESH_SECONDS)
        return Reading(value, fresh, usable_seconds=lifetime - UNUSABLE_BEFORE_SECONDS)
