"""The contract of every forecaster: ``fit`` learns from a history, ``forecast`` says what it expects of every part.

Both are told the same two things: the series, and the compact level of its parts on the last day (`base.Base`), which
a forecaster may stand on or leave. A further candidate is one file with these two verbs and a line in
`candidates.CANDIDATES`; weights, backtest, scores and the stored recipe know it by its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from restock.forecasting.methods.base import Base
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.sums import Sums
from restock.stored.distribution import Floats


@dataclass(frozen=True, eq=False)
class Forecast:
    """What is expected from the day after the last one on, in the parts' units."""

    rate: Floats  # [parts] per open day
    sums: Sums  # before any law has been applied to them


@dataclass(frozen=True)
class Prior:
    """A candidate's weight before any evidence."""

    rare: float
    """Of sums that are hardly ever more than nothing;"""
    busy: float
    """of large ones;"""
    lumpy: float
    """and of parts that are used in lots."""


class Fitted(Protocol):
    """What a forecaster learnt: good for the day it was learnt on and for later ones."""

    def forecast(self, series: OpenSeries, base: Base) -> Forecast:
        """What is expected of every part of the series."""


class Forecaster(Protocol):
    """One way of forecasting, known by its name."""

    @property
    def name(self) -> str: ...

    def fit(self, series: OpenSeries, base: Base) -> Fitted | None:
        """Learn what all parts share; None if there is too little to learn from."""


class Baseline(Forecaster, Protocol):
    """A forecaster to be beaten: it always has something to say."""

    def fit(self, series: OpenSeries, base: Base) -> Fitted: ...


class Candidate(Forecaster, Protocol):
    """A forecaster that competes for a weight in what is published."""

    @property
    def prior(self) -> Prior: ...

    @property
    def is_costly(self) -> bool:
        """Learning takes seconds: given up first when time is short, and done at one origin of a backtest."""
