"""Structured logs: one JSON object per line, in the fields Cloud Logging understands.

Values are ids, counts and reasons; never a customer's data, never a secret.
"""

from __future__ import annotations

import json
import sys
import threading
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

_trace: ContextVar[str] = ContextVar("trace", default="")
_lock = threading.Lock()
MOST_OF_A_TRACE = 16_000
"""Characters kept of a stack trace, its end: Cloud Logging takes 256 KB a line."""


def follow_trace(header: str | None, project: str) -> None:
    """Let every line logged from here on in this request carry the trace of ``X-Cloud-Trace-Context``."""
    trace_id = (header or "").split("/", 1)[0]
    _trace.set(f"projects/{project}/traces/{trace_id}" if trace_id else "")


class Log:
    """Writes lines for one component.

    >>> Log("on_appointment", stream=sys.stdout, clock=lambda: "T").info("counted", appointment="a1")
    {"severity": "INFO", "time": "T", "component": "on_appointment", "message": "counted", "appointment": "a1"}
    """

    def __init__(self, component: str, *, stream: TextIO | None = None, clock: Any = None, shop: str = "") -> None:
        self.component = component
        self._stream = stream
        self._clock = clock or (lambda: datetime.now(UTC).isoformat())
        self._shop = shop

    def of_shop(self, shop: str) -> Log:
        """The same log, every line of which names a shop of a chain; this one where there is none."""
        return type(self)(self.component, stream=self._stream, clock=self._clock, shop=shop) if shop else self

    def debug(self, message: str, **fields: Any) -> None:
        self._write("DEBUG", message, fields)

    def info(self, message: str, **fields: Any) -> None:
        self._write("INFO", message, fields)

    def warning(self, message: str, **fields: Any) -> None:
        self._write("WARNING", message, fields)

    def error(self, message: str, **fields: Any) -> None:
        """While an exception is handled, with its trace, in the field that Cloud Error Reporting groups errors by."""
        trace = stack_trace()
        self._write("ERROR", message, {**fields, "stack_trace": trace} if trace else fields)

    def _write(self, severity: str, message: str, fields: dict[str, Any]) -> None:
        line = {"severity": severity, "time": self._clock(), "component": self.component, "message": message}
        if trace := _trace.get():
            line["logging.googleapis.com/trace"] = trace
        if self._shop:
            line["shop"] = self._shop
        line.update(fields)
        text = json.dumps(line, default=str)
        with _lock:
            print(text, file=self._stream or sys.stdout, flush=True)


def stack_trace() -> str:
    """Of the exception that is being handled, in Python's own format; empty if there is none.

    It names files, lines and messages, never values, and is for the log and the run record: no HTTP answer has it.
    """
    if sys.exc_info()[0] is None:
        return ""
    whole = traceback.format_exc().rstrip()
    first, _, rest = whole.partition("\n")
    return whole if len(whole) <= MOST_OF_A_TRACE else f"{first}\n  ...\n{rest[-MOST_OF_A_TRACE:]}"
