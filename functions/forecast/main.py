"""Door: HTTPS. Translates a request for the API and its answer back."""

import io
import os

import flask
import functions_framework

from restock.gcp.pointer_reader import PointerReader
from restock.logs import Log
from restock.serving.api import Api
from restock.serving.http import Request
from restock.serving.live_model import LiveModel
from restock.settings import FORECAST, Settings

SETTINGS = Settings.from_env(FORECAST)
LOG = Log(FORECAST)
LIVE = LiveModel(
    PointerReader(SETTINGS.bucket),
    reload_seconds=SETTINGS.reload_seconds,
    stale_seconds=SETTINGS.stale_seconds,
    wait_seconds=SETTINGS.reload_wait_ms / 1000,
    log=LOG,
)
API = Api(LIVE, SETTINGS, LOG)
# The server forks after this import and a thread started here would die with it: loading begins in the worker.
os.register_at_fork(after_in_child=LIVE.start)


@functions_framework.http
def forecast(request: flask.Request) -> flask.Response:
    answer = API.answer(
        Request(
            request.method,
            request.path,
            request.query_string.decode("latin-1"),
            request.headers.get,
            request.stream.read,
            request.content_length,
        )
    )
    # The framework would now read whatever of the body is left, however much it is; gunicorn drains it within bounds.
    request.stream = io.BytesIO()
    response = flask.Response(answer.body, answer.status, content_type=answer.content_type)
    response.headers.extend(answer.headers)
    return response
