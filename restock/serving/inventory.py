"""Order advice: what a predictive distribution says about stock. Pure functions over the artifact, all parts at once.

The policy is order-up-to with periodic review (R, S): every ``review_days`` the shop looks at the inventory position
(on hand plus on order) and orders what is missing to the order-up-to level, or the least the supplier sells; the order
arrives ``lead_days`` later, at the start of the day. What is ordered today must last until the delivery after the next
review:

    today ──────────── lead ────────────▶ this order arrives
      └── review ──▶ next look ──────────── lead ────────────▶ the next order arrives
    reorder point    covers the lead time alone: at or below it the shop may run dry before an order of today arrives
    order-up-to      covers lead + review

The service level is one of two things, which differ and are named apart. *Cycle service level*: the probability that
no unit is missing in such a cycle. *Fill rate*: the share of demand served from stock. (Silver, Pyke and Thomas,
Inventory and Production Management in Supply Chains, 2017, chapters 6 and 7.)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np

from restock.stored.artifact import ForecastArtifact
from restock.stored.distribution import Floats

_COVER_HORIZON_DAYS = 366
_HAIR = 1e-6
_EDGES = 1 - np.geomspace(1.0, 1e-4, 400)  # slices of probability, ever thinner towards the tail
_NODES = np.append((_EDGES[1:] + _EDGES[:-1]) / 2, _EDGES[-1]).tolist()
_WEIGHTS = np.append(np.diff(_EDGES), 1 - _EDGES[-1])


@dataclass(frozen=True, slots=True)
class Policy:
    """How the shop orders, and how well it wants to be stocked."""

    lead_days: int
    review_days: int
    service_level: float
    measure: Literal["cycle", "fill"] = "cycle"
    lead_chances: tuple[tuple[int, float], ...] = ()
    """Days and chance of each, where they were learnt from what a supplier did; else ``lead_days`` is certain."""

    @property
    def leads(self) -> tuple[tuple[int, float], ...]:
        return self.lead_chances or ((self.lead_days, 1.0),)


@dataclass(frozen=True, eq=False)
class Advice:
    """One row per part, in the artifact's order. ``days_of_cover`` is infinite where stock lasts beyond a year."""

    expected_demand: Floats  # mean over lead + review
    reorder_point: Floats
    order_up_to: Floats
    order_quantity: Floats
    chance_of_stock_out: Floats  # before an order placed today would arrive
    days_of_cover: Floats


def advise(  # noqa: PLR0913  # the last three are named in every call
    artifact: ForecastArtifact,
    start: date,
    policy: Policy,
    *,
    on_hand: Any,
    on_order: Any = 0.0,
    minimum_order: Any = 0.0,
    pack: Any = 0.0,
    maximum: Any = math.inf,
) -> Advice:
    """Advice for every part, given its stock, what is already on its way, and how its supplier sells it."""
    parts = len(artifact.parts)
    hand, ordered, least, packed, most = (
        np.broadcast_to(np.asarray(given, float), (parts,))
        for given in (on_hand, on_order, minimum_order, pack, maximum)
    )
    unit = artifact.distribution.unit.astype(float)
    reorder_point = stock_level(artifact, start, policy, 0)
    order_up_to = np.maximum(stock_level(artifact, start, policy, policy.review_days), reorder_point)
    wanted = order_quantity(hand + ordered, order_up_to, least, unit, pack=packed, maximum=most)
    return Advice(
        expected_demand=_mixed(policy, lambda lead: artifact.mean(start, lead + policy.review_days).sum(axis=1)),
        reorder_point=reorder_point,
        order_up_to=order_up_to,
        order_quantity=wanted,
        chance_of_stock_out=_mixed(policy, lambda lead: artifact.chance_above(start, max(lead, 1), hand)),
        days_of_cover=days_of_cover(artifact, start, hand),
    )


def chance_of_shortage(artifact: ForecastArtifact, start: date, policy: Policy, levels: Floats) -> Floats:
    """The chance [parts, levels] that the demand of a whole cycle exceeds each of some stock levels of each part."""
    columns = []
    for level in levels.T:

        def above(lead: int, level: Floats = level) -> Floats:
            return artifact.chance_above(start, lead + policy.review_days, level)

        columns.append(_mixed(policy, above))
    return np.stack(columns, axis=1)


def _mixed(policy: Policy, figure: Callable[[int], Floats]) -> Floats:
    """What is expected of a figure, over the lead times."""
    (first, chance), *others = policy.leads
    mixed = chance * figure(first)
    for lead, chance in others:
        mixed = mixed + chance * figure(lead)
    return mixed


def stock_level(artifact: ForecastArtifact, start: date, policy: Policy, review_days: int) -> Floats:
    """The smallest stock [parts] that gives the service level over the lead time and these days.

    Over a lead time that was learnt, demand is a mixture: that of each number of days, with its chance.
    """
    longest = max(lead for lead, _ in policy.leads) + review_days
    if longest == 0:
        return np.zeros(len(artifact.parts))
    if policy.measure == "cycle" and len(policy.leads) == 1:
        return artifact.quantiles(start, longest, [policy.service_level])[:, 0]
    demand = _Demand(artifact, start, policy.leads, review_days)
    if policy.measure == "cycle":
        return demand.quantile(policy.service_level)
    unit = artifact.distribution.unit.astype(float)
    high = np.ceil(artifact.quantiles(start, longest, [_NODES[-1]])[:, 0] / unit)
    low = np.full_like(high, -1.0)
    while np.any(high - low > 1):  # bisection over whole units: fill rates grow with stock
        middle = np.floor((low + high) / 2)
        enough = demand.fill_rate(middle * unit) >= policy.service_level
        high, low = np.where(enough, middle, high), np.where(enough, low, middle)
    level: Floats = high * unit
    return level


def fill_rate(artifact: ForecastArtifact, start: date, lead_days: int, review_days: int, level: Any) -> Floats:
    """The share of demand [parts] that an order-up-to level serves from stock; 1 where none is expected."""
    demand = _Demand(artifact, start, ((lead_days, 1.0),), review_days)
    return demand.fill_rate(np.broadcast_to(level, (len(artifact.parts),)))


def order_quantity(  # noqa: PLR0913  # the last two are said of few parts
    position: Floats,
    order_up_to: Floats,
    minimum: Floats,
    unit: Floats,
    *,
    pack: Any = 0.0,
    maximum: Any = math.inf,
) -> Floats:
    """What to order now: what is missing to the order-up-to level, and no less than the supplier sells.

    The order-up-to level is the least that lasts until the delivery after the next review. Who waits because less is
    missing than the minimum has what is there, and no more, for all of that time. Whole parts are ordered whole,
    whatever is in stock; a part that is always used in fours may still be bought singly.

    >>> one = lambda x: np.array([float(x)])
    >>> [order_quantity(one(p), one(10), one(5), one(1)).item() for p in (12, 10, 9, 4, 2.5)]
    [0.0, 0.0, 5.0, 6.0, 8.0]
    >>> level, step = np.float64(np.float32(0.3)), np.float64(np.float32(0.1))  # as they come, a hair beside
    >>> [round(order_quantity(one(p), one(level), one(0), one(step)).item(), 4) for p in (0.3, 0.2, 0.15)]
    [0.0, 0.1, 0.2]

    Where it comes in packs, whole packs; and no more than the maximum leaves room for, if that is enough to be sold:

    >>> [order_quantity(one(2), one(10), one(5), one(1), pack=one(pack), maximum=one(most)).item()
    ...  for pack, most in ((6, 99), (6, 13), (6, 6), (0, 9), (0, 6))]
    [12.0, 6.0, 0.0, 7.0, 0.0]
    """
    missing = order_up_to - position
    step = np.where(np.asarray(pack) > 0, pack, np.minimum(unit, 1.0))
    steps = np.maximum(missing, minimum) / step
    whole = np.ceil(steps - _HAIR - steps * 1e-7) * step  # units are stored as float32
    room = np.floor(np.minimum((maximum - position) / step, 1e12) + _HAIR) * step
    kept = np.where(room + _HAIR < minimum, 0.0, np.maximum(room, 0.0))
    quantity: Floats = np.where(missing > _HAIR * order_up_to, np.where(whole <= room, whole, kept), 0.0)
    return quantity


def days_of_cover(artifact: ForecastArtifact, start: date, on_hand: Floats) -> Floats:
    """Whole days [parts] that the stock lasts at the mean forecast, counted from the start."""
    used = np.cumsum(artifact.mean(start, _COVER_HORIZON_DAYS), axis=1)
    lasting = (used <= np.maximum(on_hand, 0.0)[:, None] + 1e-9).sum(axis=1).astype(float)
    days: Floats = np.where((lasting == _COVER_HORIZON_DAYS) & (on_hand >= 0), np.inf, lasting)
    return np.where(on_hand < 0, 0.0, days)


class _Demand:
    """Demand of a lead time and of a whole cycle, laid out once, slice by slice of probability."""

    def __init__(
        self, artifact: ForecastArtifact, start: date, leads: tuple[tuple[int, float], ...], review_days: int
    ) -> None:
        def slices(more: int) -> Floats:
            return np.hstack(
                [artifact.quantiles(start, lead + more, _NODES) if lead + more else none for lead, _ in leads]
            )

        none = np.zeros((len(artifact.parts), len(_NODES)))
        self._weights = np.concatenate([_WEIGHTS * chance for _, chance in leads])
        self._whole = slices(review_days)
        self._lead = slices(0) if review_days and any(lead for lead, _ in leads) else None
        self._demand = self._whole @ self._weights
        if self._lead is not None:
            self._demand = self._demand - self._lead @ self._weights

    def quantile(self, level: float) -> Floats:
        """The smallest demand that is not exceeded with this chance."""
        order = np.argsort(self._whole, axis=1, kind="stable")
        reached = np.cumsum(self._weights[order], axis=1) >= level - 1e-9
        found: Floats = np.take_along_axis(self._whole, order, axis=1)[np.arange(len(order)), reached.argmax(axis=1)]
        return found

    def fill_rate(self, level: Floats) -> Floats:
        missing = self._shortage(self._whole, level)
        if self._lead is not None:
            missing = missing - self._shortage(self._lead, level)  # already missing when the cycle began
        rate: Floats = np.where(self._demand > 1e-9, 1 - missing / np.maximum(self._demand, 1e-9), 1.0)
        return rate

    def _shortage(self, demand: Floats, level: Floats) -> Floats:
        """Expected units beyond the level."""
        short: Floats = np.maximum(demand - level[:, None], 0.0) @ self._weights
        return short
