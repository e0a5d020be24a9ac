"""How candidates become one forecast: their quantiles averaged, with convex weights per class of demand.

Averaging quantiles (Vincent's averaging) keeps the shape where candidates agree and hedges where they don't. The
weights minimise the scaled pinball loss of the backtest, held towards prior weights by a Kullback-Leibler penalty: a
few months of one shop can't tell good candidates apart, and weights that follow whatever was right last quarter are
wrong after the next turn (measured; see docs/forecasting.md). A class leans on the whole shop in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restock.forecasting import measures
from restock.forecasting.backtest import Backtest
from restock.forecasting.classes import CLASSES
from restock.forecasting.methods.candidates import FittedCandidates
from restock.forecasting.methods.forecaster import Candidate
from restock.stored.distribution import HORIZONS, LEVELS, DemandDistribution, Floats, monotone, read_at

_PENALTY = 0.7  # all parts of a shop live through the same months: more parts are not more evidence for ever
_PENALTY_PARTS = 4.0
_STEPS, _STEP = 100, 1.0


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
    def from_json(cls, stored: Mapping[str, Any], candidates: Sequence[Candidate]) -> Recipe | None:
        """A stored recipe, or None if it is not one that these candidates can repeat."""
        try:
            weights = {c: {k: float(stored["weights"][c][k]) for k in stored["weights"][c]} for c in CLASSES}
            levels = np.array(stored["levels"], float)
        except (KeyError, TypeError, ValueError):
            return None
        names = {candidate.name for candidate in candidates}
        known = all(k in names and w >= 0 for row in weights.values() for k, w in row.items())
        sound = levels.shape == (len(HORIZONS), len(LEVELS)) and bool(((levels > 0) & (levels < 1)).all())
        return cls(weights, levels) if known and sound else None

    @classmethod
    def prior(cls, candidates: Sequence[Candidate]) -> Recipe:
        """What is used where there is too little history to decide."""
        usual = {candidate.name: candidate.prior.usual for candidate in candidates}
        lumpy = {candidate.name: candidate.prior.lumpy for candidate in candidates}
        weights = {name: dict(lumpy if name == "lumpy" else usual) for name in CLASSES}
        return cls(weights, np.tile(LEVELS, (len(HORIZONS), 1)))


def combine(candidates: FittedCandidates, classes: NDArray[np.str_], recipe: Recipe) -> DemandDistribution:
    """One distribution per part; candidates that were not fitted leave their weight to others."""
    names = list(candidates.forecasts)
    weights = np.array([_present(recipe.weights[name], names) for name in classes]).reshape(len(classes), len(names))
    rate = np.einsum("pk,kp->p", weights, np.array([candidates.forecasts[name].rate for name in names]))
    table = sum(weights[:, k, None, None] * candidates.forecasts[name].table for k, name in enumerate(names))
    return candidates.series.distribution(rate, read_at(monotone(np.asarray(table)), recipe.levels))


def _present(weights: Mapping[str, float], names: Sequence[str]) -> Floats:
    weights = dict(weights)
    if "trees" not in names:  # they stand on the compact method, which inherits what they would have had
        weights["compact"] = weights.get("compact", 0.0) + weights.pop("trees", 0.0)
    row = np.array([weights.get(name, 0.0) for name in names])
    if row.sum() <= 0:  # a stored recipe may name none of them
        row = np.ones(len(names))
    normalised: Floats = row / row.sum()
    return normalised


@dataclass(frozen=True, eq=False)
class TrackRecord:
    """What the candidates said at the backtest's origins and what came: one row per part and origin."""

    names: tuple[str, ...]
    quantiles: Floats  # [candidates, rows, horizons, levels] continuous, over the scale
    came: Floats  # [rows, horizons] made continuous, over the scale
    classes: NDArray[np.str_]  # [rows]
    origin: NDArray[np.int64]  # [rows]

    @classmethod
    def of(cls, backtest: Backtest) -> TrackRecord:
        random = np.random.default_rng(1)
        quantiles, came, classes, index = [], [], [], []
        for k, origin in enumerate(backtest.origins):
            unit, used = origin.known.unit, origin.used
            scales = np.column_stack([origin.scale(days) / unit for days in backtest.horizons])[used]
            said = [
                [origin.candidates.distribution(name).continuous_quantiles(origin.start, days, measures.JUDGED_LEVELS)
                 for days in backtest.horizons]
                for name in backtest.candidates
            ]  # fmt: skip
            quantiles.append(np.moveaxis(np.array(said), 1, 2)[:, used] / scales[:, :, None])
            sums = np.column_stack([origin.came[:, :days].sum(axis=1) / unit for days in backtest.horizons])
            came.append((sums - random.random(sums.shape))[used] / scales)
            classes.append(origin.classes[used])
            index.append(np.full(int(used.sum()), k))
        return cls(
            backtest.candidates,
            np.concatenate(quantiles, axis=1),
            np.concatenate(came),
            np.concatenate(classes),
            np.concatenate(index),
        )

    def where(self, kept: NDArray[np.bool_]) -> TrackRecord:
        """Some of the rows."""
        return TrackRecord(
            self.names, self.quantiles[:, kept], self.came[kept], self.classes[kept], self.origin[kept]
        )  # fmt: skip


def learn_weights(record: TrackRecord, prior: Recipe) -> dict[str, dict[str, float]]:
    """Weights per class, each held towards the shop's, and the shop's towards the prior; lumpy parts have their own."""
    usual, lumpy = (_present(prior.weights[name], record.names) for name in ("smooth", "lumpy"))
    shop = _minimise(record.where(record.classes != "lumpy"), usual)
    found = {}
    for name in CLASSES:
        own = _minimise(record.where(record.classes == name), lumpy if name == "lumpy" else shop)
        found[name] = dict(zip(record.names, own.tolist(), strict=True))
    return found


def _minimise(record: TrackRecord, prior: Floats) -> Floats:
    """Exponentiated gradient descent of the relative loss on the simplex, with the penalty's exact mirror step."""
    if not len(record.came):
        return prior
    parts = len(record.came) / len(set(record.origin.tolist()))
    penalty = _PENALTY + _PENALTY_PARTS / parts
    levels = np.array(measures.JUDGED_LEVELS)
    weights, first_loss = prior, None
    for _ in range(_STEPS):
        short = record.came[:, :, None] - np.tensordot(weights, record.quantiles, 1)
        slope = np.where(short > 0, -levels, 1 - levels)
        first_loss = first_loss or max(float((-slope * short).mean()), 1e-9)
        gradient = np.tensordot(record.quantiles, slope, 3) / slope.size / first_loss
        pull = np.log(weights) + _STEP * (penalty * np.log(prior) - gradient)
        weights = np.exp((pull - pull.max()) / (1 + _STEP * penalty))
        weights = np.maximum(weights / weights.sum(), 1e-12)
    return weights
