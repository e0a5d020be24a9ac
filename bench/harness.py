"""Functions as real processes, for measuring: staged as they are deployed, beside stand-ins that do next to nothing.

    place = staged("forecast")                             the door as it is deployed, without byte-code caches
    other = stand_in("forecast", "constant", CONSTANT_HTTP)     same name, environment and settings, another main.py
    with Server("forecast", place, environment) as server:
        server.get("/health"); server.tree.cpu_seconds()

Both run as `local/functions.py` runs them in the local stack: functions-framework, only the door's own packages, the
platform's number of threads.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.load import drive, request
from bench.metering import ProcessTree
from infra.stage import stage
from local.functions import start_function, wait_until_listening
from local.processes import Child, ProcessError, free_port
from local.setup import ROOT

WORK = ROOT / ".local" / "bench"
LOGS = WORK / "logs"
MOST_START_SECONDS = 60.0

CONSTANT_HTTP = """\
import functions_framework


@functions_framework.http
def {door}(request):
    return "constant"
"""
CONSTANT_CLOUD_EVENT = """\
import functions_framework


@functions_framework.cloud_event
def {door}(event):
    pass
"""


def staged(door: str) -> Path:
    """A functions directory that holds this door alone, as a deploy uploads it."""
    place = WORK / "staged" / door
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(stage(door).folder, place / door)
    return place


def stand_in(door: str, label: str, source: str) -> Path:
    """A functions directory in which the door is other code; `{door}` in it becomes the door's name."""
    place = WORK / "stand-ins" / label
    shutil.rmtree(place, ignore_errors=True)
    (place / door).mkdir(parents=True)
    (place / door / "main.py").write_text(source.replace("{door}", door), encoding="utf-8")
    return place


@contextlib.contextmanager
def on_cores(count: int | None) -> Iterator[None]:
    """What is started inside runs on so many processors; None: on all of them. Linux only, elsewhere it says so."""
    if count is None:
        yield
        return
    if not hasattr(os, "sched_setaffinity"):
        raise ProcessError("this system cannot keep a process on one core; leave these rows out")
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Server:
    """One function's process. Without `wait` it has only just been started when the constructor returns."""

    def __init__(
        self, door: str, place: Path, env: Mapping[str, str], *, cores: int | None = None, wait: bool = True
    ) -> None:
        self.port = free_port()
        self.started_at = time.perf_counter()
        with on_cores(cores):
            self.child: Child = start_function(
                door,
                port=self.port,
                env=env,
                functions_dir=place,
                log_dir=LOGS,
            )
        self.tree = ProcessTree(self.child.process.pid)
        if wait:
            self.wait_until_listening()

    def wait_until_listening(self) -> None:
        try:
            wait_until_listening(self.child, self.port)
        except ProcessError:
            self.stop()
            raise

    @property
    def age_seconds(self) -> float:
        """Since the process was started."""
        return time.perf_counter() - self.started_at

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        return self.send("GET", path, b"", headers or {})

    def post(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        return self.send("POST", path, body, headers or {})

    def send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """One request on a connection of its own; status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1800)
        try:
            connection.request(method, path, body or None, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def seconds_until_first(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None, *, wanted: int = 200
    ) -> float:
        """From process start to the first answer with the wanted status."""
        return self.seconds_until_first_of(request(method, path, body, headers), wanted=wanted)

    def seconds_until_first_of(self, raw: bytes, *, wanted: int = 200) -> float:
        """The same for a request as bytes."""
        statuses: set[int] = set()
        while self.age_seconds < MOST_START_SECONDS:
            with contextlib.suppress(OSError):
                answers = drive(self.port, iter([raw]), clients=1)
                if wanted in answers.statuses:
                    return self.age_seconds
                statuses |= answers.statuses.keys()
            if not self.child.is_running:
                raise ProcessError(self.child.why_it_ended())
            time.sleep(0.002)
        raise ProcessError(f"{self.child.name}: {statuses or 'no answer'}, not {wanted}, in {MOST_START_SECONDS:g} s")

    def stop(self) -> None:
        self.child.stop()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
