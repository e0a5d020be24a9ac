"""The door of training: private HTTP, called by Cloud Tasks, Cloud Scheduler and, through the queue, people."""

import os
from dataclasses import asdict

import flask
import functions_framework

from restock.errors import BadRequestError, SettingsError, StoreUnavailableError, UnknownShopError
from restock.gcp.firestore import FirestoreDocuments
from restock.logs import Log, follow_trace
from restock.retraining.assembly import tools_of
from restock.retraining.run import retrain as run
from restock.settings import RETRAIN, Settings
from restock.shops import Shops
from restock.stored.retrain_request import parse_request

# The server reads this once we are imported. Its time-out is a heartbeat: it would kill a worker that the platform had
# frozen, and with it the request that woke it. The platform times requests itself.
os.environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"

log = Log(RETRAIN)
settings = Settings.from_env(RETRAIN)
shops = Shops(settings, lambda: FirestoreDocuments(settings.project))


@functions_framework.http
def retrain(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """POST {"reason": "schedule" | "threshold" | "manual", "rebuild"?: bool, "force"?: bool, "shop"?: of a chain}."""
    follow_trace(request.headers.get("X-Cloud-Trace-Context"), settings.project)
    if request.method != "POST":
        return {"status": "error", "message": "POST a reason to retrain"}, 405, {"Allow": "POST"}
    try:
        asked = parse_request(request.get_data(cache=False))
        shop = shops.find(asked.shop)
    except (BadRequestError, SettingsError, StoreUnavailableError, UnknownShopError) as exc:
        log.error(str(exc))
        status = next((status for kind, status in MISTAKES.items() if isinstance(exc, kind)), 503)
        return {"status": "error", "message": str(exc)}, status
    outcome = run(asked, tools_of(shop, log))
    return asdict(outcome), outcome.http_status


MISTAKES = {BadRequestError: 400, UnknownShopError: 404, SettingsError: 500}
