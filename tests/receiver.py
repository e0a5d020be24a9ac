"""An HTTP server that records what it is sent and answers as told: the other end of a queue or a trigger."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from local.loopback import LoopbackServer


@dataclass(frozen=True)
class Received:
    at: float
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers with `statuses` in turn, the last one for ever; each answer takes `seconds`."""

    def __init__(self, *statuses: int, seconds: float = 0, port: int = 0) -> None:
        self.received: list[Received] = []
        self.most_at_once = 0
        self._statuses = list(statuses or (200,))
        self._seconds = seconds
        self._at_once = 0
        self._changed = threading.Condition()
        self._server = LoopbackServer(self._handler(), port=port).start()
        self.url = self._server.url

    def wait_for(self, count: int, *, timeout_seconds: float = 20) -> list[Received]:
        """The first `count` requests, once they are there."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self.received) >= count, timeout_seconds)
            assert arrived, f"{len(self.received)} of {count} requests within {timeout_seconds} s"
            return list(self.received)

    def stop(self) -> None:
        self._server.stop()

    def _note(self, received: Received) -> int:
        with self._changed:
            self.received.append(received)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self._changed.notify_all()
            return self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = receiver._note(Received(time.time(), self.command, self.path, headers, body))
                time.sleep(receiver._seconds)
                with receiver._changed:
                    receiver._at_once -= 1
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
