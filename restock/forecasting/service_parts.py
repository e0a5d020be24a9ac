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
    lines = lines_of_jobs(history, parts, today)
    if not lines.num_rows:
        return ServiceParts()
    jobs = _first_of_each(lines, "job")
    weight = _summed(jobs, "service")
    told = sorted((-heavy, service) for service, heavy in weight.items() if heavy >= FEWEST_JOBS)[:MOST_SERVICES]
    used_any = _shares_that_use_parts(
        Counter(_summed(jobs.filter(jobs["is_read"]), "service")), history.without_parts, today
    )
    everything = used_any.pop(None)
    pooled = _Uses(lines, everything, sum(weight.values()))
    services = {
        service: _Uses(
            lines.filter(pc.equal(lines["service"], service)), used_any.get(service, everything), weight[service]
        )
        for _, service in told
        if service
    }
    return ServiceParts(pooled.listed(None), {name: uses.listed(pooled) for name, uses in sorted(services.items())})


def lines_of_jobs(history: History, parts: Sequence[Part], today: date) -> pa.Table:
    """A row per job and part: service, row, units, the job's weight, and whether the last full read saw it."""
    rows = history.rows.append_column("is_read", history.seen_in_full())
    since = pa.scalar(today - timedelta(LONGEST_DAYS), pa.date32())
    is_late = pc.and_(pc.greater(rows["day"], since), pc.less_equal(rows["day"], pa.scalar(today, pa.date32())))
    rows = rows.filter(pc.and_(is_late, pc.invert(pc.starts_with(rows["appointment"], NO_APPOINTMENT))))
    days_ago = (np.datetime64(today) - rows["day"].to_numpy()).astype("timedelta64[D]").astype(float)
    lines = pa.table(
        {
            "job": rows["appointment"].combine_chunks().dictionary_encode().indices,
            "service": rows["service"],
            "row": _rows_of_parts(rows, parts),
            "weight": _weights(days_ago),
            "is_read": rows["is_read"],
            "units": rows["quantity"],
        }
    )
    by = [name for name in lines.column_names if name != "units"]
    known = lines.filter(pc.greater_equal(lines["row"], 0))
    return known.group_by(by, use_threads=False).aggregate([("units", "sum")]).rename_columns(lines.column_names)


def _first_of_each(lines: pa.Table, by: str) -> pa.Table:
    others = [name for name in lines.column_names if name != by]
    found = lines.group_by(by, use_threads=False).aggregate([(name, "first") for name in others])
    return found.select([by, *(f"{name}_first" for name in others)]).rename_columns([by, *others])


def _rows_of_parts(rows: pa.Table, parts: Sequence[Part]) -> NDArray[np.int64]:
    by_id = {id: row for row, part in enumerate(parts) for id in (*part.documents, part.key)}
    by_name = {fold(part.name): row for row, part in reversed(list(enumerate(parts)))}

    def row_of(key: str, name: str) -> int:
        words = (by_id.get(key), by_name.get(fold(key)), by_name.get(fold(name)))
        return next((row for row in words if row is not None), -1)

    keys, names = (pc.fill_null(rows[of], "").combine_chunks().dictionary_encode() for of in ("part", "name"))
    pairs = np.column_stack([keys.indices.to_numpy(), names.indices.to_numpy()])
    distinct, place = np.unique(pairs, axis=0, return_inverse=True)
    words = keys.dictionary.to_pylist(), names.dictionary.to_pylist()
    found = np.array([row_of(words[0][key], words[1][name]) for key, name in distinct.tolist()], np.int64)
    return found[place.ravel()]


def _weights(days_ago: NDArray[np.float64]) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = 0.5 ** (np.maximum(days_ago, 0.0) / HALF_LIFE_DAYS)
    return weights


def _shares_that_use_parts(
    used: Counter[str], without_parts: Mapping[JobsOf, int], today: date
) -> dict[str | None, float]:
    """By service; under None of all jobs."""
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


def _summed(jobs: pa.Table, *by: str) -> dict[Any, float]:
    """Weights."""
    found = jobs.group_by(list(by), use_threads=False).aggregate([("weight", "sum")])
    keys = [found[name].to_pylist() for name in by]
    return dict(zip(keys[0] if len(by) == 1 else zip(*keys, strict=True), found["weight_sum"].to_pylist(), strict=True))


class _Uses:
    """The parts of some jobs, counted by weight."""

    def __init__(self, lines: pa.Table, share_using: float, weight: float) -> None:
        self._share_using, self._weight = share_using, weight
        self.uses: dict[int, float] = _summed(lines, "row")
        self.units: defaultdict[int, dict[float, float]] = defaultdict(dict)
        for (row, units), found in _summed(lines, "row", "units").items():
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
