"""The door of training: private HTTP, called by Cloud Tasks, Cloud Scheduler and, through the queue, people."""

import os
from dataclasses import asdict
from datetime import UTC, datetime

import flask
import functions_framework

from restock.errors import BadRequestError
from restock.forecasting.fitting import Fitter
from restock.gcp.firestore import FirestoreDocuments
from restock.gcp.storage import BucketObjects
from restock.gcp.tasks import CloudTasksQueue
from restock.logs import Log, follow_trace
from restock.retraining.run import retrain as run
from restock.retraining.tools import Tools
from restock.settings import RETRAIN, Settings
from restock.stored.retrain_request import parse_request

# The server reads this once we are imported. Its time-out is a heartbeat: it would kill a worker that the platform had
# frozen, and with it the request that woke it. The platform times requests itself.
os.environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"

log = Log(RETRAIN)
settings = Settings.from_env(RETRAIN)


@functions_framework.http
def retrain(request: flask.Request) -> flask.typing.ResponseReturnValue:
    """POST {"reason": "schedule" | "threshold" | "manual", "rebuild"?: bool, "force"?: bool}."""
    follow_trace(request.headers.get("X-Cloud-Trace-Context"), settings.project)
    if request.method != "POST":
        return {"status": "error", "message": "POST a reason to retrain"}, 405, {"Allow": "POST"}
    try:
        asked = parse_request(request.get_data(cache=False))
    except BadRequestError as exc:
        log.error(str(exc))
        return {"status": "error", "message": str(exc)}, 400
    outcome = run(
        asked,
        Tools(
            settings=settings,
            documents=FirestoreDocuments(settings.project),
            objects=BucketObjects(settings.project, settings.bucket),
            queue=CloudTasksQueue(settings),
            fit=Fitter(settings.time_zone, settings.closed_days),
            log=log,
            clock=lambda: datetime.now(UTC),
        ),
    )
    return asdict(outcome), outcome.http_status
