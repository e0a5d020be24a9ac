"""Door: HTTPS. Translates a request for the API and its answer back."""

import gc
import os

# Until the first model is there only modules load: collecting garbage meanwhile finds none and, in a forked worker,
# copies every page it looks at. So do the threads that numpy would start for its algebra: a tenth of the cold start.
gc.disable()
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import io
from functools import cache
from typing import TYPE_CHECKING

import flask
import functions_framework

from restock.gcp.bucket_reader import BucketReader
from restock.logs import Log
from restock.serving.access import Access, Admins, Everyone, FirebaseUsers
from restock.serving.api import Api
from restock.serving.assets import Page
from restock.serving.http import Request
from restock.serving.live_model import LiveModel
from restock.settings import FORECAST, Settings

if TYPE_CHECKING:
    from restock.gcp.firestore_reader import FirestoreReader
    from restock.serving.previous import PreviousVersion
    from restock.serving.stock import Stock
    from restock.serving.training import Training

# The server reads this once we are imported. Its time-out is a heartbeat: it would kill a worker that the platform had
# frozen, and with it the request that woke it. The platform times requests itself.
os.environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"

SETTINGS = Settings.from_env(FORECAST)
LOG = Log(FORECAST)


def collect_garbage_from_now_on() -> None:
    """What is loaded by now stays: no collection need ever look at it."""
    gc.freeze()
    gc.enable()


# What only some requests need is imported and made by the first of them.
@cache
def documents() -> "FirestoreReader":
    from restock.gcp.firestore_reader import FirestoreReader

    return FirestoreReader(SETTINGS.project)


@cache
def stock() -> "Stock":
    from restock.serving.stock import Stock

    return Stock(documents(), SETTINGS.stock_cache_seconds)


@cache
def previous() -> "PreviousVersion":
    from restock.serving.previous import PreviousVersion

    return PreviousVersion(LIVE, OBJECTS)


@cache
def training() -> "Training":
    from restock.serving.training import Training

    return Training(documents())


# Nothing here contacts the cloud or starts a thread: the server forks after this import.
OBJECTS = BucketReader(SETTINGS.bucket)
LIVE = LiveModel(
    OBJECTS,
    reload_seconds=SETTINGS.reload_seconds,
    stale_seconds=SETTINGS.stale_seconds,
    wait_seconds=SETTINGS.reload_wait_ms / 1000,
    log=LOG,
    after_first_look=collect_garbage_from_now_on,
)
ACCESS: Access = Everyone()
PAGE = Page(SETTINGS.forecast_auth)
if SETTINGS.forecast_auth == "public":
    LOG.warning("FORECAST_AUTH is public: anyone who finds this address may read the shop's forecasts")
if SETTINGS.forecast_auth == "iam" and SETTINGS.allowed_origins:
    LOG.warning("CORS_ORIGINS is set in iam mode: these pages may read forecasts through an operator's proxy")
if SETTINGS.forecast_auth == "firebase":
    from restock.gcp.identity import FirebaseTokens

    if not SETTINGS.firebase_api_key:
        LOG.warning("FIREBASE_WEB_API_KEY is not set: the page cannot sign people in")
    if not SETTINGS.require_admin:
        LOG.warning("FORECAST_REQUIRE_ADMIN is false: every account of the project may read the shop's forecasts")
    TOKENS = FirebaseTokens(SETTINGS.project)
    PAGE = Page("firebase", SETTINGS.firebase_api_key, TOKENS.emulator)
    ACCESS = FirebaseUsers(TOKENS, Admins(documents()) if SETTINGS.require_admin else None, LOG)
API = Api(
    LIVE,
    SETTINGS,
    access=ACCESS,
    stock=stock,
    previous=previous,
    training=training,
    page=PAGE,
    log=LOG,
)
if hasattr(os, "register_at_fork"):  # loading begins in the worker, before its first request; Windows does not fork
    os.register_at_fork(after_in_child=LIVE.start)
    if SETTINGS.forecast_auth == "firebase":
        os.register_at_fork(after_in_child=TOKENS.warm_up)


@functions_framework.http
def forecast(request: flask.Request) -> flask.Response:
    answer = API.answer(
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
