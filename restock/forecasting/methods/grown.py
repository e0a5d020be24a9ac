"""Gradient-boosted trees as numbers: grown by scikit-learn, evaluated by numpy, the same to the last bit.

A run that follows needs what trees say, not the library that grew them: importing it takes longer than all the rest of
such a run. All levels share one table of features, cut once into at most 64 bins per feature (scikit-learn would cut
them anew for each level, which took more time than growing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from restock.stored.distribution import Floats

BINS = 64
_ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, eq=False)
class Cuts:
    """Where each feature is cut into bins; what is unknown stays unknown."""

    of_feature: tuple[Floats, ...]

    @classmethod
    def of(cls, features: Floats) -> Cuts:
        return cls(tuple(_cuts(column[~np.isnan(column)]) for column in features.T))

    def bins(self, features: Floats) -> Floats:
        """The bin of each value: at or below a cut is before it."""
        columns = [
            np.where(np.isnan(column), np.nan, np.searchsorted(cuts, column, side="left"))
            for cuts, column in zip(self.of_feature, features.T, strict=True)
        ]
        return np.column_stack(columns)


def _cuts(known: Floats) -> Floats:
    distinct = np.unique(known)
    if len(distinct) <= BINS:
        return (distinct[1:] + distinct[:-1]) / 2
    return np.unique(np.percentile(known, np.linspace(0, 100, BINS + 1)[1:-1], method="midpoint"))


@dataclass(frozen=True, eq=False)
class GrownTrees:
    """The trees of several models [nodes], one model per level; a leaf leads to itself."""

    cuts: Cuts
    start: Floats  # [models] what each model says before its trees
    roots: NDArray[np.int64]  # [models, trees]
    feature: NDArray[np.int64]
    threshold: Floats
    unknown_left: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: Floats
    depth: int

    @classmethod
    def of(cls, cuts: Cuts, models: Sequence[Any]) -> GrownTrees:
        """Of scikit-learn's HistGradientBoostingRegressors that were fitted to ``cuts.bins(features)``."""
        grown = [[trees[0].nodes for trees in model._predictors] for model in models]
        sizes = np.array([[len(nodes) for nodes in trees] for trees in grown])
        roots = np.cumsum(sizes) - sizes.ravel()
        nodes = np.concatenate([nodes for trees in grown for nodes in trees])
        offset = np.repeat(roots, sizes.ravel())
        own, is_leaf = np.arange(len(nodes)), nodes["is_leaf"].astype(bool)
        return cls(
            cuts,
            np.array([float(np.ravel(model._baseline_prediction)[0]) for model in models]),
            roots.reshape(sizes.shape),
            np.where(is_leaf, 0, nodes["feature_idx"]).astype(np.int64),
            nodes["num_threshold"].astype(float),
            nodes["missing_go_to_left"].astype(bool),
            np.where(is_leaf, own, offset + nodes["left"]).astype(np.int64),
            np.where(is_leaf, own, offset + nodes["right"]).astype(np.int64),
            nodes["value"].astype(float),
            int(nodes["depth"].max()),
        )

    def predict(self, features: Floats) -> Floats:
        """What each model says [rows, models]."""
        found = np.empty((len(features), len(self.start)))
        for begin in range(0, len(features), _ROWS_AT_ONCE):
            rows = slice(begin, begin + _ROWS_AT_ONCE)
            found[rows] = self._predicted(self.cuts.bins(features[rows]))
        return found

    def _predicted(self, bins: Floats) -> Floats:
        row = np.arange(len(bins))[:, None]
        node = np.broadcast_to(self.roots.ravel(), (len(bins), self.roots.size))
        for _ in range(self.depth):
            asked = bins[row, self.feature[node]]
            is_left = np.where(np.isnan(asked), self.unknown_left[node], asked <= self.threshold[node])
            node = np.where(is_left, self.left[node], self.right[node])
        said = self.value[node].reshape(len(bins), *self.roots.shape)
        total = np.broadcast_to(self.start, said.shape[:2]).copy()
        for tree in range(self.roots.shape[1]):  # one after the other, as they were grown: the same sum
            total += said[:, :, tree]
        return total
