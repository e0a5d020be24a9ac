"""Google's APIs, as far as a deploy speaks to them: a recording HTTP proxy that answers everything itself.

The real gcloud is pointed at it (:func:`environment`), thinks it talks to Google, and cannot leave the machine: what
is no plain request to a known host is refused and recorded. Resources are kept as they were sent, so a test asserts on
what Google would have been asked to make. It does not know Google's rules for values, roles or quotas.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.infra.fake_apis import FakeGoogle
from tests.infra.fake_project import Body, Recorded, Refusal

APIS = (
    "artifactregistry", "cloudbilling", "cloudbuild", "cloudfunctions", "cloudresourcemanager", "cloudscheduler",
    "cloudtasks", "eventarc", "firestore", "iam", "logging", "monitoring", "pubsub", "run", "serviceusage", "storage",
)  # fmt: skip
TUNNELLED = "billingbudgets.googleapis.com:443"
"""An API for which gcloud knows no other address: it comes through the proxy encrypted."""
CERTIFICATE = Path(__file__).with_name("fake_google.pem")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    google: FakeGoogle

    def do_CONNECT(self) -> None:
        if self.path == TUNNELLED:
            self._answer_in_the_tunnel()
            return
        self.google.requests.append(Recorded("CONNECT", self.path, "", {}, None))
        self.send_error(403, "nothing leaves this machine")

    def _answer_in_the_tunnel(self) -> None:
        self.send_response(200)
        self.end_headers()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def answer(self) -> None:
        url = urlsplit(self.path)
        host = url.hostname or self.headers["Host"]  # in a tunnel the path comes alone
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, body = self._answer(host, url.path, url.query, data)
        except Refusal as refusal:
            status = refusal.code
            body = {"error": {"code": status, "status": refusal.status, "message": str(refusal)}}
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

    def _answer(self, host: str, path: str, query: str, data: bytes) -> tuple[int, Body]:
        if host.endswith(".run.app"):
            return self.google.deployed(host, path)
        api = re.sub(r"^[a-z]+-[a-z]+\d+-", "", host).removesuffix(".googleapis.com")
        asked = {key: values[0] for key, values in parse_qs(query).items()}
        if path.startswith("/upload-source/"):
            return 200, self.google_upload(path, data)
        if "/upload/storage/" in path:
            return 200, self.google.stored(Recorded("POST", "storage", unquote(path), asked, None), data)
        return 200, self.google.answer(
            Recorded(self.command, api, unquote(path), asked, json.loads(data) if data else None)
        )

    def google_upload(self, path: str, data: bytes) -> Body:
        self.google.record(Recorded("PUT", "storage", path, {}, None))
        self.google.uploaded(path, data)
        return {}

    def log_message(self, *args: Any) -> None:
        """Quiet: the requests are recorded."""


@contextmanager
def running(google: FakeGoogle) -> Iterator[FakeGoogle]:
    handler = type("OneHandler", (Handler,), {"google": google})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    google.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield google
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def environment(google: FakeGoogle, config: Path) -> dict[str, str]:
    """What makes the real gcloud speak to the fake, and to nothing else."""
    return {
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{api.upper()}": f"http://{api}.googleapis.com/" for api in APIS},
        "CLOUDSDK_PROXY_TYPE": "http",
        "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
        "CLOUDSDK_PROXY_PORT": str(google.port),
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE": str(CERTIFICATE),
        "CLOUDSDK_CONFIG": str(config),
    }
