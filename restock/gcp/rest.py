"""Plain HTTP to Google's services on kept connections, for the door whose cold start counts.

The standard library's client is loaded anyway; urllib3 adds 20 ms, a twelfth of a constant function's cold start.
"""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import urlsplit

CONNECT_SECONDS = 2.0
FAILURES = (OSError, http.client.HTTPException)
"""What a request raises when there is no whole answer."""


class Reply(NamedTuple):
    """A whole answer, whatever its status."""

    status: int
    headers: http.client.HTTPMessage
    data: bytes


class Rest:
    """Requests from any thread. Redirects are not followed: none of these services sends one."""

    def __init__(self, *, read_seconds: float = 5.0) -> None:
        self._read_seconds = read_seconds
        self._idle: dict[str, list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()

    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Reply:
        """Raises one of FAILURES after the second try.

        A kept connection that died while the instance was frozen is found out only by using it; the second try always
        opens its own. Who did not answer a new connection in time is not asked again.
        """
        scheme, host, path, query, _ = urlsplit(url)
        place, target = f"{scheme}://{host}", f"{path or '/'}?{query}" if query else path or "/"
        kept = self._kept(place)
        for connection in (kept or _opened(scheme, host), _opened(scheme, host)):
            try:
                return self._exchange(connection, place, (method, target, body, dict(headers or {})))
            except FAILURES as exc:
                connection.close()
                failure = exc
                if isinstance(exc, TimeoutError) and connection is not kept:
                    break
        raise failure

    def _exchange(
        self, connection: http.client.HTTPConnection, place: str, asked: tuple[str, str, bytes | None, dict[str, str]]
    ) -> Reply:
        is_new = connection.sock is None
        if is_new:
            connection.connect()
            connection.sock.settimeout(self._read_seconds)
        connection.request(*asked)
        answer = connection.getresponse()
        reply = Reply(answer.status, answer.headers, answer.read())
        if answer.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.setdefault(place, []).append(connection)
        return reply

    def _kept(self, place: str) -> http.client.HTTPConnection | None:
        with self._lock:
            idle = self._idle.get(place)
            return idle.pop() if idle else None


def _opened(scheme: str, host: str) -> http.client.HTTPConnection:
    """A connection that connects when it is used."""
    if scheme == "https":
        return http.client.HTTPSConnection(host, timeout=CONNECT_SECONDS, context=_trusted())
    return http.client.HTTPConnection(host, timeout=CONNECT_SECONDS)


@cache
def _trusted() -> ssl.SSLContext:
    return ssl.create_default_context()
