"""What booked jobs will need: how many units of each part are expected, and at most, as far as is likely.

Each job uses each part or not, by its service's chance, and then so many units: what all jobs of a period use of a part
is distributed as the sum, worked out exactly on a grid of the part's unit (by its characteristic function).

What is likely at most is chosen for all parts together: **of the parts that the jobs will truly need, 95 of 100 are
needed at most so often.** A quantile of each part alone would not say that: of a hundred parts that one job in fifty
needs, two are needed, and no 95 % quantile lists any of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from restock.stored.distribution import Floats
from restock.stored.service_parts import PartUse, ServiceParts

COVERED = 0.95
_AIMED_AT = 0.965
"""A little more than is promised: the chances themselves are estimates."""
_MOST_STEPS = 4096
_FEWEST_STEPS = 64
_DEVIATIONS = 10.0


@dataclass(frozen=True, slots=True)
class Need:
    row: int
    expected: float
    at_most: float
    chance: float
    """That any is needed."""


def needs(services: ServiceParts, booked: Mapping[str, int], unit: NDArray[np.floating]) -> list[Need]:
    """Of every part that some booked job may need, the surest first."""
    uses: dict[int, list[tuple[int, PartUse]]] = {}
    for service, jobs in booked.items():
        for use in services.of(service):
            uses.setdefault(use.row, []).append((jobs, use))
    sums = {row: _Sum.of(of_row, float(unit[row])) for row, of_row in uses.items()}
    level = _common_level([found.tail for found in sums.values()])
    found = [
        Need(
            row,
            sum(jobs * use.mean for jobs, use in uses[row]),
            one.step * int(np.argmax(one.tail <= level)),
            float(one.tail[0]),
        )
        for row, one in sums.items()
    ]
    return sorted(found, key=lambda need: (-need.chance, need.row))


@dataclass(frozen=True, slots=True)
class _Sum:
    """How likely more than 0, 1, 2, ... steps are needed."""

    step: float
    tail: Floats

    @classmethod
    def of(cls, uses: list[tuple[int, PartUse]], unit: float) -> _Sum:
        mean = sum(jobs * use.mean for jobs, use in uses)
        square = sum(jobs * use.chance * sum(share * units**2 for units, share in use.units) for jobs, use in uses)
        largest = max(units for _, use in uses for units, _ in use.units)
        reach = mean + _DEVIATIONS * np.sqrt(square) + 2 * largest
        step = unit * max(1.0, np.ceil(reach / unit / _MOST_STEPS))  # coarser where there are so many
        in_steps = np.ceil if step == unit else np.rint
        size = max(_FEWEST_STEPS, 1 << int(np.ceil(np.log2(reach / step + 1))))
        waves = -2j * np.pi * np.arange(size // 2 + 1) / size
        transform = np.ones(size // 2 + 1, complex)
        for jobs, use in uses:
            of_one = sum(share * np.exp(waves * in_steps(units / step - 1e-6)) for units, share in use.units)
            transform *= (1 - use.chance + use.chance * of_one) ** jobs
        chances = np.fft.irfft(transform, size)
        return cls(step, np.clip(1 - np.cumsum(chances), 0.0, 1.0))


def _common_level(tails: list[Floats]) -> float:
    """The greatest chance of needing more, the same for every part, at which enough of the needed parts are covered."""
    needed = sum(float(tail[0]) for tail in tails)
    low, high = 0.0, 1.0
    for _ in range(40):
        level = (low + high) / 2
        missed = sum(float(tail[np.argmax(tail <= level)]) for tail in tails)
        low, high = (level, high) if missed <= (1 - _AIMED_AT) * needed else (low, level)
    return max(low, 1e-9)
