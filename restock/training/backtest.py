"""Rolling origins on the shop's own history: what would have been forecast then, against what came.

                    origin 1      origin 2      origin 3      origin 4          last day
    history ───────────┼─────────────┼─────────────┼─────────────┼──── 30 days ────┤
    trees learn here ──┘ 15 days apart; the compact methods are fitted again at every origin

Every candidate is fitted on what was known at the origin, through the same code as the published forecast. Weights
are judged on origins they were not learnt from: what is reported for an origin comes from the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from restock.distribution import HORIZONS, LEVELS, DemandDistribution, Floats
from restock.training import measures
from restock.training.classes import classify
from restock.training.combination import Evidence, Recipe, combine, learn_weights
from restock.training.demand import Demand
from restock.training.forecasting.candidates import Candidates, fit_candidates
from restock.training.forecasting.series import OpenSeries

ORIGINS = 4
_SPACING_DAYS = 15
_WARM_UP_DAYS = 28
_CALIBRATION_GRID = 1 - np.geomspace(0.5, 0.0005, 40)


@dataclass(frozen=True, eq=False)
class Origin:
    """One origin: what was known, what every candidate said, what came."""

    known: Demand
    came: Floats  # [parts, days]
    candidates: Candidates
    classes: NDArray[np.str_]


@dataclass(frozen=True, eq=False)
class Backtest:
    """The origins of one history and the horizons (days) they are judged over."""

    origins: tuple[Origin, ...]
    horizons: tuple[int, ...]
    demand: Demand

    @classmethod
    def run(cls, demand: Demand, *, with_trees: bool) -> Backtest | None:
        """Fit the candidates at every origin; None if the history is too short to hold any back."""
        horizons = tuple(days for days in (7, 30) if demand.days >= _WARM_UP_DAYS + days + 7)
        if not horizons or not demand.quantities.any():
            return None
        last = demand.days - horizons[-1]
        room = (last - _WARM_UP_DAYS) // (ORIGINS - 1)
        days = [last - k * min(_SPACING_DAYS, room) for k in reversed(range(ORIGINS))] if room else [last]
        origins, learnt = [], None
        for day in days:
            known = demand.until(day)
            candidates = fit_candidates(OpenSeries.of(known), with_trees=with_trees, learnt=learnt)
            learnt = learnt or candidates.trees
            came = demand.quantities[:, day : day + horizons[-1]]
            origins.append(Origin(known, came, candidates, classify(known)))
        return cls(tuple(origins), horizons, demand)

    def evidence(self) -> Evidence:
        """The rows that weights are learnt from; parts never used before an origin have nothing to say there."""
        names = tuple(set.intersection(*(set(o.candidates.tables) for o in self.origins)))
        names = tuple(sorted(names))
        levels = np.array(measures.LEVELS)
        random = np.random.default_rng(1)
        quantiles, actual, scale, classes, index = [], [], [], [], []
        for k, origin in enumerate(self.origins):
            used = origin.known.quantities.any(axis=1)
            unit = origin.known.unit[used]
            start = origin.known.last_day + timedelta(1)
            said = []
            for name in names:
                distribution = origin.candidates.distribution(name)
                said.append([distribution.continuous_quantiles(start, h, levels)[used] for h in self.horizons])
            quantiles.append(np.moveaxis(np.array(said), 1, 2))
            sums = np.column_stack([origin.came[used, :h].sum(axis=1) / unit for h in self.horizons])
            actual.append(sums - random.random(sums.shape))
            scale.append(np.column_stack([self._scale(origin.known, h)[used] / unit for h in self.horizons]))
            classes.append(origin.classes[used])
            index.append(np.full(used.sum(), k))
        return Evidence(
            names,
            np.concatenate(quantiles, axis=1),
            np.concatenate(actual),
            np.concatenate(scale),
            np.concatenate(classes),
            np.concatenate(index),
            levels,
        )

    @staticmethod
    def _scale(known: Demand, days: int) -> Floats:
        """The usual change, but never so small that one part launched yesterday decides for all."""
        usual = np.sqrt(np.maximum(known.quantities.mean(axis=1) * days * known.unit, 0.0))
        scale: Floats = np.maximum(measures.usual_change(known.quantities, days), 0.25 * usual + 0.1 * known.unit)
        return scale

    def learn(self, evidence: Evidence, without: int | None = None) -> Recipe:
        """The recipe from all origins, or from all but one."""
        kept = evidence if without is None else evidence.where(evidence.origin != without)
        weights = learn_weights(kept)
        recipe = Recipe(weights, Recipe.prior().levels)
        return Recipe(weights, self._calibrate(recipe, without))

    def _calibrate(self, recipe: Recipe, without: int | None) -> Floats:
        random = np.random.default_rng(2)
        covered: dict[int, list[NDArray[np.bool_]]] = {h: [] for h in self.horizons}
        for k, origin in enumerate(self.origins):
            noise = random.random((len(origin.known.parts), len(self.horizons)))
            if k == without:
                continue
            used = origin.known.quantities.any(axis=1)
            distribution = combine(origin.candidates, origin.classes, recipe)
            start = origin.known.last_day + timedelta(1)
            for j, h in enumerate(self.horizons):
                said = distribution.continuous_quantiles(start, h, tuple(_CALIBRATION_GRID))
                came = origin.came[:, :h].sum(axis=1) / origin.known.unit - noise[:, j]
                covered[h].append((came[:, None] <= said)[used])
        levels = np.tile(LEVELS, (len(HORIZONS), 1))
        upper = LEVELS >= 0.5
        for k, days in enumerate(HORIZONS):
            h = min(self.horizons, key=lambda h: abs(np.log(h / days)))
            found = np.maximum.accumulate(np.concatenate(covered[h]).mean(axis=0))
            needed = np.interp(LEVELS[upper], found + 1e-9 * np.arange(len(found)), _CALIBRATION_GRID)
            logit = 0.5 * (_logit(needed) + _logit(LEVELS[upper]))
            levels[k, upper] = 1 / (1 + np.exp(-np.clip(logit, *_logit(np.array([0.3, 0.998])))))
        return levels


def _logit(p: Floats) -> Floats:
    odds: Floats = np.log(p / (1 - p))
    return odds


def judge(origins: list[tuple[Origin, DemandDistribution]], horizons: tuple[int, ...]) -> dict[str, object]:
    """Placeholder replaced below."""
    return {}
