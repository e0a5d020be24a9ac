"""Prepared answers: encoded once per model, kept within a stated memory budget.

For the app's contract it is the JSON of each day.

Any period of the contract is a run of days, and a day's demand does not depend on where the period starts. So a few
hundred prepared days hold every answer there is, a new request costs a join, and memory stays bounded.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import orjson
from numpy.typing import NDArray

from restock.artifact import ForecastArtifact

MEMORY_BUDGET_BYTES = 16 * 2**20
"""For the prepared days of one model; 1,000 parts take about 0.04 MB a day."""


@dataclass(frozen=True, slots=True)
class PreparedDay:
    json: bytes
    mean: NDArray[np.float64]  # [names], unrounded

    @property
    def size(self) -> int:
        return len(self.json) + self.mean.nbytes


class PreparedAnswers:
    """Encoded answers of API v1 by request, the most recently used kept."""

    def __init__(self, budget_bytes: int = MEMORY_BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._answers: OrderedDict[Hashable, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def get(self, request: Hashable, make: Callable[[], bytes]) -> bytes:
        """The answer prepared for this request, made now if there is none."""
        with self._lock:
            if request in self._answers:
                self._answers.move_to_end(request)
                return self._answers[request]
        answer = make()
        with self._lock:
            if request not in self._answers:
                self._answers[request] = answer
                self._size += len(answer)
            while self._size > self._budget_bytes:
                self._size -= len(self._answers.popitem(last=False)[1])
        return answer


class PreparedDays:
    """The days of one model, by date, the most recently used kept."""

    def __init__(self, artifact: ForecastArtifact, budget_bytes: int = MEMORY_BUDGET_BYTES) -> None:
        self._artifact = artifact
        self._budget_bytes = budget_bytes
        active = [row for row, part in enumerate(artifact.parts) if part.active]
        self.names = sorted({artifact.parts[row].name for row in active})
        place = {name: index for index, name in enumerate(self.names)}
        self._rows = np.array(active, dtype=int)
        self._places = np.array([place[artifact.parts[row].name] for row in active], dtype=int)
        self._days: OrderedDict[date, PreparedDay] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def period(self, start: date, days: int) -> list[PreparedDay]:
        """The days from start on, in order."""
        wanted = [start + timedelta(day) for day in range(days)]
        with self._lock:
            found = {day: self._days[day] for day in wanted if day in self._days}
            for day in found:
                self._days.move_to_end(day)
        if len(found) < days:
            missing = [day for day in wanted if day not in found]
            new = self._prepare(missing[0], (missing[-1] - missing[0]).days + 1, skip=found)
            self._keep(new)
            found |= new
        return [found[day] for day in wanted]

    def known(self) -> list[date]:
        """The days prepared so far, the least recently used first."""
        with self._lock:
            return list(self._days)

    def prepare(self, days: Iterable[date]) -> None:
        """Prepare these days beforehand."""
        for first, last in _runs(sorted(days)):
            self._keep(self._prepare(first, (last - first).days + 1, skip={}))

    def _prepare(self, start: date, days: int, skip: Iterable[date]) -> dict[date, PreparedDay]:
        mean = np.zeros((len(self.names), days))
        np.add.at(mean, self._places, self._artifact.mean(start, days)[self._rows])
        # Thousandths as whole numbers: what is shown adds up exactly.
        thousandths = np.floor(mean * 1000 + 0.5)
        totals = (thousandths.sum(axis=0) / 1000).tolist()
        shown = (thousandths / 1000).T.tolist()
        prepared = {}
        for offset in range(days):
            day = start + timedelta(offset)
            if day in skip:
                continue
            parts = dict(zip(self.names, shown[offset], strict=True))
            answer = {"date": day.isoformat(), "total_usage": totals[offset], "parts": parts}
            prepared[day] = PreparedDay(orjson.dumps(answer), mean[:, offset].copy())
        return prepared

    def _keep(self, new: dict[date, PreparedDay]) -> None:
        with self._lock:
            for day, prepared in new.items():
                if day not in self._days:
                    self._days[day] = prepared
                    self._size += prepared.size
            while self._size > self._budget_bytes and self._days:
                self._size -= self._days.popitem(last=False)[1].size


def _runs(days: list[date]) -> list[tuple[date, date]]:
    """Unbroken runs of days.

    >>> [(first.day, last.day) for first, last in _runs([date(2026, 5, day) for day in (1, 2, 3, 9)])]
    [(1, 3), (9, 9)]
    """
    runs: list[tuple[date, date]] = []
    for day in days:
        if runs and day - runs[-1][1] <= timedelta(1):
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return runs
