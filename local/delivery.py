"""One attempt to deliver a task, as Cloud Tasks makes it: its headers, its token, its request."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.request
from typing import Any

from local.loopback import status_of
from local.queues import Queue, Task

HTTP_METHODS = ("", "POST", "GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS")  # the client sends the enum's number


def headers_of(queue: Queue, task: Task, now: float) -> dict[str, str]:
    headers = {"User-Agent": "Google-Cloud-Tasks", "Content-Type": "application/octet-stream"}
    headers |= {str(name): str(value) for name, value in (task.request.get("headers") or {}).items()}
    headers |= {
        "X-CloudTasks-QueueName": queue.name.rpartition("/")[2],
        "X-CloudTasks-TaskName": task.name.rpartition("/")[2],
        "X-CloudTasks-TaskRetryCount": str(task.attempts),
        "X-CloudTasks-TaskExecutionCount": str(task.responses),
        "X-CloudTasks-TaskETA": f"{task.due:.6f}",
    }
    if task.last_status is not None:
        headers["X-CloudTasks-TaskPreviousResponse"] = str(task.last_status)
    if oidc := task.request.get("oidcToken"):
        audience = oidc.get("audience") or task.request["url"]
        headers["Authorization"] = f"Bearer {identity_token(oidc['serviceAccountEmail'], audience, now)}"
    return headers


def identity_token(email: str, audience: str, now: float) -> str:
    """Google's claims as a function on Cloud Run sees them: the platform has checked and removed the signature."""
    subject = str(int(hashlib.sha256(email.encode()).hexdigest(), 16))[:21]
    header = {"alg": "RS256", "kid": "local", "typ": "JWT"}
    claims = {
        "iss": "https://accounts.google.com",
        "aud": audience,
        "azp": subject,
        "sub": subject,
        "email": email,
        "email_verified": True,
        "iat": int(now),
        "exp": int(now) + 3600,
    }
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join([*encoded, "SIGNATURE_REMOVED_BY_GOOGLE"])


def deliver(task: Task, headers: dict[str, str]) -> int | None:
    """Send the request; its status, or None if nobody answered in time."""
    method = task.request.get("httpMethod") or "POST"
    if isinstance(method, int):
        method = HTTP_METHODS[method]
    body = base64.b64decode(task.request.get("body") or "") or None
    request = urllib.request.Request(task.request["url"], data=body, method=method, headers=headers)
    return status_of(request, task.deadline_seconds, NoRedirects())


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """Cloud Tasks does not follow redirects; to it they are failures."""

    def redirect_request(self, *_: Any) -> None:
        return None
