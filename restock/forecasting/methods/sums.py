"""What a method says of the demand summed over each horizon: quantiles, and the chances of the first counts.

Both are in units and in the form of the published distribution (`restock.stored.distribution`), before any law has been
applied to them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from restock.stored.distribution import FIRST, HORIZONS, LEVELS, Floats, edged, level_knots

_LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Sums:
    """Of many parts at once."""

    table: Floats  # [parts, horizons, levels] continuous quantiles
    first: Floats  # [parts, horizons, first] -log of the chance of at most 0, 1, 2, 3 units

    @classmethod
    def empty(cls, parts: int) -> Sums:
        return cls(np.empty((parts, len(HORIZONS), len(LEVELS))), np.empty((parts, len(HORIZONS), FIRST)))

    @classmethod
    def average(cls, weights: Floats, said: Sequence[Sums]) -> Sums:
        """Weighted [methods, parts, horizons]: quantiles are averaged level by level, chances of first counts as such.

        Quantiles of what is nearly always nothing say nothing of how seldom it isn't; averaged chances do.
        """
        pairs = list(zip(weights[..., None], said, strict=True))
        table = sum((weight * np.maximum(sums.table, LEVELS - 1.0) for weight, sums in pairs), np.zeros(1))
        chance = sum((weight * np.exp(-sums.first) for weight, sums in pairs), np.zeros(1))
        return cls(table, -np.log(np.clip(chance, _LEAST, 1.0)))

    def __getitem__(self, rows: Any) -> Sums:
        return Sums(self.table[rows], self.first[rows])

    def __setitem__(self, rows: Any, sums: Sums) -> None:
        self.table[rows], self.first[rows] = sums.table, sums.first

    def read_at(self, places: Floats) -> Sums:
        """With quantiles that lie at other places [parts, horizons, levels] on the scale -log(1-p)."""
        knots = edged(self.table)
        ends = np.concatenate(
            [np.zeros((*places.shape[:-1], 1)), places, np.broadcast_to(level_knots[-1], (*places.shape[:-1], 1))],
            axis=-1,
        )
        shape = np.broadcast_shapes(ends.shape, knots.shape)
        before = np.broadcast_to(level_knots, shape)
        return Sums(
            between(before, np.broadcast_to(knots, shape), np.minimum(places, level_knots[-1])),
            chances(between(ends, before, self.first_places)),
        )

    @property
    def first_places(self) -> Floats:
        """Where the first counts lie on the scale -log(1-p)."""
        places: Floats = -np.log(np.maximum(-np.expm1(-np.maximum(self.first, _LEAST)), _LEAST))
        return places


def chances(places: Floats) -> Floats:
    """-log p of what lies at these places on the scale -log(1-p)."""
    found: Floats = -np.log(np.maximum(-np.expm1(-np.maximum(places, 0.0)), _LEAST))
    return found


def between(knots: Floats, values: Floats, asked: Floats) -> Floats:
    """Piecewise linear, per part and horizon: values at the knots [..., knots], read at [..., asked]."""
    upper = np.clip((knots[..., None, :] <= asked[..., None]).sum(axis=-1), 1, knots.shape[-1] - 1)
    low, high = (np.take_along_axis(knots, at, -1) for at in (upper - 1, upper))
    begin, end = (np.take_along_axis(values, at, -1) for at in (upper - 1, upper))
    read: Floats = begin + (asked - low) / np.maximum(high - low, _LEAST) * (end - begin)
    return read
