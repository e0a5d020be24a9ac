"""Stands between the Firestore emulator and a function and gives events Eventarc's habits.

The emulator delivers each event once, at once, and forgets it. Eventarc, and so this relay, delivers at least once, in
any order: what is not answered with 2xx comes again after a growing wait; by its settings an event may also come
twice, or late and so after its successors.

    emulator ──► relay ── delay ──► function: 500
                   │                    └── wait ──► 500 ── 2 × wait ──► 204: done
                   └── (duplicate) ── another delay ──► function
"""

from __future__ import annotations

import base64
import binascii
import heapq
import itertools
import os
import random
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from infra.retries import RetryConfig
from local.loopback import LoopbackServer, status_of
from local.processes import ProcessError

PROBE = "probe"  # the trigger of one event at start, which goes no further (local/triggers.py)
CONCURRENT_DELIVERIES = 20
DELIVERY_TIMEOUT_SECONDS = 600
RETRIES = RetryConfig(
    max_attempts=-1, min_backoff_seconds=1, max_backoff_seconds=60, max_doublings=6, max_retry_seconds=24 * 3600
)
"""For a day, as Eventarc does, with shorter waits."""


@dataclass(frozen=True)
class Habits:
    """How events arrive. The defaults are Eventarc on a good day."""

    delay_seconds: float = 0
    duplicates: float = 0
    seed: int = 0
    retries: RetryConfig = RETRIES

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Habits:
        """EVENT_DELAY_SECONDS (every delivery waits a random part of it, which also reorders them), EVENT_DUPLICATES
        (the share that comes twice, 0 to 1) and EVENT_SEED."""
        return cls(
            delay_seconds=number_from(env, "EVENT_DELAY_SECONDS", float, most=86_400),
            duplicates=number_from(env, "EVENT_DUPLICATES", float, most=1),
            seed=int(number_from(env, "EVENT_SEED", int, most=2**32)),
        )


def number_from(env: Mapping[str, str], variable: str, kind: Callable[[str], float], *, most: float) -> float:
    """A number of the environment, 0 if it is unset; a wrong one is refused by name."""
    given = env.get(variable) or "0"
    try:
        found = kind(given)
    except ValueError:
        found = -1
    if not 0 <= found <= most:
        raise ProcessError(f"{variable}={given!r} is not a number from 0 to {most:g}")
    return found


@dataclass(order=True)
class DueDelivery:
    """One delivery of one event, ordered by when it is due."""

    due: float
    number: int
    headers: dict[str, str] = field(compare=False)
    body: bytes = field(compare=False)
    url: str = field(compare=False)
    accepted: float = field(compare=False)
    failures: int = field(compare=False, default=0)


class Relay:
    """Accepts events at `host` for the triggers given as {trigger id: url of the function}."""

    def __init__(
        self,
        targets: Mapping[str, str],
        *,
        habits: Habits | None = None,
        port: int = 0,
        listener: Callable[[str], None] | None = None,
    ) -> None:
        self._targets = dict(targets)
        self._habits = habits or Habits()
        self._random = random.Random(self._habits.seed)
        self._say = listener or (lambda line: None)
        self._waiting: list[DueDelivery] = []
        self._numbers = itertools.count()
        self._in_flight = 0
        self._changed = threading.Condition()
        self._stopped = False
        self.probed = b""
        """What the first event of the probe held, once it has come."""
        self._server = LoopbackServer(handler_for(self), port=port, name="eventarc")
        self.host = self._server.host

    def start(self) -> Relay:
        self._server.start()
        for number in range(CONCURRENT_DELIVERIES):
            threading.Thread(target=self._deliver_forever, name=f"eventarc-{number}", daemon=True).start()
        return self

    def stop(self) -> None:
        if left := self.undelivered:
            self._say(f"stopped with {left} deliveries to make, which Eventarc would have kept")
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._server.stop()

    @property
    def undelivered(self) -> int:
        """Deliveries that wait or are under way; the emulator sends an event a little after the write."""
        with self._changed:
            return len(self._waiting) + self._in_flight

    def accept(self, trigger: str, headers: dict[str, str], body: bytes) -> bool:
        """Take an event over; False if no such trigger is known."""
        if trigger == PROBE:
            self.probed = self.probed or body
            return True
        if trigger not in self._targets:
            return False
        now = time.monotonic()
        with self._changed:
            copies = 2 if self._random.random() < self._habits.duplicates else 1
            for _ in range(copies):
                due = now + self._random.uniform(0, self._habits.delay_seconds)
                delivery = DueDelivery(due, next(self._numbers), headers, body, self._targets[trigger], accepted=now)
                heapq.heappush(self._waiting, delivery)
            self._changed.notify(copies)
        return True

    def _deliver_forever(self) -> None:
        while True:
            with self._changed:
                if self._stopped:
                    return
                wait = self._waiting[0].due - time.monotonic() if self._waiting else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                delivery = heapq.heappop(self._waiting)
                self._in_flight += 1
            status = post(delivery)
            with self._changed:
                self._in_flight -= 1
                if status is None or not 200 <= status < 300:
                    self._try_again(delivery, status)

    def _try_again(self, delivery: DueDelivery, status: int | None) -> None:
        delivery.failures += 1
        retries, now = self._habits.retries, time.monotonic()
        what = f"{delivery.headers.get('ce-document', 'event')}: {status or 'no answer'}"
        if retries.is_exhausted(delivery.failures, now - delivery.accepted):
            self._say(f"dropped {what} after a day of attempts")
            return
        wait = retries.backoff_seconds(delivery.failures)
        delivery.due = now + wait
        heapq.heappush(self._waiting, delivery)
        self._changed.notify()
        self._say(f"{what}, again in {wait:g} s")


def post(delivery: DueDelivery) -> int | None:
    """Send the event; its status, or None without an answer."""
    request = urllib.request.Request(delivery.url, data=delivery.body, method="POST", headers=delivery.headers)
    return status_of(request, DELIVERY_TIMEOUT_SECONDS)


def as_eventarc_sends_it(body: bytes) -> bytes:
    """The emulator writes its protobuf in base64, Eventarc as it is; no DocumentEventData is valid base64 itself."""
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error:
        return body


def handler_for(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept = {name: value for name, value in self.headers.items() if name.lower().startswith("ce-")}
            kept["Content-Type"] = self.headers.get("Content-Type", "application/protobuf")
            trigger = self.path.rstrip("/").rpartition("/")[2]
            self.send_response(202 if relay.accept(trigger, kept, as_eventarc_sends_it(body)) else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass  # the listener is told what matters

    return Handler
