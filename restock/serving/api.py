"""The forecast API: which operation a request means, and the answer to it.

The function is reached under several addresses (``…run.app/``, ``…cloudfunctions.net/forecast/``, an emulator's
path), so an operation is recognised by the end of the path; what stands before it is not ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import NoReturn

from restock.logs import Log, follow_trace
from restock.serving import restock_demand
from restock.serving.headers import PREFLIGHT_HEADERS, SECURITY_HEADERS, CorsPolicy
from restock.serving.http import Answer, HttpError, Request
from restock.serving.live_model import LiveModel
from restock.serving.model import Model
from restock.settings import Settings

LARGEST_BODY_BYTES = 64 * 1024
HEALTH_WAIT_SECONDS = 3.0  # the app gives /health 10


class Api:
    """Answers every request; what goes wrong becomes an error in the one shape."""

    def __init__(
        self, live: LiveModel, settings: Settings, log: Log, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._live = live
        self._settings = settings
        self._log = log
        self._now = now
        self._cors = CorsPolicy(settings.cors_origins)
        self._operations: dict[str, dict[str, Callable[[Request], Answer]]] = {
            "forecast_restock_demand": {"POST": self._restock_demand},
            "health": {"GET": self._health},
            "parts": {"GET": self._parts},
        }

    def answer(self, request: Request) -> Answer:
        """Never raises."""
        follow_trace(request.header("X-Cloud-Trace-Context"), self._settings.project)
        try:
            answer = self._operation(request)(request)
        except HttpError as error:
            answer = error.answer()
        except Exception as exc:  # a mistake of ours: the log gets the reason, the caller none of our names
            self._log.error("a request failed", path=request.path[:200], error=repr(exc))
            answer = HttpError(500, "The forecast could not be made; please try again").answer()
        cors = self._cors.headers(request.header("Origin"))
        return replace(answer, headers=(*SECURITY_HEADERS, *cors, *answer.headers))

    def _operation(self, request: Request) -> Callable[[Request], Answer]:
        if request.method == "OPTIONS":
            return self._preflight
        path = "/" + request.path.strip("/")
        for name, methods in self._operations.items():
            if path.endswith("/" + name):
                method = "GET" if request.method == "HEAD" else request.method
                if method in methods:
                    return methods[method]
                allowed = ", ".join([*methods, "OPTIONS"])
                raise HttpError(405, f"Use {allowed} here", headers=(("Allow", allowed),))
        raise HttpError(404, "There is nothing at this address; POST forecast_restock_demand, GET health or GET parts")

    def _preflight(self, request: Request) -> Answer:
        return Answer(204, b"", headers=PREFLIGHT_HEADERS)

    def _restock_demand(self, request: Request) -> Answer:
        now = self._now()
        wanted = restock_demand.parse_request(_body(request), now.astimezone(self._settings.zone).date())
        return Answer(200, restock_demand.demand_json(self._model(), wanted, now))

    def _health(self, request: Request) -> Answer:
        model = self._live.get(patience=HEALTH_WAIT_SECONDS)
        return Answer.of(restock_demand.health(model, self._live.problem, self._now()))

    def _parts(self, request: Request) -> Answer:
        return Answer.of(restock_demand.parts(self._model(), self._now()))

    def _model(self) -> Model:
        return self._live.get() or self._no_model()

    def _no_model(self) -> NoReturn:
        wait = self._live.retry_after_seconds()
        message = "There is no forecast model yet: the first one is trained after the first completed appointments"
        if self._live.problem:
            message = "The forecast model cannot be loaded at the moment; please try again"
        raise HttpError(503, message, headers=(("Retry-After", str(wait)),))


def _body(request: Request) -> bytes:
    """The request's body, bounded: neither a declared nor an undeclared length makes this process read more."""
    body = b""
    if (request.content_length or 0) <= LARGEST_BODY_BYTES:
        body = request.read(LARGEST_BODY_BYTES + 1)
    if len(body) > LARGEST_BODY_BYTES or (request.content_length or 0) > LARGEST_BODY_BYTES:
        raise HttpError(413, f"The request body is larger than {LARGEST_BODY_BYTES} bytes")
    return body
