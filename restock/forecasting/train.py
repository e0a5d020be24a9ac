"""From daily demand to the forecasts that get published: backtest, decide, fit on every day.

The story: every candidate is fitted at rolling origins; the weights of the candidates and the calibration are learnt
there; the challenger is judged at each origin with what the *other* origins taught, beside plain baselines; then the
candidates are fitted on the whole history, nothing held out, and combined. The gate compares the recipe to be
published with the champion's over all origins: each has learnt from them, so neither is held to more than the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from restock.forecasting.backtest import Backtest
from restock.forecasting.calibration import learn_levels
from restock.forecasting.classes import CLASSES, classify
from restock.forecasting.combination import Recipe, TrackRecord, combine, learn_weights
from restock.forecasting.demand import Demand
from restock.forecasting.methods.baselines import BASELINES
from restock.forecasting.methods.candidates import CANDIDATES, fit_candidates
from restock.forecasting.methods.forecaster import Candidate
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.scores import score
from restock.retraining.looking_back import look_back
from restock.retraining.surprises import surprises
from restock.stored.artifact import RECENT_DAYS, ForecastArtifact
from restock.stored.distribution import DemandDistribution
from restock.stored.header import Header, Since

_CELLS_PER_SECOND = 150_000.0  # parts x days that the cheap candidates are fitted on in a second of one slow core
_BACKTESTED_PARTS = 2000
_TREES_SECONDS = 12.0


@dataclass(frozen=True, eq=False)
class Trained:
    """What one training found: the forecasts, how they were made and how good they are."""

    demand: Demand
    distribution: DemandDistribution
    recipe: dict[str, Any]
    scores: dict[str, Any]
    estimators: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def artifact(
        self, *, version: int, trained_at: datetime, time_zone: str, previous: ForecastArtifact | None = None
    ) -> ForecastArtifact:
        """The forecasts as serving loads them; given the previous ones, with what they said, and what came."""
        classes = classify(self.demand)
        header = Header(
            version=version,
            trained_at=trained_at.isoformat(),
            trained_through=self.demand.last_day,
            first_day=self.demand.first_day,
            time_zone=time_zone,
            classes={name: int((classes == name).sum()) for name in CLASSES},
            recipe=self.recipe,
            scores=self.scores,
            notes=self.notes,
        )
        recent = np.zeros((len(self.demand.parts), RECENT_DAYS), np.float32)
        known = self.demand.as_recorded[:, -RECENT_DAYS:]
        recent[:, RECENT_DAYS - known.shape[1] :] = known
        artifact = ForecastArtifact(header, self.demand.parts_with_facts(), self.distribution, recent)
        if previous is None:
            return artifact
        since = Since(version=previous.header.version, unusual=surprises(previous, artifact))
        return replace(artifact, header=replace(header, since=since, hindsight=look_back(previous, artifact)))


def train(
    demand: Demand,
    *,
    champion: Mapping[str, Any] | None = None,
    budget_seconds: float = 600.0,
    progress: Callable[[str], None] = lambda message: None,
    candidates: Sequence[Candidate] = CANDIDATES,
) -> Trained:
    """Let the candidates compete on this shop's own history, and publish their best combination."""
    with_backtest, with_costly, notes = _afford(demand, budget_seconds)
    afforded = [candidate for candidate in candidates if with_costly or not candidate.is_costly]
    progress("backtesting the candidates")
    backtest = Backtest.run(demand, afforded) if with_backtest else None
    recipe = Recipe.prior(candidates)
    scores: dict[str, Any] = {"challenger": {}, "published": {}, "champion": None, "baselines": {}}
    if backtest is not None:
        progress(f"learning weights and calibration from {len(backtest.origins)} origins")
        recipe, scores = _decide(backtest, champion, candidates)
    elif with_backtest:
        notes.append(f"{demand.days} days are too few to hold any back: the prior weights are used, without scores")
    progress("fitting on every day")
    final = fit_candidates(OpenSeries.of(demand), afforded)
    distribution = combine(final, classify(demand), recipe)
    estimators = {"base": final.base} | {each.name: final.fitted.get(each.name) for each in candidates}
    return Trained(demand, distribution, recipe.to_json(), scores, estimators, tuple(notes))


def _decide(
    backtest: Backtest, champion: Mapping[str, Any] | None, candidates: Sequence[Candidate]
) -> tuple[Recipe, dict[str, Any]]:
    """The recipe learnt from all origins, and scores.

    ``challenger``: held out, no origin judges what it taught itself. ``published`` and ``champion``: this recipe and
    the live one over all origins.
    """
    record, prior = TrackRecord.of(backtest), Recipe.prior(candidates)

    def learn(without: int | None = None) -> Recipe:
        kept = record if without is None else record.where(record.origin != without)
        weighted = Recipe(learn_weights(kept, prior), prior.levels)
        return Recipe(weighted.weights, learn_levels(backtest, weighted, without))

    held_out = [learn(without=k) if len(backtest.origins) > 1 else prior for k in range(len(backtest.origins))]
    challenger = [combine(o.candidates, o.classes, r) for o, r in zip(backtest.origins, held_out, strict=True)]

    def repeat(recipe: Recipe) -> dict[str, Any]:
        return score(backtest, [combine(o.candidates, o.classes, recipe) for o in backtest.origins])

    recipe, kept = learn(), Recipe.from_json(champion, candidates) if champion else None
    scores = {
        "challenger": score(backtest, challenger),
        "published": repeat(recipe),
        "champion": repeat(kept) if kept else None,
        "baselines": {
            baseline.name: score(backtest, [o.candidates.beside(baseline) for o in backtest.origins])
            for baseline in BASELINES
        },
        "candidates": {
            name: score(backtest, [o.candidates.distribution(name) for o in backtest.origins])
            for name in backtest.candidates
        },
        "origins": [o.known.last_day.isoformat() for o in backtest.origins],
    }
    return recipe, scores


def _afford(demand: Demand, budget_seconds: float) -> tuple[bool, bool, list[str]]:
    """What fits into the budget, decided by size alone so that equal data trains equally: trees are dropped first."""
    cells = len(demand.parts) * demand.days
    backtested = min(len(demand.parts), _BACKTESTED_PARTS) * demand.days
    cheap, backtest = cells / _CELLS_PER_SECOND, 5 * backtested / _CELLS_PER_SECOND
    if cheap + backtest + _TREES_SECONDS <= budget_seconds:
        return True, True, []
    if cheap + backtest <= budget_seconds:
        return True, False, ["the time budget left no room for the pooled trees"]
    return False, False, ["the time budget left no room for trees and backtest: prior weights, no scores"]
