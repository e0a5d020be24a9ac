"""The page and its files: what each answer holds, and how long a browser may keep it.

The page may load nothing but its own files, and ask nobody but this API and, to sign people in, Google's two hosts.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import orjson

from restock.serving.http import Answer, Request
from restock.serving.operations import without_empty_segments
from restock.serving.page_files import names

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".LICENSE": "text/plain; charset=utf-8",
}
FOR_GOOD = "public, max-age=31536000, immutable"
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
            return name if name in names() else None
        return "index.html" if path.endswith(("/", "/forecast")) and "/v1/" not in path else None

    def file(self, name: str, request: Request) -> Answer:
        """The file, or 304 if the browser has it. Under the address that names its content it never changes."""
        from restock.serving import joined  # no forecast waits for it

        content, tag = joined.packed(name), joined.digest(name)
        if name == "index.html":
            content, tag = joined.page(self._config())
        kept = FOR_GOOD if name != "index.html" and request.query == f"v={tag}" else "no-cache"
        headers = [
            ("ETag", f'"{tag}"'),
            ("Cache-Control", kept),
            ("Content-Security-Policy", self._policy(joined.inline_script())),
        ]
        if request.has(tag):
            return Answer(304, headers=tuple(headers))
        return Answer(200, (b"",), CONTENT_TYPES[Path(name).suffix], tuple(headers), content)

    def _config(self) -> bytes:
        """What the page has to know before it asks anything, as it stands in a script element."""
        about = {"auth": self.auth}
        if self.auth == "firebase":
            about |= {"api_key": self.api_key, "auth_emulator": self.auth_emulator}
        return orjson.dumps(about).replace(b"<", b"\\u003c")

    def _policy(self, inline_script: str) -> str:
        hosts = ""
        if self.auth == "firebase":
            hosts = f" http://{self.auth_emulator}" if self.auth_emulator else f" {SIGN_IN_HOSTS}"
        return (
            f"default-src 'none'; script-src 'self' {inline_script}; style-src 'self'; img-src 'self'; "
            f"connect-src 'self'{hosts}; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
        )
