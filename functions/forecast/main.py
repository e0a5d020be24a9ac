"""Door: HTTPS. Translates a request for the API and its answer back."""

import gc
import os

# Until the first model is there only modules load: collecting garbage meanwhile finds none and, in a forked worker,
# copies every page it looks at. So do the threads that numpy would start for its algebra: a tenth of the cold start.
gc.disable()
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import io

import flask
import functions_framework

from restock.logs import Log
from restock.serving.http import Request
from restock.settings import FORECAST, Settings

# The server reads this once we are imported. Its time-out is a heartbeat: it would kill a worker that the platform had
# frozen, and with it the request that woke it. The platform times requests itself.
os.environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"


def collect_garbage_from_now_on() -> None:
    """What is loaded by now stays: no collection need ever look at it."""
    gc.freeze()
    gc.enable()


SETTINGS = Settings.from_env(FORECAST)
if SETTINGS.is_chain:
    from restock.serving.chain_assembly import ChainAssembly as Assembly
else:
    from restock.serving.assembly import Assembly
FORECASTS = Assembly(SETTINGS, Log(FORECAST), after_first_look=collect_garbage_from_now_on)
LIVE = FORECASTS.live


@functions_framework.http
def forecast(request: flask.Request) -> flask.Response:
    answer = FORECASTS.api.answer(
        Request(
            request.method,
            request.path,
            request.query_string.decode("utf-8", "replace"),
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
