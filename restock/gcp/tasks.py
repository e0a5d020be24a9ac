"""Cloud Tasks as the RetrainQueue."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests  # what the client speaks REST with; it lets its errors through
from google.api_core import exceptions as api
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import tasks_v2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from restock.gcp.failures import unavailable
from restock.settings import Settings

CALL_SECONDS = 20.0

_clients: dict[str, tasks_v2.CloudTasksClient] = {}
_lock = threading.Lock()


def client(emulator_host: str) -> tasks_v2.CloudTasksClient:
    """The client of this process, made on first use; REST for a local endpoint, which speaks nothing else."""
    with _lock:
        if emulator_host not in _clients:
            _clients[emulator_host] = _local(emulator_host) if emulator_host else _googles()
        return _clients[emulator_host]


def _local(emulator_host: str) -> tasks_v2.CloudTasksClient:
    return tasks_v2.CloudTasksClient(
        transport="rest",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": f"http://{emulator_host}"},
    )


def _googles() -> tasks_v2.CloudTasksClient:
    try:
        return tasks_v2.CloudTasksClient()
    except GoogleAuthError as exc:
        raise unavailable("Cloud Tasks", exc) from exc


class CloudTasksQueue:
    def __init__(self, settings: Settings) -> None:
        self._client = client(settings.tasks_emulator_host)
        self._queue, self._url = settings.retrain_queue, settings.retrain_url
        self._invoker, self._deadline = settings.retrain_invoker, settings.task_deadline_seconds

    def ask(self, name: str, body: Mapping[str, Any], *, not_before: datetime | None = None) -> bool:
        url = urlsplit(self._url)
        request: dict[str, Any] = {
            "url": self._url,
            "http_method": tasks_v2.HttpMethod.POST,
            "headers": {"Content-Type": "application/json"},
            "body": json.dumps(dict(body)).encode(),
        }
        if self._invoker:
            audience = f"{url.scheme}://{url.netloc}"
            request["oidc_token"] = {"service_account_email": self._invoker, "audience": audience}
        task: dict[str, Any] = {
            "name": f"{self._queue}/tasks/{name}",
            "http_request": request,
            "dispatch_deadline": Duration(seconds=self._deadline),
        }
        if not_before is not None:
            task["schedule_time"] = Timestamp(seconds=int(not_before.timestamp()) + 1)
        try:
            self._client.create_task({"parent": self._queue, "task": task}, timeout=CALL_SECONDS)
        except api.Conflict:  # over gRPC AlreadyExists, its subclass: also when our own first try got through
            return False
        except (api.GoogleAPIError, GoogleAuthError, requests.RequestException) as exc:
            raise unavailable(self._queue, exc) from exc
        return True
