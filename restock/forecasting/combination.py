"""How candidates become one forecast: averaged, with convex weights that depend on how much a sum is expected to be.

Quantiles are averaged level by level (Vincent's averaging), which keeps the shape where candidates agree and hedges
where they don't; the chances of the first counts as chances. Weights go over from those of rare sums to those of busy
ones with the expected units, so a part has others over a week than over a month; parts used in lots have their own.
They minimise the scaled pinball loss of the backtest, held towards prior weights by a Kullback-Leibler penalty: a few
months of one shop can't tell good candidates apart, and weights that follow whatever was right last quarter are wrong
after the next turn (measured; see docs/forecasting.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restock.forecasting import measures
from restock.forecasting.backtest import Backtest
from restock.forecasting.laws import lawful
from restock.forecasting.methods.candidates import FittedCandidates
from restock.forecasting.methods.forecaster import Candidate, Forecast
from restock.forecasting.methods.growth import growing, implied_mean
from restock.forecasting.methods.sums import Sums
from restock.stored.distribution import HORIZONS, LEVELS, DemandDistribution, Floats

KINDS = ("rare", "busy", "lumpy")
"""What weights are for: sums that are hardly ever more than nothing, large ones, and parts that are used in lots."""
_RATE_HORIZONS = [2, 4]  # a week and a month decide whose rate counts
_MIDDLE = slice(2, 5)  # 7, 14 and 30 days
_BUSY_UNITS = 0.5  # a sum of so many expected units is as near to rare as to busy
_RARE_RATE = 0.1  # units a day; calibration is for parts that are used more
_PENALTY = 0.7  # all parts of a shop live through the same months: more parts are not more evidence for ever
_PENALTY_PARTS = 4.0
_STEPS, _STEP = 100, 1.0


@dataclass(frozen=True, eq=False)
class Recipe:
    """What the backtest decided, as numbers that a later run can repeat."""

    weights: dict[str, dict[str, float]]  # kind -> candidate -> weight
    levels: Floats  # [horizons, levels] at which the averaged table is read

    def to_json(self) -> dict[str, Any]:
        """For the manifest."""
        weights = {name: {k: round(w, 6) for k, w in row.items()} for name, row in self.weights.items()}
        return {"weights": weights, "levels": np.round(self.levels, 6).tolist()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any], candidates: Sequence[Candidate]) -> Recipe | None:
        """A stored recipe, or None if it is not one that these candidates can repeat."""
        try:
            weights = {c: {k: float(stored["weights"][c][k]) for k in stored["weights"][c]} for c in KINDS}
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
        weights = {kind: {each.name: float(getattr(each.prior, kind)) for each in candidates} for kind in KINDS}
        return cls(weights, np.tile(LEVELS, (len(HORIZONS), 1)))


def combine(candidates: FittedCandidates, classes: NDArray[np.str_], recipe: Recipe) -> DemandDistribution:
    """One distribution per part; candidates that were not fitted leave their weight to others."""
    names = list(candidates.forecasts)
    said = [candidates.forecasts[name] for name in names]
    rare, busy, lumpy = (_present(recipe.weights[kind], names)[:, None, None] for kind in KINDS)
    share = busyness(candidates.base.rate[:, None] * HORIZONS)
    weights = np.where((classes == "lumpy")[:, None], lumpy, (1 - share) * rare + share * busy)
    rate = (weights[..., _RATE_HORIZONS].mean(axis=-1) * np.array([each.rate for each in said])).sum(axis=0)
    sums = Sums.average(weights, [each.sums for each in said]).read_at(_places(recipe.levels, rate))
    rate = _moved(rate, sums) if "trees" in names else rate  # the others' sums imply their own rates, nothing new
    return lawful(candidates.series, Forecast(rate, sums))


def busyness(units: Floats) -> Floats:
    """How far sums of so many expected units are busy ones, from 0 to 1."""
    share: Floats = units**2 / (units**2 + _BUSY_UNITS**2)
    return share


def _moved(rate: Floats, sums: Sums) -> Floats:
    """The rate, moved towards what the sums imply, as far as a month's use is more than a unit."""
    known = np.maximum(rate, 1e-9)
    implied = (implied_mean(growing(sums, rate))[:, _MIDDLE] / HORIZONS[_MIDDLE]).mean(axis=1)
    units = 30 * known
    trust = units**2 / (units**2 + 1.0)
    moved: Floats = np.where(rate > 0, known * np.clip(implied / known, 0.25, 4.0) ** trust, 0.0)
    return moved


def _places(levels: Floats, rate: Floats) -> Floats:
    """Where [parts, horizons, levels] a part's table is read: calibrated as far as the part is used at all."""
    faded = (rate**2 / (rate**2 + _RARE_RATE**2))[:, None, None]
    places: Floats = -((1 - faded) * np.log1p(-LEVELS) + faded * np.log1p(-levels))
    return places


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
    share: Floats  # [rows, horizons] how busy the sums are
    is_lumpy: NDArray[np.bool_]  # [rows]
    origin: NDArray[np.int64]  # [rows]

    @classmethod
    def of(cls, backtest: Backtest) -> TrackRecord:
        quantiles, came, share, lumpy, index = [], [], [], [], []
        for k, origin in enumerate(backtest.origins):
            unit, used = origin.known.unit, origin.used
            scales = np.column_stack([origin.scale(days) / unit for days in backtest.horizons])[used]
            distributions = [origin.candidates.distribution(name) for name in backtest.candidates]
            said = [
                [each.continuous_quantiles(origin.start, days, measures.JUDGED_LEVELS) for days in backtest.horizons]
                for each in distributions
            ]
            quantiles.append(np.moveaxis(np.array(said), 1, 2)[:, used] / scales[:, :, None])
            sums = np.column_stack([origin.came[:, :days].sum(axis=1) / unit for days in backtest.horizons])
            came.append((sums - origin.noise[:, : sums.shape[1]])[used] / scales)
            share.append(busyness(origin.candidates.base.rate[used, None] * np.array(backtest.horizons)))
            lumpy.append(origin.classes[used] == "lumpy")
            index.append(np.full(int(used.sum()), k))
        return cls(
            backtest.candidates,
            np.concatenate(quantiles, axis=1),
            np.concatenate(came),
            np.concatenate(share),
            np.concatenate(lumpy),
            np.concatenate(index),
        )

    def where(self, kept: NDArray[np.bool_]) -> TrackRecord:
        """Some of the rows."""
        rows = (self.came[kept], self.share[kept], self.is_lumpy[kept], self.origin[kept])
        return TrackRecord(self.names, self.quantiles[:, kept], *rows)


def learn_weights(record: TrackRecord, prior: Recipe) -> dict[str, dict[str, float]]:
    """Weights of rare and of busy sums together, and those of lumpy parts; each held towards its prior."""
    before = {kind: _present(prior.weights[kind], record.names) for kind in KINDS}
    usual, lumpy = record.where(~record.is_lumpy), record.where(record.is_lumpy)
    shares = np.stack([1 - usual.share, usual.share])
    rare, busy = _minimise(usual, shares, np.stack([before["rare"], before["busy"]]))
    lots = _minimise(lumpy, np.ones((1, *lumpy.share.shape)), before["lumpy"][None])[0]
    found = zip(KINDS, (rare, busy, lots), strict=True)
    return {kind: dict(zip(record.names, row.tolist(), strict=True)) for kind, row in found}


def _minimise(record: TrackRecord, shares: Floats, prior: Floats) -> Floats:
    """Exponentiated gradient descent of the relative loss on the simplex, with the penalty's exact mirror step.

    ``shares`` [ends, rows, horizons] say how far each end's weights, [ends, candidates], hold for a row.
    """
    if not len(record.came):
        return prior
    parts = len(record.came) / len(set(record.origin.tolist()))
    penalty = _PENALTY + _PENALTY_PARTS / parts
    levels = np.array(measures.JUDGED_LEVELS)
    weights, first_loss = prior, None
    for _ in range(_STEPS):
        each = np.einsum("ec,erh->crh", weights, shares)
        short = record.came[:, :, None] - np.einsum("crh,crhl->rhl", each, record.quantiles)
        slope = np.where(short > 0, -levels, 1 - levels)
        first_loss = first_loss or max(float((-slope * short).mean()), 1e-9)
        steep = np.einsum("crhl,rhl->crh", record.quantiles, slope)
        gradient = np.einsum("crh,erh->ec", steep, shares) / slope.size / first_loss
        pull = np.log(weights) + _STEP * (penalty * np.log(prior) - gradient)
        weights = np.exp((pull - pull.max(axis=1, keepdims=True)) / (1 + _STEP * penalty))
        weights = np.maximum(weights / weights.sum(axis=1, keepdims=True), 1e-12)
    return weights
