"""Firebase ID tokens: who is calling. google-auth checks the signatures; certificates are kept as long as Google says.

google-auth's own ``verify_firebase_token`` fetches the certificates on every call. Here they are fetched once per
``max-age``, and for a key id never seen (Google rotates its keys) at most once a minute, so that nobody can make this
function hammer Google by inventing key ids.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import json
import math
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from restock.errors import StoreUnavailableError, TokenRefusedError
from restock.gcp.rest import FAILURES, Rest
from restock.serving.access import CHAIN_ADMIN, Caller
from restock.serving.kept import Kept, Reading

CERTIFICATES_URL = "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"
CLOCK_SKEW_SECONDS = 10
REFETCH_SECONDS = 60
LONGEST_TOKEN = 4096
LONGEST_UID = 128
LONGEST_EMAIL = 254


class Certificates:
    """Google's public certificates by key id. Whose key is known never waits for Google."""

    def __init__(self, rest: Rest, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest = rest
        self._url = url
        self._kept = Kept(self._fetch, clock=clock)

    def of(self, key_id: object) -> str:
        """The certificate of this key; raise TokenRefusedError if Google knows none."""
        by_key_id = self._kept.get()
        if isinstance(key_id, str) and key_id not in by_key_id:
            by_key_id = self._kept.get_newer(REFETCH_SECONDS)
        if not isinstance(key_id, str) or key_id not in by_key_id:
            raise TokenRefusedError("it is signed with a key that is not Google's")
        return by_key_id[key_id]

    def fetch_first(self) -> None:
        """Before anybody needs them; a failure is told to the first token."""
        with contextlib.suppress(StoreUnavailableError):
            self._kept.get()

    def _fetch(self) -> Reading[Mapping[str, str]]:
        try:
            answer = self._rest.request("GET", self._url)
            found = json.loads(answer.data) if answer.status == 200 else None
        except (*FAILURES, ValueError):
            found = None
        if not isinstance(found, dict) or not found:
            raise StoreUnavailableError("the certificates that tokens are checked with could not be fetched")
        max_age = re.search(r"max-age=(\d{1,9})", answer.headers.get("Cache-Control", ""))
        return Reading(found, float(max_age[1]) if max_age else REFETCH_SECONDS)


class FirebaseTokens:
    """Checks ID tokens of one Firebase project."""

    def __init__(self, project: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._project = project
        self._certificates = Certificates(Rest(read_seconds=3), CERTIFICATES_URL, clock)
        # The Auth emulator signs nothing, and on Google Cloud no variable makes that acceptable.
        self.emulator = "" if is_google_cloud(os.environ) else os.environ.get("FIREBASE_AUTH_EMULATOR_HOST", "")

    def warm_up(self) -> None:
        """Begin what the first token would wait for: to fetch the certificates and to load the cryptography."""
        if not self.emulator:
            threading.Thread(target=self._certificates.fetch_first, daemon=True).start()
            threading.Thread(target=importlib.import_module, args=("google.auth.jwt",), daemon=True).start()

    def caller_of(self, token: str) -> Caller:
        """Whom this token stands for. Raises TokenRefusedError; StoreUnavailableError if it cannot be checked."""
        if len(token) > LONGEST_TOKEN:
            raise TokenRefusedError("it is too long")
        try:
            claims = self._unsigned(token) if self.emulator else self._signed(token)
            return self._caller(claims)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as exc:
            raise TokenRefusedError(f"it is not valid: {type(exc).__name__}") from exc

    def _signed(self, token: str) -> Mapping[str, Any]:
        from google.auth import jwt

        header = jwt.decode_header(token)
        if header.get("alg") != "RS256":  # neither "none" nor a MAC keyed with the public certificate
            raise TokenRefusedError("it is signed in another way than Firebase signs")
        key_id = header.get("kid")
        certificates = {key_id: self._certificates.of(key_id)}
        claims: Mapping[str, Any] = jwt.decode(
            token, certificates, audience=self._project, clock_skew_in_seconds=CLOCK_SKEW_SECONDS
        )
        return claims

    def _unsigned(self, token: str) -> Mapping[str, Any]:
        header, claims, signature = token.split(".")
        if signature or _segment(header)["alg"] != "none":
            raise TokenRefusedError("it is not one of the emulator's")
        return _segment(claims)

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        now = time.time()
        for claim, low, high in (
            ("exp", now - CLOCK_SKEW_SECONDS, math.inf),
            ("iat", 0, now + CLOCK_SKEW_SECONDS),
            ("auth_time", 0, now + CLOCK_SKEW_SECONDS),
        ):
            if isinstance(claims[claim], bool) or not low <= claims[claim] <= high:
                raise TokenRefusedError(f"its {claim} is not now")
        if claims["aud"] != self._project or claims["iss"] != f"https://securetoken.google.com/{self._project}":
            raise TokenRefusedError("it is of another project")
        uid = claims["sub"]
        if not isinstance(uid, str) or not 0 < len(uid) <= LONGEST_UID:
            raise TokenRefusedError("it names no user")
        provider = (claims.get("firebase") or {}).get("sign_in_provider")
        shop = claims.get("shopId")
        return Caller(
            uid,
            has_admin_claim=claims.get("admin") is True or claims.get("role") == "admin",
            is_anonymous="anonymous" in (provider, claims.get("provider_id")),
            is_unverified="email" in claims and claims.get("email_verified") is not True,
            email=str(claims.get("email") or "")[:LONGEST_EMAIL],
            has_chain_claim=claims.get("restockChain") is True or claims.get("role") == CHAIN_ADMIN,
            shop=shop if isinstance(shop, str) else "",
        )


def is_google_cloud(env: Mapping[str, str]) -> bool:
    """Whether this is the platform itself: it sets K_CONFIGURATION, which no emulator does and no deployer can unset.

    Emulators set K_SERVICE as the platform does; without FUNCTIONS_EMULATOR beside it, it means the platform, too.
    """
    return "K_CONFIGURATION" in env or ("K_SERVICE" in env and env.get("FUNCTIONS_EMULATOR") != "true")


def email_in(token: str) -> str:
    """Whom an ID token that the platform has checked is of; it cannot be verified again, and need not be.

    >>> email_in("eyJhbGciOiJSUzI1NiJ9.eyJlbWFpbCI6ImFubmFAc2hvcC5leGFtcGxlIn0.SIGNATURE_REMOVED_BY_GOOGLE")
    'anna@shop.example'
    """
    try:
        return str(_segment(token.split(".")[1]).get("email") or "")[:LONGEST_EMAIL]
    except (ValueError, IndexError, RecursionError, TokenRefusedError):
        return ""


def _segment(text: str) -> dict[str, Any]:
    decoded = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    if not isinstance(decoded, dict):
        raise TokenRefusedError("it is not an object")
    return decoded
