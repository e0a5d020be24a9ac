"""Rolling origins on the shop's own history: what would have been forecast then, against what came.

                    origin 1      origin 2      origin 3      origin 4          last day
    history ───────────┼─────────────┼─────────────┼─────────────┼──── 30 days ────┤
    costly ones learn ─┘ 15 days apart; everything else is fitted again at every origin

Every candidate is fitted on what was known at the origin by the code that fits the published forecast, and evaluated
by the arithmetic that serves it. Of a large catalogue the 2,000 parts of the pool are backtested.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from restock.forecasting import measures
from restock.forecasting.classes import classify
from restock.forecasting.demand import Demand
from restock.forecasting.methods.candidates import CANDIDATES, FittedCandidates, fit_candidates
from restock.forecasting.methods.forecaster import Candidate, Fitted
from restock.forecasting.methods.series import OpenSeries, pool_rows
from restock.stored.distribution import Floats

_ORIGINS = 4
_SPACING_DAYS = 15
_WARM_UP_DAYS = 28


@dataclass(frozen=True, eq=False)
class Origin:
    """One origin: what was known, what every candidate said, what came."""

    known: Demand
    came: Floats  # [parts, days]
    candidates: FittedCandidates
    classes: NDArray[np.str_]

    @property
    def start(self) -> date:
        return self.known.last_day + timedelta(1)

    @property
    def used(self) -> NDArray[np.bool_]:
        """Parts that had been used before: about the others there was nothing to say."""
        return np.asarray(self.known.quantities.any(axis=1))

    @cached_property
    def noise(self) -> Floats:
        """What makes counts continuous [parts, horizons]: always the same for a part and a day."""
        seeds = [zlib.crc32(f"{part.key} {self.start}".encode()) for part in self.known.parts]
        return np.array([np.random.default_rng(seed).random(2) for seed in seeds]).reshape(len(seeds), 2)

    def scale(self, days: int) -> Floats:
        """The usual change of sums over so many days, floored."""
        unit = self.known.unit
        shorter = min(days, max(self.known.days // 3, 1))  # early origins hold no two windows of a month
        usual = measures.usual_change(self.known.quantities, shorter) * np.sqrt(days / shorter)
        return unit * measures.floored(usual / unit, self.known.quantities.mean(axis=1) * days / unit)


@dataclass(frozen=True, eq=False)
class Backtest:
    """The origins of one history, and the horizons in days that they are judged over."""

    demand: Demand
    origins: tuple[Origin, ...]
    horizons: tuple[int, ...]

    @classmethod
    def run(cls, demand: Demand, candidates: Sequence[Candidate] = CANDIDATES) -> Backtest | None:
        """Fit the candidates at every origin; None if the history is too short to hold any of it back."""
        demand = demand.only(np.flatnonzero(demand.quantities.any(axis=1)))  # the rest has nothing to be judged by
        demand = demand.only(pool_rows([part.key for part in demand.parts], demand.days))
        horizons = tuple(days for days in (7, 30) if demand.days >= _WARM_UP_DAYS + days + 7)
        if not horizons or not demand.quantities.any():
            return None
        last = demand.days - horizons[-1]
        spacing = min(_SPACING_DAYS, (last - _WARM_UP_DAYS) // (_ORIGINS - 1))
        if spacing == _SPACING_DAYS and last - spacing * _ORIGINS > _WARM_UP_DAYS:
            last -= (demand.first_day.toordinal() + last) % spacing  # the same days again tomorrow: equal origins
        origins: list[Origin] = []
        learnt: Mapping[str, Fitted] = {}
        for day in range(last - spacing * (_ORIGINS - 1), last + 1, spacing):
            known = demand.until(day)
            fitted = fit_candidates(OpenSeries.of(known), candidates, learnt=learnt)
            learnt = fitted.fitted
            origins.append(Origin(known, demand.quantities[:, day : day + horizons[-1]], fitted, classify(known)))
        return cls(demand, tuple(origins), horizons)

    @property
    def candidates(self) -> tuple[str, ...]:
        """Those that could be fitted at every origin, in a fixed order."""
        return tuple(sorted(set.intersection(*(set(origin.candidates.forecasts) for origin in self.origins))))
