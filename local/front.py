"""What Cloud Run puts in front of a function, so that its habits can be tested and measured on this machine.

    caller ──► front ──► function's own server
                │
                ├ between requests the function's processes are frozen (no CPU outside of requests)
                ├ a private function answers only callers whose identity token names the invoker and this address
                └ a request over its time-out gets 504, while the code behind it runs on until the freeze

Switched on by LIKE_CLOUD_RUN=true; otherwise callers reach the function's server directly.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from local.loopback import LoopbackServer
from local.processes import Child

HOP_BY_HOP = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-connection"}


@dataclass
class Freezer:
    """Freezes a process group while no request is in flight; thaws it before the first one goes on."""

    child: Child
    _in_flight: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def thawed(self) -> Iterator[None]:
        with self._lock:
            self._in_flight += 1
            if self._in_flight == 1:
                self.child.send(signal.SIGCONT)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1
                if self._in_flight == 0:
                    self.child.send(signal.SIGSTOP)

    def freeze(self) -> None:
        """The first freeze, once the function has started."""
        with self.thawed():
            pass


class Front:
    """The address callers use for one function."""

    def __init__(
        self, child: Child, *, function_port: int, port: int, timeout_seconds: float, invoker: str | None = None
    ) -> None:
        self.invoker = invoker
        self.function_port = function_port
        self.timeout_seconds = timeout_seconds
        self.freezer = Freezer(child)
        self._server = LoopbackServer(handler_for(self), port=port, name="front")
        self.url = self._server.url

    def start(self) -> Front:
        self.freezer.freeze()
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()

    def refusal(self, authorization: str | None) -> int | None:
        """401 or 403 for a caller a private function must not hear; None for everybody it may."""
        if self.invoker is None:
            return None
        claims = claims_of(authorization or "")
        if claims is None:
            return 401
        is_invoker = claims.get("email") == self.invoker and claims.get("aud") == self.url
        return None if is_invoker and float(claims.get("exp", 0)) > time.time() else 403

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Hand a request on and bring its whole answer back."""
        connection = http.client.HTTPConnection("127.0.0.1", self.function_port, timeout=self.timeout_seconds)
        try:
            with self.freezer.thawed():
                connection.request(method, path, body=body, headers=headers)
                answer = connection.getresponse()
                found = answer.read()
        except TimeoutError:
            return 504, {}, b"upstream request timeout"
        except (OSError, http.client.HTTPException):
            return 503, {}, b"the function's server did not answer"
        finally:
            connection.close()
        return answer.status, dict(answer.getheaders()), found


def claims_of(authorization: str) -> dict[str, Any] | None:
    """The claims of a bearer token; who signed it is not checked, for on this machine nobody signs."""
    scheme, _, token = authorization.partition(" ")
    try:
        middle = token.split(".")[1]
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
    except (IndexError, ValueError):
        return None
    return claims if scheme.lower() == "bearer" and isinstance(claims, dict) else None


def handler_for(front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if refused := front.refusal(self.headers.get("Authorization")):
                self.answer(refused, {"Content-Type": "text/html"}, b"Your client does not have permission")
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            self.answer(*front.forward(self.command, self.path, headers, body))

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in HOP_BY_HOP | {"content-length"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = pass_on

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
