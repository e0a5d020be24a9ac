"""How candidates become one forecast: convex weights per class of demand, then a calibration of the upper quantiles.

Averaging the candidates' quantiles (Vincent's averaging) keeps their shape where they agree and hedges where they
don't. The weights minimise the scaled pinball loss of the backtest, held back towards prior weights by a
Kullback-Leibler penalty that fades with the number of parts: a small shop can't tell candidates apart, and the
prior is what held on most data. A class leans on the whole shop in the same way. Calibration asks the backtest at
which level the quantiles would have covered what they promise, and goes half the way there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restock.distribution import HORIZONS, LEVELS, DemandDistribution, Floats, monotone, read_at
from restock.training.classes import CLASSES
from restock.training.forecasting.candidates import CANDIDATES, Candidates

PRIOR = {"trees": 0.58, "aggregation": 0.3, "compact": 0.1, "tsb": 0.01, "windows": 0.01}
_PENALTY_PARTS = 4.0  # the penalty of a shop with that many parts weighs as much as its loss
_STEPS, _STEP = 120, 1.0


@dataclass(frozen=True, eq=False)
class Recipe:
    """What the backtest decided, as numbers that a later run can repeat."""

    weights: dict[str, dict[str, float]]  # class -> candidate -> weight
    levels: Floats  # [horizons, levels] at which the averaged table is read

    def to_json(self) -> dict[str, Any]:
        """For the manifest."""
        weights = {name: {k: round(w, 6) for k, w in row.items()} for name, row in self.weights.items()}
        return {"weights": weights, "levels": np.round(self.levels, 6).tolist()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Recipe | None:
        """A stored recipe, or None if it is not one this release can repeat."""
        try:
            weights = {c: {k: float(stored["weights"][c][k]) for k in stored["weights"][c]} for c in CLASSES}
            levels = np.array(stored["levels"], float)
        except (KeyError, TypeError, ValueError):
            return None
        known = all(k in CANDIDATES and w >= 0 for row in weights.values() for k, w in row.items())
        sound = levels.shape == (len(HORIZONS), len(LEVELS)) and bool(((levels > 0) & (levels < 1)).all())
        return cls(weights, levels) if known and sound else None

    @classmethod
    def prior(cls) -> Recipe:
        """What is used where there is too little history to decide."""
        return cls({name: dict(PRIOR) for name in CLASSES}, np.tile(LEVELS, (len(HORIZONS), 1)))


def combine(candidates: Candidates, classes: NDArray[np.str_], recipe: Recipe) -> DemandDistribution:
    """One distribution per part; candidates that were not fitted leave their weight to the others."""
    names = list(candidates.tables)
    weights = np.array([_present(recipe.weights[name], names) for name in classes]).reshape(len(classes), len(names))
    rate = np.einsum("pk,kp->p", weights, np.array([candidates.rates[name] for name in names]))
    table = sum(weights[:, k, None, None] * candidates.tables[name] for k, name in enumerate(names))
    return candidates.series.distribution(rate, read_at(monotone(np.asarray(table)), recipe.levels))


def _present(weights: Mapping[str, float], names: Sequence[str]) -> Floats:
    row = np.array([weights.get(name, 0.0) for name in names])
    if row.sum() <= 0:
        row = np.array([PRIOR[name] for name in names])
    normalised: Floats = row / row.sum()
    return normalised


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the candidates said at the backtest's origins and what came: one row per part and origin."""

    names: tuple[str, ...]
    quantiles: Floats  # [candidates, rows, horizons, levels] continuous
    actual: Floats  # [rows, horizons] made continuous
    scale: Floats  # [rows, horizons]
    classes: NDArray[np.str_]  # [rows]
    origin: NDArray[np.int64]  # [rows]
    levels: Floats

    def where(self, kept: NDArray[np.bool_]) -> Evidence:
        """Some of the rows."""
        return Evidence(
            self.names,
            self.quantiles[:, kept],
            self.actual[kept],
            self.scale[kept],
            self.classes[kept],
            self.origin[kept],
            self.levels,
        )


def learn_weights(evidence: Evidence) -> dict[str, dict[str, float]]:
    """Weights per class, each held towards the shop's, and the shop's towards the prior."""
    prior = _present(PRIOR, evidence.names)
    shop = _minimise(evidence, prior)
    found = {}
    for name in CLASSES:
        own = _minimise(evidence.where(evidence.classes == name), shop)
        found[name] = dict(zip(evidence.names, own.tolist(), strict=True))
    return found


def _minimise(evidence: Evidence, prior: Floats) -> Floats:
    """Exponentiated gradient on the simplex."""
    if not len(evidence.actual):
        return prior
    parts = len(evidence.actual) / max(len(set(evidence.origin.tolist())), 1)
    penalty = _PENALTY_PARTS / parts
    weights = prior.copy()
    least = None
    for _ in range(_STEPS):
        quantile = np.tensordot(weights, evidence.quantiles, 1)
        short = evidence.actual[:, :, None] - quantile
        slope = np.where(short > 0, -evidence.levels, 1 - evidence.levels) / evidence.scale[:, :, None]
        if least is None:
            least = max(float((-slope * short).mean()), 1e-9)
        gradient = np.tensordot(evidence.quantiles, slope, 3) / slope.size / least
        step = gradient - gradient.min() + penalty * np.log(np.maximum(weights, 1e-9) / prior)
        weights = weights * np.exp(-_STEP * step)
        weights /= weights.sum()
    return weights
