"""Following: a forecast made with what an earlier run learnt, at a tenth of the cost of learning.

What is learnt (what costly candidates found in the pool, the weights of all candidates, the calibration) changes in
weeks; what news move (levels, spreads, weekday factors) is fitted again. Nothing is judged here: the scores are those
of the run that learnt. A follower depends on no other follower, so nothing drifts.
"""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from restock.errors import DamagedError
from restock.forecasting.classes import classify
from restock.forecasting.combination import Recipe, combine
from restock.forecasting.demand import Demand
from restock.forecasting.methods.base import Pooled
from restock.forecasting.methods.candidates import CANDIDATES, fit_candidates
from restock.forecasting.methods.forecaster import Candidate, Fitted
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.train import Trained
from restock.stored.artifact import Part
from restock.stored.booked_ahead import BookedAhead
from restock.stored.near_days import DAYS, NearDays
from restock.stored.service_parts import PartUse, ServiceParts


@dataclass(frozen=True, eq=False)
class Lore:
    """What one run learnt. Promise 7: it executes when opened, so nothing but retrain may open it."""

    recipe: Mapping[str, Any]
    scores: Mapping[str, Any]
    costly: Mapping[str, Fitted]
    """Of the costly candidates, by name, those that had enough to learn from."""
    pooled: Pooled | None = None
    services: ServiceParts = ServiceParts()
    keys: Sequence[str] = ()
    """Of the parts that ``services`` and ``near`` name by their rows."""
    since: date | None = None
    """The first day, where older ones did not fit into memory: followers begin there, too."""
    booked: BookedAhead | None = None
    near: NearDays | None = None

    @classmethod
    def of(
        cls,
        trained: Trained,
        services: ServiceParts,
        candidates: Sequence[Candidate] = CANDIDATES,
        booked: BookedAhead | None = None,
    ) -> Lore:
        costly = {each.name: trained.estimators[each.name] for each in candidates if each.is_costly}
        return cls(
            trained.recipe,
            trained.scores,
            {name: found for name, found in costly.items() if found is not None},
            trained.estimators["base"].pooled,
            services,
            [part.key for part in trained.demand.parts],
            trained.demand.first_day if trained.demand.left_out else None,
            booked,
            trained.distribution.near,
        )

    def to_bytes(self) -> bytes:
        return zlib.compress(pickle.dumps(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> Lore:
        """Raises DamagedError for what this release cannot open."""
        try:
            found = pickle.loads(zlib.decompress(data))
        except Exception as exc:  # whatever a pickle of another release raises
            raise DamagedError(f"what was learnt cannot be opened: {exc!r}") from exc
        if not isinstance(found, cls):
            raise DamagedError("what was learnt is something else")
        return found


def follow(demand: Demand, lore: Lore, candidates: Sequence[Candidate] = CANDIDATES) -> Trained:
    """Fit what news move, on every day. Raises DamagedError if these candidates cannot repeat what was learnt."""
    recipe = Recipe.from_json(lore.recipe, candidates)
    if recipe is None:
        raise DamagedError("what was learnt has weights of other candidates")
    known = [each for each in candidates if each.name in lore.costly or not each.is_costly]
    fitted = fit_candidates(OpenSeries.of(demand), known, learnt=lore.costly, pooled=lore.pooled)
    distribution = combine(fitted, classify(demand), recipe).with_near(_near(lore, demand.parts))
    return Trained(demand, distribution, dict(lore.recipe), dict(lore.scores), {"base": fitted.base})


def _near(lore: Lore, parts: Sequence[Part]) -> NearDays | None:
    """What was booked when it learnt, at the rows its parts have now; it says of which days it is."""
    if lore.near is None:
        return None
    places = {key: row for row, key in enumerate(lore.keys)}
    rows = [next((places[id] for id in (part.key, *part.documents) if id in places), -1) for part in parts]
    as_usual = np.ones((1, DAYS))
    return NearDays(lore.near.first_day, np.concatenate([lore.near.factors, as_usual])[rows])


def carried_over(lore: Lore, parts: Sequence[Part]) -> ServiceParts:
    """What a job of each service uses, as it was learnt, at the rows its parts have now."""
    rows = {id: row for row, part in enumerate(parts) for id in (*part.documents, part.key)}
    now = [rows.get(key) for key in lore.keys]

    def moved(uses: Sequence[PartUse]) -> list[PartUse]:
        return [use._replace(row=row) for use in uses if (row := now[use.row]) is not None]

    services = {name: moved(uses) for name, uses in (lore.services.services or {}).items()}
    return ServiceParts(moved(lore.services.any_job), services)
