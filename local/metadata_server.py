"""A metadata server for this machine: where a function on Cloud Run gets its service account's tokens.

Named to the clients by GCE_METADATA_HOST. Its tokens open nothing; they show that the function asked for them rightly.
"""

from __future__ import annotations

import json
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler
from typing import Any

from local.delivery import identity_token
from local.loopback import LoopbackServer

ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default"
TOKEN_SECONDS = 3599


class MetadataServer:
    def __init__(self, *, project: str, email: str, port: int = 0) -> None:
        self.project = project
        self.email = email
        self.tokens_given = 0
        self._server = LoopbackServer(handler_for(self), port=port, name="metadata")
        self.host = self._server.host

    def start(self) -> MetadataServer:
        self._server.start()
        return self

    def stop(self) -> None:
        self._server.stop()

    def answer(self, path: str, query: dict[str, list[str]]) -> tuple[int, str, str]:
        """(status, content type, body) of one path."""
        if path == f"{ACCOUNT}/token":
            self.tokens_given += 1
            token = {"access_token": f"local-{self.tokens_given}", "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}
            return 200, "application/json", json.dumps(token)
        if path == f"{ACCOUNT}/identity" and query.get("audience"):
            return 200, "text/html", identity_token(self.email, query["audience"][0], time.time())
        texts = {
            "": "computeMetadata/",
            f"{ACCOUNT}/email": self.email,
            "/computeMetadata/v1/project/project-id": self.project,
            "/computeMetadata/v1/universe/universe-domain": "googleapis.com",
        }
        if path in texts:
            return 200, "application/text", texts[path]
        if path == ACCOUNT:
            return 200, "application/json", json.dumps({"aliases": ["default"], "email": self.email, "scopes": []})
        return 404, "text/html", "not found"


def handler_for(server: MetadataServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            if self.headers.get("Metadata-Flavor") != "Google":
                status, kind, body = 403, "text/html", "Missing Metadata-Flavor:Google header."
            else:
                status, kind, body = server.answer(parts.path.rstrip("/"), urllib.parse.parse_qs(parts.query))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Metadata-Flavor", "Google")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
