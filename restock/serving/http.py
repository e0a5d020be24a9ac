"""Requests and answers as the API sees them, whatever web framework stands before it, and the errors' one shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from werkzeug.http import parse_accept_header, parse_etags

from restock.errors import RestockError
from restock.logs import Log
from restock.serving.compression import Encoded

JSON = "application/json; charset=utf-8"


LONGEST_HEADER = 8190
"""The server's own limit; a longer one is not looked at, whatever server stands before."""
LARGEST_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """``look_up`` finds a header by name, ``read`` gives at most so many bytes of the body."""

    method: str
    path: str
    query: str
    look_up: Callable[[str], str | None]
    read: Callable[[int], bytes]
    content_length: int | None = None

    def header(self, name: str) -> str:
        """What it says, as far as this process reads it; empty if nothing."""
        value = self.look_up(name) or ""
        return value if len(value) <= LONGEST_HEADER else ""

    def has(self, tag: str) -> bool:
        """Whether the caller already has the answer with this tag: If-None-Match, compared weakly."""
        return parse_etags(self.header("If-None-Match")).contains_weak(tag)

    @property
    def accepts_gzip(self) -> bool:
        return parse_accept_header(self.header("Accept-Encoding")).quality("gzip") > 0

    def body(self, largest: int = LARGEST_BODY_BYTES) -> bytes:
        """The whole body; neither a declared nor an undeclared length makes this process read more than its limit."""
        declared = self.content_length or 0
        try:
            body = self.read(largest + 1) if declared <= largest else b""
        except Exception as exc:  # each server has its own errors for a body that breaks its framing
            raise HttpError(400, "The request body is broken off or wrongly framed") from exc
        if max(len(body), declared) > largest:
            raise HttpError(413, f"The request body is larger than {largest} bytes")
        return body


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` comes in pieces, so that a large prepared one is never copied; ``tail`` follows it, not yet fitted."""

    status: int
    body: tuple[bytes, ...] = ()
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    tail: Encoded | None = None

    @classmethod
    def of(cls, content: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
        return cls(status, (orjson.dumps(content),), headers=headers)


class HttpError(RestockError):
    """An answer other than 200; ``field`` names what the caller should change."""

    def __init__(
        self, status: int, message: str, *, field: str = "", headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        self.field = field
        self.headers = headers

    def as_answer(self) -> Answer:
        content = {"status": "error", "message": str(self)}
        if self.field:
            content["field"] = self.field
        return Answer.of(content, self.status, (("Cache-Control", "no-store"), *self.headers))


def failed(exc: Exception, request: Request, log: Log) -> Answer:
    """Of a mistake of ours the log gets the reason, the caller none of our names; a refusal is as it was meant."""
    if isinstance(exc, HttpError):
        return exc.as_answer()
    log.error("a request failed", path=request.path[:200], error=repr(exc))
    return HttpError(500, "The forecast could not be made; please try again").as_answer()
