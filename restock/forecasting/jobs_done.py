"""What was done, by service: jobs a day, and which services use each part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from restock.forecasting.service_jobs import recent_jobs
from restock.forecasting.service_parts import lines_of_jobs
from restock.history.history import History
from restock.stored.artifact import Part
from restock.stored.distribution import Floats
from restock.stored.near_days import DAYS

MOST_DAYS = 400
LEVEL_DAYS = 28
"""Half-life of what is usual."""
PRIOR_USES = 3.0
"""So many uses of a part weigh as much as how all parts are shared by the services."""
_RAREST = 1e-9


@dataclass(frozen=True, eq=False)
class JobsDone:
    last_day: date
    services: Sequence[str]
    counts: Floats
    """Jobs that used parts [services, days], the last day last."""
    shares: Floats
    """[parts, services] of the jobs that use a part; what is missing from 1 has no service of these."""

    def days_before(self, today: date) -> int:
        """How many days are known before a day."""
        return int(self.counts.shape[1]) - ((self.last_day - today).days + 1)

    def usual(self, today: date) -> Floats:
        """Usual jobs [services, DAYS] of a day and those after it, by what was done before it."""
        known = self.counts[:, : self.days_before(today)]
        ago = np.arange(known.shape[1])[::-1]
        weekday = (today.weekday() - 1 - ago) % 7
        by_weekday = np.bincount(weekday, known.sum(axis=0), 7) / np.maximum(np.bincount(weekday, minlength=7), 1)
        factor = by_weekday / max(by_weekday.mean(), _RAREST)
        weight = 0.5 ** (ago / LEVEL_DAYS)
        level = (known * weight).sum(axis=1) / max(float((weight * factor[weekday]).sum()), _RAREST)
        found: Floats = level[:, None] * factor[(today.weekday() + np.arange(DAYS)) % 7]
        return found

    def came(self, today: date) -> Floats:
        """[services, days] on the next DAYS, as far as they are over."""
        begin = self.days_before(today)
        return self.counts[:, begin : begin + DAYS]


def jobs_done(history: History, parts: Sequence[Part], last_day: date, days: int) -> JobsDone:
    """Of the last days, of services that have a name."""
    days = min(days, MOST_DAYS)
    counted = recent_jobs(history, last_day, days)
    services = list(counted)
    counts = np.array([counted[service] for service in services], float).reshape(len(services), days)
    lines = lines_of_jobs(history, parts, last_day)
    # -1, and so the last column: none of these
    place = pd.Index(services, dtype=object).get_indexer(pd.Index(lines["service"], dtype=object))
    uses = np.zeros((len(parts), len(services) + 1))
    np.add.at(uses, (lines["row"].to_numpy(), place), lines["weight"].to_numpy())
    of_all = uses.sum(axis=0) / max(float(uses.sum()), _RAREST)
    shares = (uses + PRIOR_USES * of_all) / (uses.sum(axis=1, keepdims=True) + PRIOR_USES)
    return JobsDone(last_day, services, counts, shares[:, :-1])
