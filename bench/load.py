"""A closed loop of HTTP clients on kept connections: each sends its next request when it has its answer.

One thread and a selector, so that the clients cost as little as possible of the machine they share with the server.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from local.processes import ProcessError

READ_BYTES = 262_144


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """One HTTP/1.1 request as bytes."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Answers:
    """What came back."""

    seconds: float = 0.0
    """From the first request to the last answer."""
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds

    def expect(self, *wanted: int) -> None:
        """Raise unless every answer had one of these statuses: a fast error is no result."""
        others = {status: count for status, count in self.statuses.items() if status not in wanted}
        if others or not self.latencies:
            raise ProcessError(f"the load got {others or 'no answers'}, not only {wanted}")


@dataclass
class _Client:
    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)


def drive(  # noqa: C901  # one loop over all connections, whose state is in its locals
    port: int,
    requests: Iterator[bytes],
    *,
    clients: int,
    seconds: float = float("inf"),
    on_answer: Callable[[int, bytes], None] | None = None,
) -> Answers:
    """Send `requests` with so many clients until there are no more, or the time is over."""
    answers = Answers()
    selector = selectors.DefaultSelector()
    started = time.perf_counter()
    busy = 0

    def send_next(client: _Client) -> bool:
        following = next(requests, None) if time.perf_counter() - started < seconds else None
        if following is None:
            selector.unregister(client.socket)
            client.socket.close()
            return False
        client.sent_at = time.perf_counter()
        client.received.clear()
        client.socket.sendall(following)
        return True

    for _ in range(clients):
        client = _Client(_connected(port))
        selector.register(client.socket, selectors.EVENT_READ, client)
        busy += send_next(client)
    while busy:
        ready = selector.select(timeout=120)
        if not ready:
            raise ProcessError(f"no answer on port {port} for two minutes")
        for key, _ in ready:
            client = key.data
            data = client.socket.recv(READ_BYTES)
            client.received += data
            whole = _whole(client.received)
            if whole is None:
                if not data:
                    raise ProcessError(f"port {port} closed a connection in the middle of an answer")
                continue
            answers.latencies.append(time.perf_counter() - client.sent_at)
            status, body, closes = whole
            answers.statuses[status] = answers.statuses.get(status, 0) + 1
            if on_answer:
                on_answer(status, body)
            if closes:
                selector.unregister(client.socket)
                client.socket.close()
                client.socket = _connected(port)
                selector.register(client.socket, selectors.EVENT_READ, client)
            busy -= not send_next(client)
    answers.seconds = time.perf_counter() - started
    return answers


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=120)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _whole(received: bytearray) -> tuple[int, bytes, bool] | None:
    """Status, body and whether the server closes the connection, once the answer is complete."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = bytes(received[:end]).lower()
    status = int(head[9:12])
    length = 0
    if (at := head.find(b"\r\ncontent-length:")) >= 0:
        length = int(head[at + 17 :].split(b"\r\n", 1)[0])
    elif b"\r\ntransfer-encoding:" in head:
        raise ProcessError("the server answers in chunks, which this client does not read")
    if len(received) < end + 4 + length:
        return None
    return status, bytes(received[end + 4 : end + 4 + length]), b"\r\nconnection: close" in head
