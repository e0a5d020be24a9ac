"""The door of counting: a Firestore trigger on appointments/{id}, at least once, in any order.

Light on purpose: the Firestore and Tasks clients are imported when an event matters, which most do not.
"""

import os
from datetime import UTC, datetime
from functools import cache

import flask
import functions_framework

from restock.counting.appointments import CountingRules
from restock.counting.count import count
from restock.errors import BadEventError, DamagedError, StoreRefusedError
from restock.gcp.events import decode
from restock.logs import Log, follow_trace
from restock.settings import ON_APPOINTMENT, Settings
from restock.stores import DocumentStore, RetrainQueue

# The server reads this once we are imported. Its time-out is a heartbeat: it would kill a worker that the platform had
# frozen, and with it the request that woke it. The platform times requests itself.
os.environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"

log = Log(ON_APPOINTMENT)
settings = Settings.from_env(ON_APPOINTMENT)
rules = CountingRules.of(settings)


def documents() -> DocumentStore:
    from restock.gcp.firestore import FirestoreDocuments

    return FirestoreDocuments(settings.project)


@cache
def queue() -> RetrainQueue:
    from restock.gcp.tasks import CloudTasksQueue

    return CloudTasksQueue(settings)


@functions_framework.cloud_event
def on_appointment(event) -> None:  # type: ignore[no-untyped-def]
    """Count one delivery. Raises, and is delivered again, only for what that can mend."""
    follow_trace(flask.request.headers.get("X-Cloud-Trace-Context"), settings.project)
    try:
        count(
            decode(event.data, event.get("time")),
            rules=rules,
            threshold=settings.retrain_threshold,
            documents=documents,
            queue=queue,
            now=datetime.now(UTC),
            log=log,
        )
    except (BadEventError, StoreRefusedError) as exc:
        log.error(f"not counted: {exc}", event=event["id"], subject=event.get("subject"))
    except DamagedError as exc:  # the next run of any kind makes it anew, and the delivery is to come again
        log.error(f"not counted yet: {exc}", event=event["id"], subject=event.get("subject"))
        raise
