"""A download is whole and what was pinned, or it is not there; cut ones go on where they were cut."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from local import emulator_jar, machine, setup
from local.download import TRIES, DownloadError, Pinned, fetch
from local.loopback import LoopbackServer
from local.processes import ProcessError

CONTENT = bytes(range(256)) * 4000
SIZE = len(CONTENT)


@dataclass
class Mirror:
    """Serves CONTENT at any path, by halves or otherwise wrong when told so."""

    url: str = ""
    status: int = 200
    content: bytes = CONTENT
    knows_ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    """How many bytes the next answers have before the connection is closed."""
    asked: list[str] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range", "")
        self.asked.append(wanted)
        if self.status != 200:
            request.send_error(self.status)
            return
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.knows_ranges else 0
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        body = self.content[start:]
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cuts.pop(0)] if self.cuts else body)
        request.close_connection = True


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    told = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with LoopbackServer(Handler) as server:
        told.url = f"{server.url}/emulator.jar"
        yield told


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "a clone" / ".local" / "emulator.jar"


def pinned(mirror: Mirror) -> Pinned:
    return Pinned(mirror.url, SIZE, hashlib.sha256(CONTENT).hexdigest())


def get(mirror: Mirror, target: Path) -> bytes:
    return fetch(pinned(mirror), target, lambda line: None).read_bytes()


def test_a_whole_file_is_fetched_once_with_progress(mirror: Mirror, target: Path) -> None:
    said: list[str] = []

    fetched = fetch(pinned(mirror), target, said.append)

    assert fetched.read_bytes() == CONTENT
    assert mirror.asked == [""]
    assert said[-1] == "  1 of 1 MB"
    assert list(target.parent.iterdir()) == [target]


def test_a_cut_connection_goes_on_where_it_was_cut(mirror: Mirror, target: Path) -> None:
    mirror.cuts = [300_000, 200_000]

    fetched = get(mirror, target)

    assert fetched == CONTENT
    assert mirror.asked == ["", "bytes=300000-", "bytes=500000-"]


def test_the_next_run_goes_on_after_one_that_gave_up(mirror: Mirror, target: Path) -> None:
    mirror.cuts = [100_000] * TRIES
    with pytest.raises(DownloadError, match=r"cut after 0\.3 of 1 MB .* run the same command again and it goes on"):
        get(mirror, target)
    there_after_the_first = target.exists()

    fetched = get(mirror, target)

    assert there_after_the_first is False
    assert fetched == CONTENT
    assert mirror.asked[-1] == "bytes=300000-"


def test_a_server_that_cannot_go_on_sends_all_of_it_again(mirror: Mirror, target: Path) -> None:
    mirror.knows_ranges, mirror.cuts = False, [300_000]

    assert get(mirror, target) == CONTENT


@pytest.mark.parametrize("sent", [CONTENT[::-1], CONTENT + b"more"], ids=["another file", "a longer file"])
def test_what_is_not_what_was_pinned_is_refused_and_deleted(mirror: Mirror, target: Path, sent: bytes) -> None:
    mirror.content = sent
    with pytest.raises(DownloadError, match="not what is pinned"):
        get(mirror, target)
    left = list(target.parent.iterdir())

    mirror.content = CONTENT

    assert left == []
    assert get(mirror, target) == CONTENT


def test_a_file_that_is_not_there_says_where_it_was_looked_for(mirror: Mirror, target: Path) -> None:
    mirror.status = 404

    with pytest.raises(DownloadError, match=r"emulator\.jar answered 404"):
        get(mirror, target)


def test_no_server_is_no_connection(target: Path) -> None:
    with pytest.raises(DownloadError, match=r"no connection: .*refused"):
        fetch(Pinned("http://127.0.0.1:9/a.jar", SIZE, ""), target, lambda line: None)


def test_a_proxy_is_asked_for_what_this_machine_cannot_reach_itself(
    mirror: Mirror, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", mirror.url.removesuffix("/emulator.jar"))
    unreachable = Pinned("http://emulators.invalid/emulator.jar", SIZE, pinned(mirror).sha256)

    fetched = fetch(unreachable, target, lambda line: None)

    assert fetched.read_bytes() == CONTENT
    assert mirror.asked == [""]


def test_ctrl_c_keeps_what_had_come_and_the_next_run_goes_on(mirror: Mirror, target: Path) -> None:
    def interrupt(line: str) -> None:
        raise KeyboardInterrupt  # as the signal does, wherever it finds the program

    with pytest.raises(KeyboardInterrupt):
        fetch(pinned(mirror), target, interrupt)
    had_come = target.with_name(target.name + ".part").stat().st_size

    assert get(mirror, target) == CONTENT
    assert mirror.asked == ["", f"bytes={had_come}-"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_is_said_and_the_next_run_goes_on(mirror: Mirror, target: Path) -> None:
    part = target.with_name(target.name + ".part")
    part.parent.mkdir(parents=True)
    part.symlink_to("/dev/full")
    with pytest.raises(DownloadError, match=r"could not be written: No space left.*run the same command again"):
        get(mirror, target)

    part.unlink()

    assert get(mirror, target) == CONTENT


@pytest.fixture
def without_jar(bare: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any Firestore emulator, for which that mirror's is pinned."""
    pin = bare / "pin.json"
    about = {"version": "9", "url": "http://127.0.0.1:9/a.jar", "size_bytes": SIZE, "sha256": pinned(mirror).sha256}
    pin.write_text(json.dumps(about))
    monkeypatch.setattr(machine, "EMULATOR_PIN", pin)
    monkeypatch.setattr(machine, "ROOT", bare)
    monkeypatch.setattr(setup, "ROOT", bare)
    monkeypatch.setenv("FIRESTORE_EMULATOR_URL", mirror.url)
    return bare


def test_a_machine_without_an_emulator_gets_the_pinned_one_once(without_jar: Path, mirror: Mirror) -> None:
    superseded = without_jar / ".local" / "cloud-firestore-emulator-of-last-year.jar"
    superseded.parent.mkdir()
    superseded.touch()
    said: list[str] = []

    emulator_jar.ensure(said.append)
    emulator_jar.ensure(said.append)

    assert Path(machine.firestore_jar() or "").read_bytes() == CONTENT
    assert len(mirror.asked) == 1
    assert said[0] == "set-up: fetching the Firestore emulator 9, once (1 MB) ..."
    assert not superseded.exists()


def test_where_it_cannot_be_fetched_every_other_way_is_named(
    without_jar: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_URL")

    with pytest.raises(ProcessError, match=r"(?s)no connection: .*gcloud components install.*FIRESTORE_EMULATOR_JAR"):
        emulator_jar.ensure(lambda line: None)


def test_a_named_jar_that_is_not_there_is_not_replaced_by_a_download(
    without_jar: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_JAR", str(without_jar / "typo.jar"))

    emulator_jar.ensure(lambda line: None)

    assert mirror.asked == []
