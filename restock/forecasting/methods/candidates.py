"""The candidates that compete, each fitted on all parts at once: a daily rate and a quantile table per part.

``compact`` and ``aggregation`` cost milliseconds per part; ``trees`` costs seconds and is the first to be dropped when
the time budget is short.
"""

from __future__ import annotations

from dataclasses import dataclass

from restock.forecasting.methods import aggregation, compact, trees, tsb, windows
from restock.forecasting.methods.compact import Compact
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.trees import Trees
from restock.stored.distribution import DemandDistribution, Floats

CANDIDATES = ("trees", "aggregation", "compact", "tsb", "windows")


@dataclass(frozen=True, eq=False)
class Candidates:
    """Every candidate's rate [parts] and table, by name, and the estimators behind them."""

    series: OpenSeries
    rates: dict[str, Floats]
    tables: dict[str, Floats]
    compact: Compact
    trees: Trees | None

    def distribution(self, name: str) -> DemandDistribution:
        """One candidate by itself."""
        return self.series.distribution(self.rates[name], self.tables[name])


def fit_candidates(series: OpenSeries, *, with_trees: bool = True, learnt: Trees | None = None) -> Candidates:
    """Fit all; ``learnt`` trees from an earlier day of the same history spare learning them again."""
    base = compact.fit(series)
    rates, tables = {"compact": base.rate}, {"compact": base.table}
    if with_trees:
        learnt = learnt or trees.fit(series, base)
        if learnt is not None:
            rates["trees"], tables["trees"] = base.rate, learnt.table(series, base)
    rates["aggregation"], tables["aggregation"] = aggregation.fit(series)
    rates["tsb"], tables["tsb"] = tsb.fit(series)
    rates["windows"], tables["windows"] = base.rate, windows.table(series, base)
    return Candidates(series, rates, tables, base, learnt if with_trees else None)
