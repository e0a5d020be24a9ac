"""What the local Cloud Tasks endpoint keeps: queues, their retry settings, and their tasks, in Google's own fields."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.retries import RetryConfig

QUEUE = re.compile(r"projects/[^/]+/locations/[^/]+/queues/[A-Za-z0-9-]{1,100}")
TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")


class TaskRefusedError(Exception):
    """An answer in Google's error shape."""

    def __init__(self, code: int, status: str, message: str) -> None:
        super().__init__(message)
        self.body = {"error": {"code": code, "message": message, "status": status}}
        self.code = code


@dataclass
class Task:
    """One task that is not done yet."""

    name: str
    request: dict[str, Any]
    due: float
    deadline_seconds: float
    created: float
    attempts: int = 0
    responses: int = 0
    first_attempt: float | None = None
    last_status: int | None = None
    finished: float | None = None

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": self.name,
            "httpRequest": self.request,
            "scheduleTime": iso(self.due),
            "createTime": iso(self.created),
            "dispatchDeadline": f"{self.deadline_seconds:g}s",
            "dispatchCount": self.attempts,
            "responseCount": self.responses,
        }
        if self.first_attempt is not None:
            found["firstAttempt"] = {"dispatchTime": iso(self.first_attempt)}
        if self.last_status is not None:
            found["lastAttempt"] = {"responseStatus": {"message": f"HTTP status code {self.last_status}"}}
        return found


@dataclass
class Queue:
    """The tasks of one queue, those it is done with, and the names it remembers."""

    name: str
    retry: RetryConfig
    remember_names_seconds: float
    tasks: dict[str, Task] = field(default_factory=dict)
    done: list[Task] = field(default_factory=list)
    taken_until: dict[str, float] = field(default_factory=dict)
    is_paused: bool = False


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def seconds_of(timestamp: str) -> float:
    try:
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", timestamp).replace("Z", "+00:00")).timestamp()
    except ValueError as exc:
        raise TaskRefusedError(400, "INVALID_ARGUMENT", f"Task.scheduleTime {timestamp!r} is not a timestamp") from exc
