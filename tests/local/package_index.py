"""A package index on loopback, with wheels made on the spot: what set-up meets on the day after a release."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from local.loopback import LoopbackServer


@dataclass
class PackageIndex:
    """What is released, and where it is served."""

    url: str = ""
    wheels: dict[str, bytes] = field(default_factory=dict)

    def release(self, name: str, version: str, *, requires: str = "", script: str = "") -> str:
        """Release a package whose module knows its version, or with one program; returns the line of a lock."""
        about = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nProvides-Extra: more\n"
        files = {
            f"{name}.py": f"VERSION = {version!r}\n",
            f"{about}/METADATA": metadata + (f"Requires-Dist: {requires}\n" if requires else ""),
            f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        if script:
            files[f"{name}-{version}.data/scripts/{name}"] = script
        files[f"{about}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{about}/RECORD"])
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as wheel:
            for file, text in files.items():
                entry = zipfile.ZipInfo(file)
                entry.external_attr = 0o100755 << 16  # programs are to be run
                wheel.writestr(entry, text)
        self.wheels[f"{name}-{version}-py3-none-any.whl"] = content.getvalue()
        return f"{name}=={version} --hash=sha256:{hashlib.sha256(content.getvalue()).hexdigest()}\n"

    def answer(self, path: str) -> bytes | None:
        """The list of a package's wheels at /simple/NAME/, the wheels at /wheels/FILE."""
        match path.strip("/").split("/"):
            case ["simple", name]:
                listed = [file for file in self.wheels if file.startswith(f"{name}-")]
                links = "".join(f'<a href="/wheels/{file}">{file}</a>\n' for file in listed)
                return f"<!DOCTYPE html><html><body>{links}</body></html>".encode() if listed else None
            case ["wheels", file]:
                return self.wheels.get(file)
        return None


@contextmanager
def serving() -> Iterator[PackageIndex]:
    index = PackageIndex()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = index.answer(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", "application/zip" if self.path.startswith("/wheels") else "text/html")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            pass

    with LoopbackServer(Handler) as server:
        index.url = f"{server.url}/simple"
        yield index
