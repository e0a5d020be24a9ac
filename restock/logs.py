"""Structured logs: one JSON object per line, in the fields Cloud Logging understands.

Values are ids, counts and reasons; never a customer's data, never a secret.
"""

from __future__ import annotations

import json
import sys
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

_trace: ContextVar[str] = ContextVar("trace", default="")
_lock = threading.Lock()


def follow_trace(header: str | None, project: str) -> None:
    """Let every line logged from here on in this request carry the trace of ``X-Cloud-Trace-Context``."""
    trace_id = (header or "").split("/", 1)[0]
    _trace.set(f"projects/{project}/traces/{trace_id}" if trace_id else "")


class Log:
    """Writes lines for one component.

    >>> Log("on_appointment", stream=sys.stdout, clock=lambda: "T").info("counted", appointment="a1")
    {"severity": "INFO", "time": "T", "component": "on_appointment", "message": "counted", "appointment": "a1"}
    """

    def __init__(self, component: str, *, stream: TextIO | None = None, clock: Any = None) -> None:
        self.component = component
        self._stream = stream
        self._clock = clock or (lambda: datetime.now(UTC).isoformat())

    def debug(self, message: str, **fields: Any) -> None:
        self._write("DEBUG", message, fields)

    def info(self, message: str, **fields: Any) -> None:
        self._write("INFO", message, fields)

    def warning(self, message: str, **fields: Any) -> None:
        self._write("WARNING", message, fields)

    def error(self, message: str, **fields: Any) -> None:
        self._write("ERROR", message, fields)

    def _write(self, severity: str, message: str, fields: dict[str, Any]) -> None:
        line = {"severity": severity, "time": self._clock(), "component": self.component, "message": message}
        if trace := _trace.get():
            line["logging.googleapis.com/trace"] = trace
        line.update(fields)
        text = json.dumps(line, default=str)
        with _lock:
            print(text, file=self._stream or sys.stdout, flush=True)
