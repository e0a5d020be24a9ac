"""The door of counting: a Firestore trigger on appointments, at least once, in any order.

They lie at appointments/{id}, or, in a chain, at shops/{shop}/appointments/{id}. Light on purpose: the Firestore and
Tasks clients are imported when an event matters, which most do not.
"""

import os
from datetime import UTC, datetime
from functools import cache

import flask
import functions_framework

from restock.counting.appointments import CountingRules
from restock.counting.count import count
from restock.errors import (
    BadEventError,
    BadRequestError,
    DamagedError,
    SettingsError,
    StoreRefusedError,
    UnknownShopError,
)
from restock.gcp.events import decode
from restock.logs import Log, follow_trace
from restock.scoped import documents_of, queue_of
from restock.settings import ON_APPOINTMENT, Settings
from restock.shops import Shops
from restock.stores import DocumentStore, RetrainQueue

# The server reads this once we are imported. Its time-out is a heartbeat: it would kill a worker that the platform had
# frozen, and with it the request that woke it. The platform times requests itself.
os.environ["CLOUD_RUN_TIMEOUT_SECONDS"] = "0"

log = Log(ON_APPOINTMENT)
settings = Settings.from_env(ON_APPOINTMENT)


def documents() -> DocumentStore:
    from restock.gcp.firestore import FirestoreDocuments

    return FirestoreDocuments(settings.project)


@cache
def queue() -> RetrainQueue:
    from restock.gcp.tasks import CloudTasksQueue

    return CloudTasksQueue(settings)


shops = Shops(settings, lambda: documents())  # noqa: PLW0108  # looked up when it is called: tests have their own


@functions_framework.cloud_event
def on_appointment(event) -> None:  # type: ignore[no-untyped-def]
    """Count one delivery. Raises, and is delivered again, only for what that can mend."""
    follow_trace(flask.request.headers.get("X-Cloud-Trace-Context"), settings.project)
    about = {"event": event["id"], "subject": event.get("subject")}
    try:
        written = decode(event.data, event.get("time"))
        shop = shops.find(written.shop)
        count(
            written,
            rules=CountingRules.of(shop.settings),
            threshold=shop.settings.retrain_threshold,
            documents=lambda: documents_of(shop.id, documents()),
            queue=lambda: queue_of(shop.id, queue()),
            now=datetime.now(UTC),
            log=log.of_shop(shop.id),
        )
    except (BadEventError, BadRequestError, StoreRefusedError) as exc:
        log.error(f"not counted: {exc}", **about)
    except UnknownShopError as exc:  # its first full read will count what the shop has done by then
        log.warning(f"not counted: {exc}", **about)
    except (
        DamagedError,
        SettingsError,
    ) as exc:  # a run, or a person, mends it; the delivery comes again
        log.error(f"not counted yet: {exc}", **about)
        raise
