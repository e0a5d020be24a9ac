"""Weekday factors: the pool's pattern, and each part's own as far as its volume speaks for one."""

from __future__ import annotations

import numpy as np

from restock.forecasting.demand import Demand
from restock.stored.distribution import Floats

_POOL_UNITS = 40.0  # a part's own pattern weighs as much as the pool's once this many units were used
_POOL_DAYS = 4.0  # the pool's pattern is pulled towards none as if by this many days of each weekday


def weekday_factors(demand: Demand, quantities: Floats) -> tuple[Floats, Floats]:
    """Factors (pool [7], parts [parts, 7]) that average 1 over the open weekdays and are 0 on closed ones."""
    is_open = demand.open_weekdays.astype(float)
    if demand.season == 1:
        return np.ones(7), np.ones((len(demand.parts), 7))
    weekday = np.eye(7)[demand.weekdays[demand.is_open]]
    days = weekday.sum(axis=0)
    per_part = quantities @ weekday
    rate = quantities.sum(axis=1) / max(quantities.shape[1], 1)
    typical = np.sqrt(np.maximum(per_part.sum(axis=1), 1e-9))[:, None]  # so that one big part is not the whole pool
    pool = ((per_part / typical).sum(axis=0) + _POOL_DAYS * (rate[:, None] / typical).sum()) / (
        (days + _POOL_DAYS) * max((rate[:, None] / typical).sum(), 1e-9)
    )
    pool = _average_one(pool[None] if rate.any() else np.ones((1, 7)), is_open)[0]
    expected = rate[:, None] * days
    own = per_part / np.maximum(expected, 1e-9)
    events = per_part.sum(axis=1) ** 2 / np.maximum((quantities**2).sum(axis=1), 1e-9)  # a lot of fifty is one event
    trust = (events / (events + _POOL_UNITS))[:, None]
    return pool, _average_one(trust * own + (1 - trust) * pool, is_open)


def _average_one(factors: Floats, is_open: Floats) -> Floats:
    kept = factors * is_open
    averaged: Floats = kept / np.maximum(kept.sum(axis=1, keepdims=True) / is_open.sum(), 1e-9)
    return averaged
