"""A task of the sweep whose fits take as long as a shop has rows, and nothing of the processor.

What is measured with it is how the work is divided, which a machine busy with something else would hide: everything
but the fit and the look at the stock is the job's own (functions/sweep/main.py).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from restock.gcp.firestore import FirestoreDocuments
from restock.logs import Log
from restock.retraining.assembly import tools_of
from restock.retraining.endings import Outcome
from restock.retraining.gate import Evidence
from restock.retraining.run import retrain
from restock.retraining.tools import Lesson
from restock.settings import SWEEP, Settings
from restock.shops import Shops
from restock.stored.balance import Balance
from restock.stored.manifest import Window
from restock.stored.retrain_request import RetrainRequest
from restock.stored.shop import Shop
from restock.stored.summary import Standing
from restock.sweeping.sweep import Sweeper, sweep
from restock.sweeping.task import Task
from restock.sweeping.time_limit import limited_to

SECONDS_A_ROW = 0.02


@dataclass
class Constant:
    """Forecasts the number of its rows."""

    rows: int
    learnt: bytes | None = b"nothing"
    recipe: Mapping[str, Any] = field(default_factory=lambda: {"method": "constant"})
    scores: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def evidence(self) -> Evidence:
        return Evidence(is_finite=True, forecast_28=10.0, recent_28=())

    def forecast(self, version: int, trained_at: datetime, previous: bytes | None) -> bytes:
        return json.dumps({"version": version, "rows": self.rows}).encode()

    def estimators(self) -> bytes:
        return b""

    def window(self) -> Window:
        return Window(active_parts=1, units=float(self.rows))


def fit(lesson: Lesson, progress: Callable[[str], None]) -> Constant:
    time.sleep(SECONDS_A_ROW * len(lesson.history))
    return Constant(len(lesson.history))


def main() -> int:
    settings, task, log = Settings.from_env(SWEEP), Task.from_env(os.environ), Log(SWEEP)

    def learn(shop: Shop, asked: RetrainRequest) -> Outcome:
        return retrain(asked, replace(tools_of(shop, log, holder=task.holder), fit=fit, levels=None))

    def stands(shop: Shop) -> tuple[Standing, Balance]:
        now = datetime.now(UTC)
        standing = Standing(
            at=now,
            trained_at=now,
            stock_outs=0,
            order_today=0,
            stock_value=0.0,
            idle_value=0.0,
            parts_without_cost=0,
        )
        return standing, Balance(at=now)

    return sweep(
        Sweeper(
            task=task,
            hour=settings.sweep_hour,
            documents=FirestoreDocuments(settings.project),
            shops=Shops(settings, lambda: FirestoreDocuments(settings.project)),
            learn=learn,
            limited=lambda: limited_to(settings.lease_seconds),
            log=log,
            clock=lambda: datetime.now(UTC),
            stands=stands,
        )
    ).exit_code


if __name__ == "__main__":
    sys.exit(main())
