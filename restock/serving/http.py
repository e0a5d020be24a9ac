"""Requests and answers as the API sees them, whatever web framework stands before it, and the errors' one shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from restock.errors import RestockError
from restock.serving.compression import Encoded

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """``header`` looks one up by name, ``read`` gives at most so many bytes of the body."""

    method: str
    path: str
    query: str
    header: Callable[[str], str | None]
    read: Callable[[int], bytes]
    content_length: int | None = None


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

    def answer(self) -> Answer:
        content = {"status": "error", "message": str(self)}
        if self.field:
            content["field"] = self.field
        return Answer.of(content, self.status, (("Cache-Control", "no-store"), *self.headers))
