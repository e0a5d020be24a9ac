"""Prepared answers: encoded once per model, kept within a stated memory budget.

Any period of the app's contract is a run of days, and a day's demand does not depend on where the period starts. Many
days are alike, too: with weekday factors there are seven kinds, and closed days. So what is prepared is days, and of
days that are alike the JSON is made and kept once. A request never seen before costs a join.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from weakref import WeakValueDictionary

import numpy as np
import orjson
from numpy.typing import NDArray

from restock.serving.compression import Encoded
from restock.stored.artifact import ForecastArtifact

MEMORY_BUDGET_BYTES = 16 * 2**20
"""For one model's prepared days, if no two were alike, and again for its prepared answers."""
MAKERS = 2
"""Costly answers made at once. An instance has one processor, so more would not come sooner, only take more memory."""
HALF_UP_SLACK = 1e-9
"""Seven times 0.5 is 3.5 however the computer adds it up."""
FEWEST_DAYS, MOST_DAYS = 180, 1000
"""However large a shop is, two of the longest periods stay prepared; however small, no more than anybody asks for."""


@dataclass(frozen=True, eq=False)
class DayDemand:
    """What a day asks of every part: shared by all days that ask the same."""

    mean: NDArray[np.float64]  # [names], unrounded
    total: float
    parts_json: bytes

    @property
    def size(self) -> int:
        return len(self.parts_json) + 2 * self.mean.nbytes  # it is also its own key


@dataclass(frozen=True, slots=True)
class PreparedDay:
    opening: bytes
    demand: DayDemand


class PreparedAnswers:
    """Encoded answers by request, the most recently used kept. A request is a small key: its size is not counted."""

    def __init__(self, budget_bytes: int = MEMORY_BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self._answers: OrderedDict[Hashable, Encoded] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()
        self._makers = threading.Semaphore(MAKERS)

    def get(self, request: Hashable, make: Callable[[], bytes], *, is_costly: bool = False) -> Encoded:
        """The answer prepared for this request, without its opening brace; made now if there is none.

        Costly ones wait for each other; what is only joined waits for none of them.
        """
        found = self._find(request)
        if found is not None:
            return found
        with self._makers if is_costly else nullcontext():
            found = self._find(request)  # made by another while this one waited
            return self._keep(request, Encoded(make()[1:])) if found is None else found

    def _find(self, request: Hashable) -> Encoded | None:
        with self._lock:
            if request in self._answers:
                self._answers.move_to_end(request)
            return self._answers.get(request)

    def _keep(self, request: Hashable, answer: Encoded) -> Encoded:
        with self._lock:
            if request not in self._answers:
                self._answers[request] = answer
                self._size += answer.size
            while self._size > self._budget_bytes:
                self._size -= self._answers.popitem(last=False)[1].size
        return answer

    @property
    def size(self) -> int:
        return self._size

    def latest(self, most: int) -> list[tuple[Hashable, Encoded]]:
        """What was lately asked for, the latest last."""
        with self._lock:
            return list(self._answers.items())[-most:]


class PreparedDays:
    """The days of one model, by date, the most recently used kept."""

    def __init__(self, artifact: ForecastArtifact, budget_bytes: int = MEMORY_BUDGET_BYTES) -> None:
        self._artifact = artifact
        self._budget_bytes = budget_bytes
        self._rows = sorted(
            (row for row, part in enumerate(artifact.parts) if part.active), key=lambda row: artifact.parts[row].name
        )
        names = [artifact.parts[row].name for row in self._rows]
        self.names = sorted(set(names))
        self._first_rows = [index for index, name in enumerate(names) if not index or name != names[index - 1]]
        self._days: OrderedDict[date, PreparedDay] = OrderedDict()
        self._alike: WeakValueDictionary[bytes, DayDemand] = WeakValueDictionary()
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
            found |= self._prepare(missing[0], (missing[-1] - missing[0]).days + 1)
        return [found[day] for day in wanted]

    def period_json(self, start: date, days: int) -> bytes:
        """The app's contract: total and daily demand of the period, as JSON."""
        period = self.period(start, days)
        means = np.sum([day.demand.mean for day in period], axis=0)
        totals = np.floor(means + (0.5 + HALF_UP_SLACK)).astype(int).tolist()
        content = {
            "forecast_period_days": days,
            "start_date": start.isoformat(),
            "end_date": (start + timedelta(days - 1)).isoformat(),
            "total_restock_demand": dict(zip(self.names, totals, strict=True)),
        }
        pieces = [orjson.dumps(content)[:-1], b',"daily_breakdown":[']
        for day in period:
            pieces += (day.opening, day.demand.parts_json, b"},")
        pieces[-1] = b"}]}"
        return b"".join(pieces)

    def known(self) -> list[date]:
        """The days prepared so far, the least recently used first."""
        with self._lock:
            return list(self._days)

    def prepare(self, days: Iterable[date]) -> None:
        """Prepare these days beforehand."""
        for first, last in _runs(sorted(days)):
            self._prepare(first, (last - first).days + 1)

    def _prepare(self, start: date, days: int) -> dict[date, PreparedDay]:
        means = self._artifact.mean(start, days)[self._rows]
        if len(self.names) < len(self._rows):  # parts of one name are one line
            means = np.add.reduceat(means, self._first_rows, axis=0)
        prepared = {}
        for offset, mean in enumerate(np.ascontiguousarray(means.T)):
            day = start + timedelta(offset)
            demand = self._demand(mean)
            opening = b'{"date":"%b","total_usage":%b,"parts":' % (day.isoformat().encode(), orjson.dumps(demand.total))
            prepared[day] = PreparedDay(opening, demand)
        with self._lock:
            self._days |= prepared
            self._forget()
        return prepared

    @property
    def size(self) -> int:
        """Days that are alike count once."""
        return sum(demand.size for ref in self._alike.valuerefs() if (demand := ref()) is not None)

    def _forget(self) -> None:
        """Drop the days longest unused until the rest is within the budget."""
        size = self.size
        while len(self._days) > MOST_DAYS or (size > self._budget_bytes and len(self._days) > FEWEST_DAYS):
            before = len(self._alike)
            freed = self._days.popitem(last=False)[1].demand.size
            if len(self._alike) < before:  # no other day shared it
                size -= freed

    def _demand(self, mean: NDArray[np.float64]) -> DayDemand:
        key = mean.tobytes()
        demand = self._alike.get(key)
        if demand is None:
            # Thousandths as whole numbers: what is shown adds up exactly.
            thousandths = np.floor(mean * 1000 + 0.5)
            parts = dict(zip(self.names, (thousandths / 1000).tolist(), strict=True))
            demand = DayDemand(mean.copy(), float(thousandths.sum()) / 1000, orjson.dumps(parts))
            self._alike[key] = demand
        return demand


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
