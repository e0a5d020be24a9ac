"""A proxy that carries nothing to anybody: it answers like Google, as little as the Firebase CLI needs, and remembers.

The CLI asks for a tunnel (CONNECT host:80) even for plain http. A tunnel that is not granted would end every call
before it is made, and a test that nothing was sent would pass for the wrong reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from local.loopback import LoopbackServer


@dataclass
class Recording:
    """What was sent: method, host and path of every call."""

    url: str = ""
    sent: list[tuple[str, str]] = field(default_factory=list)

    @property
    def changing(self) -> list[tuple[str, str]]:
        """What could change anything: neither a read, nor the question what one may do, nor a fresh token."""
        # The last one asks what one may do, too, at the one address that the CLI lets nobody replace.
        harmless = ("/oauth2/v3/token", ":testIamPermissions", "iam.googleapis.com:443")
        return [(method, url) for method, url in self.sent if method != "GET" and not url.endswith(harmless)]


@contextmanager
def recording() -> Iterator[Recording]:
    seen = Recording()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        host = ""

        def do_CONNECT(self) -> None:
            self.host = self.path.removesuffix(":80")
            if self.host.endswith(":443"):  # TLS: what is asked inside cannot be seen
                seen.sent.append(("CONNECT", self.host))
                self.send_error(502)
                return
            self.send_response(200)
            self.end_headers()
            self.close_connection = False  # what follows comes through the tunnel

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            seen.sent.append((self.command, self.host + self.path.partition("?")[0]))
            content = json.dumps(as_google_answers(self.path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    with LoopbackServer(Handler) as server:
        seen.url = server.url
        yield seen


def as_google_answers(path: str, body: bytes) -> dict[str, Any]:
    """Signed in, allowed everything, and nothing there yet."""
    if path.endswith("/oauth2/v3/token"):
        return {"access_token": "a token", "expires_in": 3600, "token_type": "Bearer", "scope": ""}
    if path.endswith(":testIamPermissions"):
        return {"permissions": json.loads(body)["permissions"]}
    return {}
