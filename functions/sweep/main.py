"""The door of a chain's nights: one task of a Cloud Run job's array, which takes shop after shop until none is left.

Retrain's code with retrain's requirements, in an image of its own; the Procfile says how it is started. It exits with 0
unless Cloud Run is to repeat the task.
"""

import os
import sys
from datetime import UTC, datetime

from restock.gcp.firestore import FirestoreDocuments
from restock.gcp.order_documents import OrderDocuments
from restock.gcp.storage import BucketObjects
from restock.logs import Log
from restock.retraining.assembly import tools_of
from restock.retraining.run import retrain
from restock.settings import SWEEP, Settings
from restock.shops import Shops
from restock.stored import names
from restock.sweeping.standing import standing_of
from restock.sweeping.sweep import Sweeper, sweep
from restock.sweeping.task import Task
from restock.sweeping.time_limit import limited_to


def main() -> int:
    settings, task, log = Settings.from_env(SWEEP), Task.from_env(os.environ), Log(SWEEP)
    documents, orders = FirestoreDocuments(settings.project), OrderDocuments(settings.project)
    objects = BucketObjects(settings.project, settings.bucket)
    return sweep(
        Sweeper(
            task=task,
            hour=settings.sweep_hour,
            documents=documents,
            shops=Shops(settings, lambda: FirestoreDocuments(settings.project)),
            learn=lambda shop, asked: retrain(asked, tools_of(shop, log, holder=task.holder)),
            limited=lambda: limited_to(settings.lease_seconds),
            log=log,
            clock=lambda: datetime.now(UTC),
            stands=lambda shop: standing_of(
                shop, documents, objects, orders.under(names.root(shop.id)), datetime.now(UTC)
            ),
        )
    ).exit_code


if __name__ == "__main__":
    sys.exit(main())
