"""Transfers between a chain's shops: what one is short of and another has lying idle is moved before it is bought.

A decision over plain values. Distance has no say, and nobody's stock is brought below its order-up-to level::

    short  ── missing 10, sold from 5 on ──┐
    idle   ── 7 beyond its level ──────────┤   5 are moved and 5 bought: fewer are not sold, and 7 moved were too many
    idle   ── 2 beyond its level ──────────┘   nothing is moved: the first has enough

A transfer is proposed only where it makes the order smaller, and of no more than that takes; what is still to be
ordered honours the supplier's minimum and pack. What nobody sells any more is moved as far as it goes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from restock.serving.inventory import order_quantity
from restock.stored.balance import Balance, Short

DECIMALS = 4
_HAIR = 1e-6


@dataclass(frozen=True, slots=True)
class Source:
    shop: str
    part: str
    """Its key there."""
    quantity: float


@dataclass(frozen=True, slots=True)
class Transfer:
    """To one shop, of one part."""

    shop: str
    short: Short
    sources: tuple[Source, ...]
    order_before: float
    order_after: float
    as_of: datetime
    """What of it was known longest ago."""

    @property
    def quantity(self) -> float:
        return round(sum(one.quantity for one in self.sources), DECIMALS)

    def told(self, shop_names: Mapping[str, str]) -> dict[str, Any]:
        return {
            "shop": self.shop,
            "shop_name": shop_names.get(self.shop, self.shop),
            "part": self.short.part,
            "name": self.short.name,
            "sku": self.short.sku,
            "stock_out_chance": self.short.chance,
            "quantity": self.quantity,
            "sources": [
                {
                    "shop": one.shop,
                    "shop_name": shop_names.get(one.shop, one.shop),
                    "part": one.part,
                    "quantity": one.quantity,
                }
                for one in self.sources
            ],
            "order_without": self.order_before,
            "order_quantity": self.order_after,
            "as_of": self.as_of.isoformat(),
        }


@dataclass(slots=True)
class _Spare:
    shop: str
    part: str
    left: float


def proposed(balances: Mapping[str, Balance]) -> list[Transfer]:
    """The likeliest to run out is served first, and from the shop that has most: each moves as few boxes as can be."""
    idle: dict[str, list[_Spare]] = {}
    for shop, balance in sorted(balances.items()):
        for item in balance.idle:
            idle.setdefault(item.identity, []).append(_Spare(shop, item.part, item.spare))
    wanted = [(shop, short) for shop, balance in balances.items() for short in balance.short]
    wanted.sort(key=lambda one: (-one[1].chance, -one[1].missing, one[0], one[1].part))
    transfers = []
    for shop, short in wanted:
        spares = [one for one in idle.get(short.identity, ()) if one.shop != shop and one.left > 0]
        quantity = worth_moving(short, sum(_whole(one.left, short.step) for one in spares))
        if quantity > 0:
            sources = _taken(spares, quantity, short.step)
            as_of = min(balances[name].at for name in (shop, *(one.shop for one in sources)))
            before, after = to_order(short), to_order(short, quantity)
            transfers.append(Transfer(shop, short, sources, before, after, as_of))
    return transfers


def to_order(short: Short, moved: float = 0.0) -> float:
    """What is to be ordered once so much has come from elsewhere.

    >>> short = Short(part="oil", name="Oil", missing=10, chance=0.9, minimum_order=5)
    >>> [to_order(short, moved) for moved in (0, 4, 5, 7, 10)]
    [10.0, 6.0, 5.0, 5.0, 0.0]
    """
    if not short.can_be_ordered:
        return 0.0
    missing, nothing = np.array([short.missing - moved]), np.zeros(1)
    room = math.inf if short.room is None else short.room - moved
    least, unit = np.array([short.minimum_order]), np.array([short.step])
    ordered = order_quantity(nothing, np.maximum(missing, 0.0), least, unit, pack=short.pack, maximum=room)
    return round(float(ordered[0]), DECIMALS)


def worth_moving(short: Short, available: float) -> float:
    """As much as makes the order smaller, and no more.

    >>> def moved(available, **terms):
    ...     return worth_moving(Short(part="oil", name="Oil", missing=10, chance=0.9, **terms), available)
    >>> [moved(available) for available in (0, 4, 10, 99)]
    [0.0, 4.0, 10.0, 10.0]
    >>> [moved(available, minimum_order=5) for available in (4, 7, 10)]  # fewer than five are not sold
    [4.0, 5.0, 10.0]
    >>> [moved(available, pack=6) for available in (3, 4, 5)]  # twelve are bought, or six
    [0.0, 4.0, 4.0]
    >>> [moved(available, minimum_order=12) for available in (9, 10)]  # twelve are bought, or none
    [0.0, 10.0]
    >>> moved(3, can_be_ordered=False), moved(99, room=4)
    (3.0, 4.0)
    """
    needed = math.ceil(short.missing / short.step - _HAIR) * short.step
    if short.room is not None:
        needed = min(needed, _whole(short.room, short.step))
    most = min(_whole(available, short.step), needed)
    if most <= 0 or not short.can_be_ordered:
        return round(max(most, 0.0), DECIMALS)
    after = to_order(short, most)
    if after >= to_order(short):
        return 0.0
    return round(max(min(most, needed - after), 0.0) if after else most, DECIMALS)


def _taken(spares: list[_Spare], quantity: float, step: float) -> tuple[Source, ...]:
    sources = []
    for spare in sorted(spares, key=lambda one: (-one.left, one.shop, one.part)):
        taken = min(_whole(spare.left, step), quantity)
        if taken > _HAIR:
            spare.left -= taken
            quantity -= taken
            sources.append(Source(spare.shop, spare.part, round(taken, DECIMALS)))
    return tuple(sources)


def _whole(quantity: float, step: float) -> float:
    return math.floor(quantity / step + _HAIR) * step
