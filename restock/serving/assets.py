"""The page and its files, as they lie in page/: read on first use, kept, and told apart by a digest of their content.

The page may load nothing but its own files, and ask nobody but this API and, to sign people in, Google's two hosts.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import orjson

from restock.serving.http import Answer, Request
from restock.serving.operations import without_empty_segments

FOLDER = Path(__file__).with_name("page")
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".json": "application/json; charset=utf-8",
    ".LICENSE": "text/plain; charset=utf-8",
}
SIGN_IN_HOSTS = "https://identitytoolkit.googleapis.com https://securetoken.googleapis.com"


@dataclass(frozen=True, slots=True)
class Page:
    """How this deployment's page signs people in."""

    auth: str
    api_key: str = ""
    auth_emulator: str = ""

    def find(self, path: str) -> str | None:
        """The name of the file that an address means, by the end of its path.

        >>> [Page("public").find(path) for path in ("/", "/any/forecast/page/app.js", "/page/../http.py", "/x")]
        ['index.html', 'app.js', None, None]
        """
        path = without_empty_segments(path)
        _, slash, name = path.rpartition("/page/")
        if slash:
            return name if name == "config.json" or name in _names() else None
        return "index.html" if path.endswith(("/", "/forecast")) and "/v1/" not in path else None

    def file(self, name: str, request: Request) -> Answer:
        """The file, or 304 if the browser has it."""
        content = self._config() if name == "config.json" else _content(name)
        tag = hashlib.sha256(content).hexdigest()[:24]
        headers = [("ETag", f'"{tag}"'), ("Cache-Control", "no-cache"), ("Content-Security-Policy", self._policy())]
        if request.has(tag):
            return Answer(304, headers=tuple(headers))
        return Answer(200, (content,), CONTENT_TYPES[Path(name).suffix], tuple(headers))

    def _config(self) -> bytes:
        about = {"auth": self.auth}
        if self.auth == "firebase":
            about |= {"api_key": self.api_key, "auth_emulator": self.auth_emulator}
        return orjson.dumps(about)

    def _policy(self) -> str:
        hosts = ""
        if self.auth == "firebase":
            hosts = f" http://{self.auth_emulator}" if self.auth_emulator else f" {SIGN_IN_HOSTS}"
        return (
            f"default-src 'none'; script-src 'self' {_inline_script()}; style-src 'self'; img-src 'self'; "
            f"connect-src 'self'{hosts}; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
        )


@functools.cache
def _names() -> frozenset[str]:
    return frozenset(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())


@functools.cache
def _content(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


@functools.cache
def _inline_script() -> str:
    """The page's one inline script, by digest: it finds the page's own address, which no file's address can."""
    found = re.search(rb"<script>(.*?)</script>", _content("index.html"), re.DOTALL)
    digest = hashlib.sha256(found[1] if found else b"").digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
