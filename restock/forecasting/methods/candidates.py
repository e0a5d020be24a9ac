"""The candidates that compete, each fitted on all parts at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from restock.forecasting.laws import lawful
from restock.forecasting.methods.aggregation import Aggregation
from restock.forecasting.methods.base import Base, Pooled
from restock.forecasting.methods.compact import Compact
from restock.forecasting.methods.forecaster import Baseline, Candidate, Fitted, Forecast
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.trees import Trees
from restock.forecasting.methods.tsb import SlowTSB
from restock.forecasting.methods.windows import Windows
from restock.stored.distribution import DemandDistribution

CANDIDATES: tuple[Candidate, ...] = (Compact(), Trees(), Aggregation(), SlowTSB(), Windows())


@dataclass(frozen=True, eq=False)
class FittedCandidates:
    """By name, what every candidate learnt and what it says; those that learnt nothing are absent."""

    series: OpenSeries
    base: Base
    fitted: Mapping[str, Fitted]
    forecasts: Mapping[str, Forecast]

    def distribution(self, name: str) -> DemandDistribution:
        """One candidate by itself, as it would be published."""
        return lawful(self.series, self.forecasts[name])

    def beside(self, baseline: Baseline) -> DemandDistribution:
        """A baseline that was told the same."""
        return lawful(self.series, baseline.fit(self.series, self.base).forecast(self.series, self.base))


def fit_candidates(
    series: OpenSeries,
    candidates: Sequence[Candidate] = CANDIDATES,
    *,
    learnt: Mapping[str, Fitted] | None = None,
    pooled: Pooled | None = None,
) -> FittedCandidates:
    """Fit all; what costly ones have ``learnt`` on an earlier day of the same history is not learnt again, nor what the
    pool taught, where it is given.
    """
    base = Base.of(series, pooled)
    fitted: dict[str, Fitted] = {}
    for candidate in candidates:
        known = (learnt or {}).get(candidate.name) if candidate.is_costly else None
        found = known or candidate.fit(series, base)
        if found is not None:
            fitted[candidate.name] = found
    return FittedCandidates(series, base, fitted, {name: each.forecast(series, base) for name, each in fitted.items()})
