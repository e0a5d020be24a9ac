"""What processes cost: CPU seconds and memory of a whole tree, and how a sample of measurements is spread."""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import psutil

SAMPLE_SECONDS = 0.02
LOOK_FOR_CHILDREN_SECONDS = 0.5


class ProcessTree:
    """A process and everything it started: gunicorn's master and its worker."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)

    def processes(self) -> list[psutil.Process]:
        try:
            return [self._root, *self._root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def cpu_seconds(self) -> float:
        """User and system time so far, of the living and of the children they have waited for."""
        return sum(_of(process, _cpu_seconds) for process in self.processes())

    def memory(self) -> int:
        """Resident bytes, summed: pages that a server and its forked worker share count twice, so this is a bound."""
        return int(sum(_of(process, lambda one: one.memory_info().rss) for process in self.processes()))


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _of(process: psutil.Process, measure: Callable[[psutil.Process], float]) -> float:
    try:
        return measure(process)
    except psutil.NoSuchProcess:  # it ended between being listed and being asked
        return 0.0


class Meter:
    """CPU time and peak memory of a process tree between entering and leaving.

    with Meter(server.tree) as meter:
        server.post("/", body)
    meter.cpu_seconds, meter.peak_bytes
    """

    cpu_seconds: float

    def __init__(self, tree: ProcessTree) -> None:
        self._tree = tree
        self._stopped = threading.Event()
        self.peak_bytes = 0

    def __enter__(self) -> Meter:
        self.peak_bytes = self._tree.memory()
        self._sampler = threading.Thread(target=self._sample, name="memory", daemon=True)
        self._sampler.start()
        self._cpu = self._tree.cpu_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu_seconds = self._tree.cpu_seconds() - self._cpu
        self._stopped.set()
        self._sampler.join()
        self.peak_bytes = max(self.peak_bytes, self._tree.memory())

    def _sample(self) -> None:
        processes, looked = self._tree.processes(), time.monotonic()
        while not self._stopped.wait(SAMPLE_SECONDS):
            if time.monotonic() - looked > LOOK_FOR_CHILDREN_SECONDS:
                processes, looked = self._tree.processes(), time.monotonic()
            self.peak_bytes = max(
                self.peak_bytes, int(sum(_of(one, lambda one: one.memory_info().rss) for one in processes))
            )


@dataclass(frozen=True, slots=True)
class Spread:
    """The quantiles of a sample that people ask for."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        ordered = sorted(values)
        return cls(*(quantile(ordered, level) for level in (0.5, 0.95, 0.99)))


def quantile(ordered: Sequence[float], level: float) -> float:
    """Between the neighbours in proportion, as numpy does it.

    >>> quantile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.5
    """
    place = level * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def alternate(rounds: int, **measures: Callable[[], float]) -> dict[str, list[float]]:
    """Measure things side by side: one of each per round, so that what slows the machine down slows all alike."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return found
