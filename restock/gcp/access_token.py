"""The access token of the function's own service account, from the metadata server: one GET an hour.

google-auth gives the same token and loads ``requests`` for it: half a constant function's cold start again.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable

from restock.errors import StoreUnavailableError
from restock.gcp.rest import FAILURES, Rest

REFRESH_BEFORE_SECONDS = 225
"""The metadata server itself renews a token this long before its end (google-auth uses the same margin)."""


class AccessToken:
    """Call it for the value of an ``Authorization`` header."""

    def __init__(self, rest: Rest, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest = rest
        self._clock = clock
        self._value = ""
        self._good_until = float("-inf")
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """Raises StoreUnavailableError when the metadata server gives none."""
        with self._lock:
            if self._clock() >= self._good_until:
                self._fetch()
            return f"Bearer {self._value}"

    def _fetch(self) -> None:
        host = os.environ.get("GCE_METADATA_HOST", "metadata.google.internal")
        url = f"http://{host}/computeMetadata/v1/instance/service-accounts/default/token"
        try:
            answer = self._rest.request("GET", url, headers={"Metadata-Flavor": "Google"})
            token = json.loads(answer.data) if answer.status == 200 else {}
            self._value, lifetime = str(token["access_token"]), float(token["expires_in"])
        except (*FAILURES, ValueError, KeyError, TypeError) as exc:
            raise StoreUnavailableError("the metadata server gave no access token") from exc
        self._good_until = self._clock() + max(0.0, lifetime - REFRESH_BEFORE_SECONDS)
