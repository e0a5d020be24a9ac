"""How many jobs of each service were completed on each of the last days: what the app reads all appointments for.

Counted are jobs that used parts: of the others the history knows only what the last full read saw.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from restock.history.history import History
from restock.history.usage_file import NO_APPOINTMENT
from restock.stored.artifact import RECENT_DAYS

MOST_SERVICES = 100
"""The most used; a job's service is text that anybody may type."""


def recent_jobs(history: History, last_day: date) -> dict[str, list[int]]:
    """By service: a count for each of the last days, the last one last."""
    since = pa.scalar(last_day - timedelta(RECENT_DAYS), pa.date32())
    rows = history.rows
    is_recent = pc.and_(pc.greater(rows["day"], since), pc.less_equal(rows["day"], pa.scalar(last_day, pa.date32())))
    is_job = pc.invert(pc.starts_with(rows["appointment"], NO_APPOINTMENT))
    jobs = rows.filter(pc.and_(is_recent, is_job)).select(["appointment", "day", "service"]).to_pandas()
    jobs = jobs.drop_duplicates("appointment")
    jobs = jobs[jobs["service"].fillna("") != ""]
    told = jobs["service"].value_counts(sort=True).head(MOST_SERVICES).index
    place = RECENT_DAYS - 1 - (np.datetime64(last_day) - jobs["day"].to_numpy("datetime64[D]")).astype(int)
    return {
        str(service): np.bincount(place[(jobs["service"] == service).to_numpy()], minlength=RECENT_DAYS).tolist()
        for service in sorted(told)
    }
