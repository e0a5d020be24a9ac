"""The few calls for which gcloud has no flag: a task with a deadline, a message of bytes, "what may I do here?".

They go out as the operator, with gcloud's own token and through gcloud's own proxy settings.
"""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from infra.errors import CommandFailedError
from infra.program import gcloud_program


def address(api: str, path: str) -> str:
    """The address of a Google API, or the one gcloud was told to use in its place."""
    base = os.environ.get(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}") or f"https://{api}.googleapis.com/"
    return base.rstrip("/") + "/" + path.lstrip("/")


def token() -> str:
    """The operator's access token; none where gcloud is told to do without credentials."""
    if os.environ.get("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "").lower() == "true":
        return ""
    return printed("print-access-token")


def identity_token() -> str:
    """The operator's identity token, for a function that only the platform lets in; none for a federated account."""
    if os.environ.get("CLOUDSDK_AUTH_DISABLE_CREDENTIALS", "").lower() == "true":
        return ""
    try:
        return printed("print-identity-token")
    except CommandFailedError:  # a workload identity has access tokens only
        return ""


def printed(verb: str) -> str:
    done = subprocess.run([*gcloud_program(), "auth", verb, "--quiet"], text=True, capture_output=True, check=False)
    if done.returncode:
        raise CommandFailedError(f"gcloud auth {verb} says: {done.stderr.strip()}\nwhat to do: gcloud auth login")
    return done.stdout.strip()


def opener() -> urllib.request.OpenerDirector:
    host, port = os.environ.get("CLOUDSDK_PROXY_ADDRESS"), os.environ.get("CLOUDSDK_PROXY_PORT")
    proxies = {"http": f"http://{host}:{port}", "https": f"http://{host}:{port}"} if host and port else None
    return urllib.request.build_opener(urllib.request.ProxyHandler(proxies))


def call(
    method: str, url: str, body: Mapping[str, Any] | None = None, *, accepts: tuple[int, ...] = (), what: str = ""
) -> dict[str, Any]:
    """One call; an error raises with Google's own words, unless its code is one that says: it is so already."""
    headers = {"Content-Type": "application/json"}
    if bearer := token():
        headers["Authorization"] = f"Bearer {bearer}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with opener().open(request, timeout=60) as answer:
            return dict(json.load(answer))
    except urllib.error.HTTPError as exc:
        if exc.code in accepts:
            return {}
        words = f"Google says: {exc.code} {exc.read(2000).decode(errors='replace')}"
        raise _failed(what or method, f"{method} {url}", words, "mend what it names") from exc
    except OSError as exc:
        raise _failed(what or method, f"{method} {url}", f"no answer: {exc}", "check the network") from exc


def _failed(step: str, command: str, words: str, remedy: str) -> CommandFailedError:
    again = f"what to do: {remedy}, then run this again: it goes on from here."
    return CommandFailedError(f"step: {step}\ncommand: {command}\n{words}\n{again}")
