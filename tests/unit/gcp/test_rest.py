"""The small HTTP client of the forecast: kept connections, one more try, whole answers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.processes import free_port
from restock.gcp.rest import FAILURES, Rest


class Server(ThreadingHTTPServer):
    """Answers /path?query with itself; /drop closes the connection without a word, /half in the middle of one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.connections: list[object] = []
        self.requests: list[str] = []
        self.drop_next = 0
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self)

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.requests.append(f"{self.command} {self.path}")
        if self.server.drop_next or self.path == "/drop":
            self.server.drop_next = max(self.server.drop_next - 1, 0)
            self.close_connection = True
            return
        answer = body or self.path.encode()
        self.send_response(404 if self.path == "/nothing" else 200)
        self.send_header("Content-Length", str(len(answer) + 10 * (self.path == "/half")))
        self.send_header("X-Asked-With", self.headers.get("X-Asking", ""))
        self.end_headers()
        self.wfile.write(answer)
        self.close_connection = self.path == "/half"

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.shutdown()
    server.server_close()


def test_an_answer_comes_whole_with_status_and_headers(server):
    reply = Rest().request("POST", f"{server.url}/a?b=c%2Fd", headers={"X-Asking": "me"}, body=b"hello")

    assert (reply.status, reply.data, reply.headers.get("x-asked-with")) == (200, b"hello", "me")
    assert server.requests == ["POST /a?b=c%2Fd"]
    assert Rest().request("GET", f"{server.url}/nothing").status == 404


def test_a_connection_is_kept_for_the_next_request(server):
    rest = Rest()

    for _ in range(5):
        assert rest.request("GET", f"{server.url}/x").data == b"/x"

    assert len(server.connections) == 1


def test_a_kept_connection_that_died_is_replaced(server):
    rest = Rest()
    rest.request("GET", f"{server.url}/x")
    server.drop_next = 1

    assert rest.request("GET", f"{server.url}/x").data == b"/x"
    assert len(server.connections) == 2


def test_threads_share_no_connection_at_a_time(server):
    rest = Rest()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: rest.request("GET", f"{server.url}/{n}").data, range(200)))

    assert answers == [f"/{n}".encode() for n in range(200)]
    assert len(server.connections) <= 8


@pytest.mark.parametrize("path", ["/drop", "/half"])
def test_no_whole_answer_is_a_failure_after_the_second_try(server, path):
    with pytest.raises(FAILURES):
        Rest().request("GET", server.url + path)

    assert server.requests == [f"GET {path}"] * 2


def test_no_server_is_a_failure():
    with pytest.raises(FAILURES):
        Rest().request("GET", f"http://127.0.0.1:{free_port()}/x")


def test_a_silent_server_is_a_failure_within_its_time():
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(FAILURES):
        Rest(read_seconds=0.1).request("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/x")


def test_who_did_not_answer_a_new_connection_in_time_is_not_asked_again():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(TimeoutError):
            Rest(read_seconds=0.1).request("GET", f"http://127.0.0.1:{silent.getsockname()[1]}/x")
        silent.settimeout(0.1)
        silent.accept()
        with pytest.raises(TimeoutError):
            silent.accept()  # nobody else has come
