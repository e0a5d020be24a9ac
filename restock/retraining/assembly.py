"""What a retrain of one shop acts on, put together: the stores of its root, its settings, the method it fits by."""

from __future__ import annotations

from datetime import UTC, datetime

from restock.forecasting.fitting import Fitter
from restock.gcp.firestore import FirestoreDocuments
from restock.gcp.storage import BucketObjects
from restock.gcp.tasks import CloudTasksQueue
from restock.logs import Log
from restock.retraining.levels import follow_levels
from restock.retraining.tools import Tools
from restock.scoped import documents_of, objects_of, queue_of
from restock.stored.shop import Shop


def tools_of(shop: Shop, log: Log, *, holder: str = "") -> Tools:
    """``holder`` names who takes the lease where each attempt is to take over the one before it."""
    settings = shop.settings
    return Tools(
        settings=settings,
        documents=documents_of(shop.id, FirestoreDocuments(settings.project)),
        objects=objects_of(shop.id, BucketObjects(settings.project, settings.bucket)),
        queue=queue_of(shop.id, CloudTasksQueue(settings)),
        fit=Fitter(settings.time_zone, settings.closed_days),
        log=log.of_shop(shop.id),
        clock=lambda: datetime.now(UTC),
        levels=follow_levels,
        holder=holder,
    )
