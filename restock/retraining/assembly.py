"""What a retrain of one shop acts on, put together: the stores of its root, its settings, the method it fits by.

What not every run needs is imported when it is: a busy or pinned run, or one below the threshold, needs neither the
libraries of fitting nor those of every client (``tests/functions/test_retrain_imports.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any

from restock.gcp.firestore import FirestoreDocuments
from restock.gcp.firestore_reader import FirestoreReader
from restock.logs import Log
from restock.retraining.levels import follow_levels
from restock.retraining.tools import ChallengerModel, Lesson, Tools
from restock.scoped import documents_of, objects_of, queue_of
from restock.settings import Settings
from restock.stored import names
from restock.stored.shop import Shop


def tools_of(shop: Shop, log: Log, *, holder: str = "") -> Tools:
    """``holder`` names who takes the lease where each attempt is to take over the one before it."""
    settings = shop.settings
    return Tools(
        settings=settings,
        documents=documents_of(shop.id, FirestoreDocuments(settings.project)),
        objects=objects_of(shop.id, OnFirstUse(lambda: _bucket(settings))),
        queue=queue_of(shop.id, OnFirstUse(lambda: _queue(settings))),
        fit=partial(_fit, settings),
        log=log.of_shop(shop.id),
        clock=lambda: datetime.now(UTC),
        bookings=FirestoreReader(settings.project).under(names.root(shop.id)),
        levels=follow_levels,
        holder=holder,
    )


class OnFirstUse:
    """Stands for a store or a queue until something is asked of it."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> object:
        return self._make()

    def __getattr__(self, verb: str) -> Any:
        return getattr(self._made, verb)


def _bucket(settings: Settings) -> object:
    from restock.gcp.storage import BucketObjects

    return BucketObjects(settings.project, settings.bucket)


def _queue(settings: Settings) -> object:
    from restock.gcp.tasks import CloudTasksQueue

    return CloudTasksQueue(settings)


def _fit(settings: Settings, lesson: Lesson, progress: Callable[[str], None]) -> ChallengerModel:
    from restock.forecasting.fitting import Fitter

    return Fitter(settings.time_zone, settings.closed_days)(lesson, progress)
