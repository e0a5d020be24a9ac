"""Deliveries that were given up, which Pub/Sub keeps for days with the whole appointment in them: let go at once."""

from __future__ import annotations

from datetime import datetime

import google.auth
import requests
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession

from restock.errors import NotPermittedError, StoreUnavailableError
from restock.gcp.failures import unavailable
from restock.stored import names

SCOPE = "https://www.googleapis.com/auth/pubsub"
CALL_SECONDS = 30.0


def purge(project: str, before: datetime, session: requests.Session | None = None) -> None:
    """Let go of every one that came before that moment; without a subscription there is none.

    To seek past messages is Pub/Sub's way to let go of all of them; pulling them might leave some out.
    """
    name = f"projects/{project}/subscriptions/{names.DEAD_LETTERS}"
    url, body = f"https://pubsub.googleapis.com/v1/{name}:seek", {"time": before.isoformat()}
    try:
        reply = (session or _operators()).post(url, json=body, timeout=CALL_SECONDS)
    except (GoogleAuthError, requests.RequestException) as exc:
        raise unavailable(name, exc) from exc
    if reply.status_code == 403:
        raise NotPermittedError(f"{name}: {reply.text[:500]}")
    if reply.status_code not in {200, 404}:
        raise StoreUnavailableError(f"{name}: {reply.status_code} {reply.text[:500]}")


def _operators() -> AuthorizedSession:
    credentials, _project = google.auth.default(scopes=[SCOPE])
    return AuthorizedSession(credentials)
