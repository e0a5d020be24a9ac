"""A generated shop whose truth is known: every part's true rate on every day, past and to come.

Demand of a day is negative binomial with one dispersion per part, so the true distribution of any sum of days is
negative binomial again, and a forecast's quantiles can be checked exactly instead of by counting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy.stats import nbinom

from restock.forecasting import measures
from restock.stored.artifact import ForecastArtifact
from restock.stored.distribution import Floats

TRUTH_LEVELS = measures.JUDGED_LEVELS
_FIRST_DAY = date(2024, 1, 1)  # a Monday
_WEEKDAYS = np.array([1.5, 1.1, 0.9, 0.9, 1.1, 0.5, 0.0])  # closed on Sundays
KINDS = ("steady", "drifting", "launched", "discontinued", "lots")


@dataclass(frozen=True, eq=False)
class GeneratedShop:
    """Demand and truth [parts, days]; ``changes`` is the day on which a launched or discontinued part changed."""

    kinds: tuple[str, ...]
    quantities: Floats
    rates: Floats  # true mean in lots
    dispersion: Floats  # [parts]
    lot: Floats  # [parts]
    changes: np.ndarray
    origins: tuple[int, ...]

    @classmethod
    def default(cls) -> GeneratedShop:
        return cls.generate(parts=120, days=640, origins=(520, 550, 580, 610))

    @classmethod
    def generate(cls, *, parts: int, days: int, origins: tuple[int, ...], seed: int = 5) -> GeneratedShop:
        random = np.random.default_rng(seed)
        kinds = tuple(KINDS[k] for k in random.choice(5, parts, p=[0.5, 0.2, 0.1, 0.1, 0.1]))
        base = np.exp(random.normal(-1.6, 1.2, parts))
        dispersion = 1 + random.gamma(2.0, 0.3, parts)
        lot = np.ones(parts)
        changes = np.full(parts, -1)
        trend = np.zeros((parts, days))
        for row, kind in enumerate(kinds):
            if kind == "drifting":
                trend[row] = np.cumsum(random.normal(0, 0.03, days))
            if kind in ("launched", "discontinued"):
                changes[row] = random.integers(days // 3, days - 90)
                base[row] = max(base[row], 0.4)
            if kind == "lots":
                lot[row] = random.choice([4, 10, 50])
                base[row] = min(base[row], 0.15)
        rates = base[:, None] * np.exp(trend) * _WEEKDAYS[np.arange(days) % 7]
        after = np.arange(days) >= changes[:, None]
        is_kind = np.array(kinds)[:, None]
        rates = np.where((is_kind == "launched") & ~after, 0.0, rates)
        rates = np.where((is_kind == "discontinued") & after, 0.0, rates)
        size = np.maximum(rates, 1e-12) / (dispersion[:, None] - 1)
        counts = np.where(rates > 0, nbinom.rvs(size, 1 / dispersion[:, None], random_state=random), 0)
        return cls(kinds, counts * lot[:, None], rates, dispersion, lot, changes, origins)

    def table(self) -> pd.DataFrame:
        """Series x days, as a set on disk has it."""
        days = pd.date_range(_FIRST_DAY, periods=self.quantities.shape[1])
        return pd.DataFrame(self.quantities, [f"{k}-{row:03}" for row, k in enumerate(self.kinds)], days)

    def true_coverage(self, publish: Callable[[pd.DataFrame], ForecastArtifact], days: int) -> dict[str, list[float]]:
        """Per level, [what the forecast says its quantile covers, what it truly covers], over parts and origins."""
        table = self.table()
        said, true = [], []
        for origin in self.origins:
            artifact = publish(table.iloc[:, :origin])
            order = [list(table.index).index(part.key) for part in artifact.parts]
            start = _FIRST_DAY + timedelta(origin)
            quantiles = artifact.quantiles(start, days, TRUTH_LEVELS)
            true.append(self.true_chance(quantiles, np.array(order), origin, days))
            said.append(1 - np.stack([artifact.chance_above(start, days, q) for q in quantiles.T], axis=1))
        pairs = zip(np.concatenate(said).mean(axis=0), np.concatenate(true).mean(axis=0), strict=True)
        return {
            f"{p:g}": [round(float(a), 4), round(float(b), 4)] for p, (a, b) in zip(TRUTH_LEVELS, pairs, strict=True)
        }

    def true_chance(self, stock: Floats, rows: np.ndarray, origin: int, days: int) -> Floats:
        """The true probability that the demand of the days after an origin is at most a stock [parts, ...]."""
        mean = self.rates[rows, origin : origin + days].sum(axis=1)[:, None]
        dispersion = self.dispersion[rows][:, None]
        size = np.maximum(mean, 1e-12) / (dispersion - 1)
        chance: Floats = nbinom.cdf(np.floor(stock / self.lot[rows][:, None] + 1e-9), size, 1 / dispersion)
        return chance
