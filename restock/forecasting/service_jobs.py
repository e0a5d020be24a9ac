"""How many jobs of each service were completed on each of the last days: what the app reads all appointments for.

Counted are jobs that used parts: of the others the history knows only what the last full read saw.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from restock.history.history import History
from restock.history.usage_file import NO_APPOINTMENT
from restock.stored.artifact import RECENT_DAYS

MOST_SERVICES = 100
"""The most used; a job's service is text that anybody may type."""


def recent_jobs(history: History, last_day: date, days: int = RECENT_DAYS) -> dict[str, list[int]]:
    """By service: a count for each of the last days, the last one last."""
    since = pa.scalar(last_day - timedelta(days), pa.date32())
    rows = history.rows
    is_recent = pc.and_(pc.greater(rows["day"], since), pc.less_equal(rows["day"], pa.scalar(last_day, pa.date32())))
    is_job = pc.invert(pc.starts_with(rows["appointment"], NO_APPOINTMENT))
    jobs = rows.filter(pc.and_(is_recent, is_job)).group_by("appointment", use_threads=False)
    first = jobs.aggregate([("service", "first"), ("day", "first")]).rename_columns(["appointment", "service", "day"])
    counted = first.group_by(["service", "day"], use_threads=False).aggregate([([], "count_all")])
    found: defaultdict[str, list[int]] = defaultdict(lambda: [0] * days)
    for service, day, jobs_of_day in zip(*(column.to_pylist() for column in counted.columns), strict=True):
        if service:
            found[service][days - 1 - (last_day - day).days] = jobs_of_day
    told = sorted(found, key=lambda service: (-sum(found[service]), service))[:MOST_SERVICES]
    return {service: found[service] for service in sorted(told)}
