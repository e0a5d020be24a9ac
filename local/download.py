"""One large file over HTTP: goes on where an earlier try was cut, and is used only if it is what was pinned.

While it is incomplete it is called NAME.part; NAME itself exists only whole and verified.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TRIES = 3  # of which each goes on where the one before was cut
CHUNK_BYTES = 1 << 18
TIMEOUT_SECONDS = 30
MEGABYTE = 1_000_000


class DownloadError(Exception):
    """The file could not be had; the message says why."""


@dataclass(frozen=True)
class Pinned:
    """A file as it must be."""

    url: str
    size_bytes: int
    sha256: str


def fetch(file: Pinned, target: Path, say: Callable[[str], None]) -> Path:
    """The whole file at `target`; raises DownloadError and keeps what there is of it for the next run."""
    part = target.with_name(target.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with one_line_reasons(target):
        cut: Exception | None = None
        for _ in range(TRIES):
            try:
                append_rest(file, part, say)
            except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as exc:
                cut = exc
            if part.exists() and part.stat().st_size >= file.size_bytes:
                break
        else:
            got = part.stat().st_size if part.exists() else 0
            raise DownloadError(
                f"{shown(file.url)} was cut after {megabytes(got)} of {megabytes(file.size_bytes)} MB "
                f"({cut or 'it ended early'}); run the same command again and it goes on from there"
            )
        if digest_of(part) != file.sha256:
            part.unlink()
            raise DownloadError(
                f"what {shown(file.url)} sent is not what is pinned (its SHA-256 or size differs); it was deleted"
            )
        part.replace(target)
    return target


@contextmanager
def one_line_reasons(target: Path) -> Iterator[None]:
    """What the network or the disk says, as a sentence that ends with what to do."""
    try:
        yield
    except urllib.error.HTTPError as exc:
        raise DownloadError(f"{shown(exc.url)} answered {exc.code} {exc.reason}") from exc
    except urllib.error.URLError as exc:
        raise DownloadError(f"no connection: {exc.reason} (a proxy is named in HTTPS_PROXY)") from exc
    except ValueError as exc:
        raise DownloadError(f"no address: {exc}") from exc
    except OSError as exc:
        raise DownloadError(
            f"{target} could not be written: {exc.strerror or exc}; mend that and run the same command again"
        ) from exc


def append_rest(file: Pinned, part: Path, say: Callable[[str], None]) -> None:
    """Ask for what is missing and append it; a server that sends all of it again starts the file anew."""
    have = part.stat().st_size if part.exists() else 0
    if have >= file.size_bytes:
        return
    request = urllib.request.Request(file.url, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.build_opener(https()).open(request, timeout=TIMEOUT_SECONDS) as answer:
        goes_on = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        with part.open("ab" if goes_on else "wb") as out:
            said = out.tell() * 10 // file.size_bytes
            while chunk := answer.read(CHUNK_BYTES):
                out.write(chunk)
                if out.tell() > file.size_bytes:
                    return  # not what is pinned, however much more there is
                if (tenth := out.tell() * 10 // file.size_bytes) > said:
                    said = tenth
                    say(f"  {megabytes(out.tell())} of {megabytes(file.size_bytes)} MB")


def https() -> urllib.request.HTTPSHandler:
    """Trusts what the machine trusts, and what certifi does: the Pythons of python.org know no authority themselves."""
    context = ssl.create_default_context()
    try:
        import certifi
    except ImportError:
        return urllib.request.HTTPSHandler(context=context)
    context.load_verify_locations(certifi.where())
    return urllib.request.HTTPSHandler(context=context)


def shown(url: str) -> str:
    """An address without the password that a mirror's may hold.

    >>> shown("https://name:secret@mirror/a.jar"), shown("https://mirror/a.jar")
    ('https://mirror/a.jar', 'https://mirror/a.jar')
    """
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def digest_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def megabytes(count: int) -> str:
    """
    >>> megabytes(136_707_194), megabytes(1_200)
    ('137', '0.0012')
    """
    return f"{count / MEGABYTE:.0f}" if count >= MEGABYTE else f"{count / MEGABYTE:g}"
