"""What a job of each service uses, learnt from the history: the chance of each part and its units.

Both are shares among jobs, the newer ones weighing more, as demand drifts. A service with few jobs is drawn towards
all jobs, by as many jobs as prior evidence is worth. Jobs that used no part are known from full reads alone, so the
share of a service's jobs that use any is taken over what the last full read saw.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from restock.history.history import History, JobsOf
from restock.history.usage_file import NO_APPOINTMENT
from restock.stored.artifact import Part
from restock.stored.service_parts import PartUse, ServiceParts
from restock.written import fold

HALF_LIFE_DAYS = 120.0
LONGEST_DAYS = 480
"""Older jobs weigh less than a sixteenth, and are left out."""
PRIOR_JOBS = 6.0
"""So many jobs of its own weigh as much as what is known of all."""
PRIOR_USES = 3.0
MOST_SERVICES = 40
FEWEST_JOBS = 3.0
MOST_PARTS = 250
"""Of one service, the likeliest."""
LEAST_CHANCE = 0.002
MOST_UNITS = 5
"""So many quantities of a part are told apart; the rest are one, of their mean."""


def learn(history: History, parts: Sequence[Part], today: date) -> ServiceParts:
    """Of the jobs of the last months."""
    jobs = lines_of_jobs(history, parts, today)
    if jobs.empty:
        return ServiceParts()
    of_job = jobs.drop_duplicates("job")
    weight = of_job.groupby("service")["weight"].sum()
    told = weight[weight >= FEWEST_JOBS].nlargest(MOST_SERVICES).index
    used_any = _shares_that_use_parts(of_job[of_job["is_read"]], history.without_parts, today)
    everything = used_any.pop(None)
    pooled = _Uses(jobs, everything, float(weight.sum()))
    services = {
        str(service): _Uses(jobs[jobs["service"] == service], used_any.get(service, everything), float(weight[service]))
        for service in told
        if service
    }
    return ServiceParts(pooled.listed(None), {name: uses.listed(pooled) for name, uses in sorted(services.items())})


def lines_of_jobs(history: History, parts: Sequence[Part], today: date) -> pd.DataFrame:
    """A row per job and part: service, row, units, the job's weight, and whether the last full read saw it."""
    rows = history.rows.append_column("is_read", history.seen_in_full())
    since = pa.scalar(today - timedelta(LONGEST_DAYS), pa.date32())
    is_late = pc.and_(pc.greater(rows["day"], since), pc.less_equal(rows["day"], pa.scalar(today, pa.date32())))
    rows = rows.filter(pc.and_(is_late, pc.invert(pc.starts_with(rows["appointment"], NO_APPOINTMENT))))
    frame = pd.DataFrame(
        {
            "job": rows["appointment"].combine_chunks().dictionary_encode().indices.to_numpy(),
            "service": rows["service"].to_pandas().fillna(""),
            "row": _rows_of_parts(rows, parts),
            "units": rows["quantity"].to_numpy(),
            "weight": _weights((np.datetime64(today) - rows["day"].to_numpy()).astype("timedelta64[D]").astype(float)),
            "is_read": rows["is_read"].to_numpy(),
        }
    )
    of_line = ["job", "service", "row", "weight", "is_read"]
    return frame[frame["row"] >= 0].groupby(of_line, sort=True)["units"].sum().reset_index()


def _rows_of_parts(rows: pa.Table, parts: Sequence[Part]) -> NDArray[np.int64]:
    by_id = {id: row for row, part in enumerate(parts) for id in (*part.documents, part.key)}
    by_name = {fold(part.name): row for row, part in reversed(list(enumerate(parts)))}

    def row_of(key: str, name: str) -> int:
        words = (by_id.get(key), by_name.get(fold(key)), by_name.get(fold(name)))
        return next((row for row in words if row is not None), -1)

    spelled = rows.select(["part", "name"]).to_pandas().fillna("")
    distinct = spelled.drop_duplicates()
    distinct = distinct.assign(row=[row_of(key, name) for key, name in distinct.itertuples(index=False)])
    found: NDArray[np.int64] = spelled.merge(distinct, how="left", on=["part", "name"])["row"].to_numpy(np.int64)
    return found


def _weights(days_ago: NDArray[np.float64]) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = 0.5 ** (np.maximum(days_ago, 0.0) / HALF_LIFE_DAYS)
    return weights


def _shares_that_use_parts(
    read: pd.DataFrame, without_parts: Mapping[JobsOf, int], today: date
) -> dict[str | None, float]:
    """By service; under None of all jobs."""
    used: Counter[str] = Counter(_summed(read, "service"))
    bare: defaultdict[str, float] = defaultdict(float)
    for jobs, count in without_parts.items():
        days_ago = (today - date.fromisoformat(f"{jobs.month}-15")).days
        if days_ago < LONGEST_DAYS:
            bare[jobs.service] += count * float(_weights(np.array(float(days_ago))))
    both = used.total() + sum(bare.values())
    everything = used.total() / both if both else 1.0
    shares: dict[str | None, float] = {None: everything}
    for service in {*used, *bare}:
        jobs_of_it = used[service] + bare[service] + PRIOR_JOBS
        shares[service] = (used[service] + PRIOR_JOBS * everything) / jobs_of_it
    return shares


def _summed(jobs: pd.DataFrame, by: str | list[str]) -> dict[Any, float]:
    """Weights."""
    return jobs.groupby(by)["weight"].sum().to_dict()


class _Uses:
    """The parts of some jobs, counted by weight."""

    def __init__(self, jobs: pd.DataFrame, share_using: float, weight: float) -> None:
        self._share_using, self._weight = share_using, weight
        self.uses: dict[int, float] = _summed(jobs, "row")
        self.units: defaultdict[int, dict[float, float]] = defaultdict(dict)
        for (row, units), found in _summed(jobs, ["row", "units"]).items():
            self.units[row][units] = found

    def listed(self, pooled: _Uses | None) -> list[PartUse]:
        """The likeliest parts, drawn towards those of ``pooled``."""
        rows = self.uses if pooled is None else pooled.uses
        found = [PartUse(int(row), self._chance(row, pooled), self._shares_of_units(row, pooled)) for row in rows]
        likely = sorted((use for use in found if use.chance >= LEAST_CHANCE), key=lambda use: (-use.chance, use.row))
        return likely[:MOST_PARTS]

    def _chance(self, row: int, pooled: _Uses | None) -> float:
        uses, jobs = self.uses.get(row, 0.0), self._weight
        if pooled is not None:
            uses += PRIOR_JOBS * pooled.uses[row] / pooled._weight
            jobs += PRIOR_JOBS
        return self._share_using * min(uses / jobs, 1.0)

    def _shares_of_units(self, row: int, pooled: _Uses | None) -> tuple[tuple[float, float], ...]:
        counted: defaultdict[float, float] = defaultdict(float, self.units.get(row, {}))
        if pooled is not None:
            for units, weight in pooled.units[row].items():
                counted[units] += PRIOR_USES * weight / pooled.uses[row]
        total, ordered = sum(counted.values()), sorted(counted.items(), key=lambda one: (-one[1], one[0]))
        common, rest = ordered[:MOST_UNITS], ordered[MOST_UNITS:]
        if rest:
            among = sum(weight for _, weight in rest)
            common.append((sum(units * weight for units, weight in rest) / among, among))
        return tuple(sorted((units, weight / total) for units, weight in common))
