"""The forecast function as the platform runs it: a process of its own, forked by its server, frozen at times."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local.functions import start_function, wait_until_listening
from local.processes import Child, free_port
from tests.published import PublishedShelf, ShelfServer, artifact
from tests.waiting import wait_until

PATH = "/forecast_restock_demand"


class Process:
    """A running forecast function."""

    def __init__(self, child: Child, port: int) -> None:
        self.child = child
        self.port = port

    def ask(self, method: str = "POST", path: str = PATH, body: object = b'{"forecast_days": 1}', **headers: str):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(
                method, path, body, headers, encode_chunked=headers.get("Transfer-Encoding") == "chunked"
            )
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def send(self, number: signal.Signals) -> None:
        """To the server and its workers, as freezing a container means all of it."""
        server = psutil.Process(self.child.process.pid)
        for process in [server, *server.children(recursive=True)]:
            process.send_signal(number)


@pytest.fixture
def shelf() -> PublishedShelf:
    return PublishedShelf()


@pytest.fixture
def start(shelf: PublishedShelf, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    storage = ShelfServer(shelf)
    children = []

    def go(**settings: str) -> Process:
        port = free_port()
        environment = {
            "GOOGLE_CLOUD_PROJECT": "demo-shop",
            "RESTOCK_BUCKET": "models",
            "SHOP_TIME_ZONE": "Europe/London",
            "STORAGE_EMULATOR_HOST": storage.url,
            "FORECAST_AUTH": "public",
        }
        children.append(start_function("forecast", port=port, env=environment | settings, log_dir=tmp_path))
        wait_until_listening(children[-1], port)
        return Process(children[-1], port)

    yield go
    for child in children:
        child.stop()
    storage.stop()


def test_the_worker_loads_its_model_before_anybody_asks(start, shelf):
    shelf.publish(artifact({"Oil": 3.0}))

    process = start()
    wait_until(lambda: "models/1/forecast" in shelf.reads)

    status, answer = process.ask()
    assert (status, answer["total_restock_demand"]) == (200, {"Oil": 3})
    assert len(shelf.reads) == 2


def test_after_a_freeze_the_first_answer_has_the_newest_model(start, shelf):
    shelf.publish(artifact({"Oil": 1.0}, version=1))
    process = start(RELOAD_SECONDS="1", STALE_SECONDS="1", RELOAD_WAIT_MS="10000")
    assert process.ask()[1]["model"]["version"] == 1

    process.send(signal.SIGSTOP)
    shelf.publish(artifact({"Oil": 2.0}, version=2))
    time.sleep(1.5)
    process.send(signal.SIGCONT)

    assert process.ask()[1]["model"]["version"] == 2


def test_a_worker_frozen_for_longer_than_a_request_may_take_lives_and_answers(start, shelf):
    shelf.publish(artifact({"Oil": 1.0}))
    process = start(CLOUD_RUN_TIMEOUT_SECONDS="1")
    process.ask()
    workers = [one.pid for one in psutil.Process(process.child.process.pid).children()]

    for _ in range(3):
        process.send(signal.SIGSTOP)
        time.sleep(2.5)
        process.send(signal.SIGCONT)
        assert process.ask()[0] == 200
        time.sleep(1)

    assert [one.pid for one in psutil.Process(process.child.process.pid).children()] == workers


def test_chunked_bodies_are_read_and_bounded(start, shelf):
    shelf.publish(artifact({"Oil": 1.0}))
    process = start()
    chunked = {"Transfer-Encoding": "chunked"}

    assert process.ask(body=iter([b'{"forecast_', b'days": 2}']), **chunked)[1]["forecast_period_days"] == 2
    status, answer = process.ask(body=iter([b" " * 10_000] * 20), **chunked)

    assert (status, answer["status"]) == (413, "error")
    assert process.ask()[0] == 200


def test_a_large_body_is_refused_without_being_kept(start, shelf):
    shelf.publish(artifact({"Oil": 1.0}))
    process = start()

    status, answer = process.ask(body=b"[" * 2_000_000)

    assert (status, answer["status"]) == (413, "error")


def test_a_body_whose_chunks_are_malformed_is_the_callers_mistake(start, shelf):
    shelf.publish(artifact({"Oil": 1.0}))
    process = start()
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()

    for body in (
        b"zz\r\n{}\r\n",
        b"5\r\n{}",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}XX0\r\n\r\n",
        b"2\r\n{}\r\n0\r\nno trailer\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", process.port), timeout=10) as connection:
            connection.sendall(head + body)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.makefile("rb").read()

        assert answer.startswith(b"HTTP/1.1 400 "), (body, answer[:200])
        assert process.ask()[0] == 200
