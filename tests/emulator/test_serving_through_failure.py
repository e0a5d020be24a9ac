"""Promise 5 under fire: a proxy before the storage server spoils what it answers; forecasts go on.

A loaded instance never fails a request and never mixes models; a cold one says 503 and when to come back, and loads
when it can. Each fault prints its row: requests, answers other than 200, mixed answers, time to recover (pytest -rP).
"""

from __future__ import annotations

import hashlib
import http.client
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

import pytest
from functions_framework import create_app

from local.loopback import LoopbackServer
from local.setup import ROOT
from restock.gcp.storage import BucketObjects
from restock.stored import names
from restock.stored.artifact import SCHEMA
from restock.stored.pointer import Pointer
from tests.published import artifact
from tests.waiting import wait_until

FAULT_SECONDS = 0.8
CALLERS = 4
PATH = "/forecast_restock_demand"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


Fault = Callable[[str, Reply], Reply | None]


class Proxy:
    """Stands before the storage server; ``fault`` gets every answer by object name and may spoil it; None resets."""

    def __init__(self, url: str) -> None:
        self.fault: Fault = lambda name, reply: reply
        proxy, origin = self, urlsplit(url).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                upstream = http.client.HTTPConnection(origin, timeout=10)
                upstream.request("GET", self.path, headers={"Host": origin})
                answer = upstream.getresponse()
                headers = {name: value for name, value in answer.getheaders() if name.lower() == "x-goog-generation"}
                reply = Reply(answer.status, headers, answer.read())
                upstream.close()
                whole = len(reply.body)
                spoiled = proxy.fault(unquote(self.path.split("/o/")[-1].split("?")[0]), reply)
                if spoiled is None:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    self.close_connection = True
                    return
                self.send_response(spoiled.status)
                for name, value in spoiled.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(whole if spoiled.status == 200 else len(spoiled.body)))
                self.end_headers()
                self.wfile.write(spoiled.body)
                if len(spoiled.body) < whole:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = LoopbackServer(Handler).start()
        self.url = self._server.url

    def stop(self) -> None:
        self._server.stop()


def slow(name: str, reply: Reply) -> Reply:
    time.sleep(1.0)
    return reply


def status(code: int) -> Fault:
    return lambda name, reply: Reply(code, {}, b"try later")


def reset(name: str, reply: Reply) -> None:
    return None


def truncated(name: str, reply: Reply) -> Reply:
    return Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2])


def corrupted(name: str, reply: Reply) -> Reply:
    if not name.endswith("/forecast") or reply.status != 200:
        return reply
    middle = len(reply.body) // 2
    spoiled = reply.body[:middle] + bytes([reply.body[middle] ^ 1]) + reply.body[middle + 1 :]
    return Reply(reply.status, reply.headers, spoiled)


def absent(suffix: str) -> Fault:
    return lambda name, reply: Reply(404, {}, b"Not Found") if name.endswith(suffix) else reply


def nonsense_pointer(name: str, reply: Reply) -> Reply:
    return Reply(200, reply.headers, b"x" * len(reply.body)) if name == names.POINTER else reply


def without_generation(name: str, reply: Reply) -> Reply:
    return Reply(reply.status, {}, reply.body)


FAULTS: dict[str, Fault] = {
    "latency of 1 s": slow,
    "503": status(503),
    "429": status(429),
    "500": status(500),
    "403": status(403),
    "connection reset": reset,
    "truncated body": truncated,
    "corrupted byte": corrupted,
    "404 of the pointer": absent("current.json"),
    "404 of the artifact": absent("/forecast"),
    "a pointer of nonsense": nonsense_pointer,
    "no generation": without_generation,
}


class Shop:
    """A bucket with versions whose every number is the version."""

    def __init__(self, bucket: str) -> None:
        self.objects = BucketObjects("demo", bucket)
        self.version = 0

    def publish(self, spoil: Callable[[bytes], bytes] | None = None, *, write: bool = True) -> None:
        self.version += 1
        data = artifact({f"Part {k}": self.version for k in range(5)}, version=self.version).to_bytes()
        data = spoil(data) if spoil else data
        if write:
            self.objects.write(names.forecast(self.version), data, if_generation=0)
        live = self.objects.read(names.POINTER)
        fields = dict.fromkeys(("manifest_sha256", "history_sha256", "published_by", "rules"), "")
        fields |= {"published_at": "2026-05-01T03:00:00+00:00", "trained_at": "2026-05-01T03:00:00+00:00"}
        pointer = Pointer(
            version=self.version,
            history=self.version,
            run=self.version,
            forecast_sha256=hashlib.sha256(data).hexdigest(),
            **fields,
        )
        self.objects.write(names.POINTER, pointer.to_bytes(), if_generation=live.generation if live else 0)


@pytest.fixture
def shop(bucket: str) -> Shop:
    return Shop(bucket)


@pytest.fixture
def proxy(storage_server) -> Iterator[Proxy]:
    proxy = Proxy(storage_server.url)
    yield proxy
    proxy.stop()


@pytest.fixture
def client(proxy: Proxy, shop: Shop, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    settings = {
        "GOOGLE_CLOUD_PROJECT": "demo",
        "RESTOCK_BUCKET": bucket,
        "SHOP_TIME_ZONE": "Europe/London",
        "FORECAST_AUTH": "public",
        "RELOAD_SECONDS": "0.1",
        "STALE_SECONDS": "0.3",
        "RELOAD_WAIT_MS": "100",
        "STORAGE_EMULATOR_HOST": proxy.url,
    }
    shop.publish()
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    client = create_app("forecast", str(ROOT / "functions/forecast/main.py")).test_client()
    live = sys.modules["main"].LIVE
    yield client
    live.stop()


@dataclass
class Seen:
    """What callers got."""

    statuses: list[int] = field(default_factory=list)
    versions: set[int] = field(default_factory=set)
    mixed: int = 0

    def __str__(self) -> str:
        return f"{len(self.statuses)} | {sum(status != 200 for status in self.statuses)} | {self.mixed}"

    def look(self, answer) -> None:
        self.statuses.append(answer.status_code)
        if answer.status_code == 200:
            version = answer.json["model"]["version"]
            self.versions.add(version)
            self.mixed += any(total != version for total in answer.json["total_restock_demand"].values())


def ask(client):
    return client.post(PATH, json={"forecast_days": 1, "current_date": "2026-05-04"})


def call_for(client, seconds: float) -> Seen:
    """Several callers at once."""
    seen, end = Seen(), time.monotonic() + seconds

    def go() -> None:
        while time.monotonic() < end:
            seen.look(ask(client))
            time.sleep(0.005)

    callers = [threading.Thread(target=go) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    return seen


def seconds_until(client, version: int, seen: Seen) -> float:
    """Until the version is served; every answer on the way is looked at."""

    def is_served() -> bool:
        seen.look(ask(client))
        return version in seen.versions

    started = time.monotonic()
    wait_until(is_served)
    return time.monotonic() - started


@pytest.mark.parametrize("name", FAULTS)
def test_a_loaded_instance_never_fails_a_request(client, proxy, shop, name):
    assert ask(client).status_code == 200
    proxy.fault = FAULTS[name]
    shop.publish()

    seen = call_for(client, FAULT_SECONDS)
    proxy.fault = lambda name, reply: reply
    recovery = seconds_until(client, 2, seen)

    print(f"| {name} | {seen} | {recovery:.1f} s |")
    assert set(seen.statuses) == {200}
    assert seen.mixed == 0


def newer_format(data: bytes) -> bytes:
    return data.replace(f'"schema":{SCHEMA}'.encode(), b'"schema":7')


@pytest.mark.parametrize(
    ("name", "published"),
    [("a pointer to a version that is not there", {"write": False}), ("a newer format", {"spoil": newer_format})],
)
def test_a_bad_version_is_passed_over_and_named(client, shop, name, published):
    assert ask(client).status_code == 200
    shop.publish(**published)

    seen = call_for(client, FAULT_SECONDS)
    health = client.get("/health").json
    shop.publish()
    recovery = seconds_until(client, 3, seen)

    print(f"| {name} | {seen} | {recovery:.1f} s |")
    assert set(seen.statuses) == {200}
    assert seen.versions == {1, 3}
    assert health["status"] == "degraded"
    assert re.match("version 2 cannot be served", health["problem"])
    wait_until(lambda: client.get("/health").json["status"] == "healthy")


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "latency of 1 s"])
def test_a_cold_instance_says_when_to_come_back_and_loads_when_it_can(client, proxy, name):
    proxy.fault = FAULTS[name]

    answer = ask(client)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json["status"] == "error"
    assert client.get("/health").json["status"] == "degraded"
    proxy.fault = lambda name, reply: reply
    assert seconds_until(client, 1, Seen()) < 5


def test_a_cold_instance_waits_for_a_slow_store(client, proxy):
    proxy.fault = slow

    assert ask(client).status_code == 200
