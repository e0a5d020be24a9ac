"""Parts of one lead time, advised together: each one's needs, what follows from its stock, what a budget may choose."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from restock.serving.inventory import Policy, advise, chance_of_shortage
from restock.serving.lines import Line
from restock.serving.model import Model
from restock.serving.ordering.budget import Choice
from restock.serving.ordering.terms import Terms
from restock.serving.v1 import of_parts
from restock.stored.artifact import RECENT_DAYS, Part
from restock.stored.distribution import Floats

DECIMALS = 4
MONEY_DECIMALS = 2
MOST_CHOICES = 24
"""Quantities of one part that a budget chooses among."""


class Group:
    """``terms`` has one entry for each of the model's ``rows``."""

    def __init__(self, model: Model, rows: list[int], terms: list[Terms], policy: Policy, start: date) -> None:
        self.terms = terms
        self._artifact = of_parts(model.artifact, rows)
        self._policy = policy
        self._start = start
        self._was_used = _used(model, rows)
        hand = [one.line.on_hand or 0.0 for one in terms]
        self._position = np.array([there + one.on_order for there, one in zip(hand, terms, strict=True)])
        self._advice = advise(
            self._artifact,
            start,
            policy,
            on_hand=hand,
            on_order=[one.on_order for one in terms],
            minimum_order=[one.minimum_order for one in terms],
            pack=[one.pack for one in terms],
            maximum=[one.maximum for one in terms],
        )

    def needs(self, index: int) -> dict[str, Any]:
        """What can be said whatever is in stock."""
        part, terms, advice = self._artifact.parts[index], self.terms[index], self._advice
        return {
            "part": part.key,
            "name": part.name,
            "category": part.category,
            "sku": terms.line.sku,
            "brand": terms.line.brand,
            "documents": list(terms.line.documents),
            "discontinued": terms.line.is_discontinued,
            "on_hand": None,
            **terms.shown(),
            "expected_demand": rounded(advice.expected_demand[index]),
            "reorder_point": rounded(advice.reorder_point[index]),
            "order_up_to": rounded(advice.order_up_to[index]),
            "reasons": [*_reasons(part, terms.line), *terms.reasons()],
        }

    def advised(self, index: int) -> dict[str, Any]:
        """What follows from the stock. What is sold no more can't be ordered, whatever is missing."""
        terms, advice = self.terms[index], self._advice
        cover = float(advice.days_of_cover[index])
        quantity = 0.0 if terms.line.is_discontinued else rounded(advice.order_quantity[index])
        return {
            "on_hand": terms.line.on_hand,
            "out_of_stock": (terms.line.on_hand or 0.0) <= 0 and self._was_used[index],
            "order_quantity": quantity,
            "wanted_quantity": quantity,
            "order_today": bool(quantity and self._position[index] <= advice.reorder_point[index]),
            "cost": cost_of(quantity, terms.unit_cost),
            "stock_out_chance": rounded(advice.chance_of_stock_out[index]),
            "days_of_cover": cover if math.isfinite(cover) else None,
        }

    def choices(self, wanted: Mapping[str, float]) -> dict[str, tuple[Floats, Choice]]:
        """Of each part that is wanted and has a cost: quantities, and what each costs and avoids."""
        units = self._artifact.distribution.unit.astype(float)
        quantities = [
            _quantities(wanted.get(part.key, 0.0), terms, unit) if terms.unit_cost else np.zeros(1)
            for part, terms, unit in zip(self._artifact.parts, self.terms, units, strict=True)
        ]
        longest = max(map(len, quantities))
        levels = self._position[:, None] + np.array(
            [np.pad(one, (0, longest - len(one)), "edge") for one in quantities]
        )
        chances = chance_of_shortage(self._artifact, self._start, self._policy, levels)
        return {
            part.key: (found, (found * (terms.unit_cost or 0.0), chance[0] - chance[: len(found)]))
            for part, terms, found, chance in zip(self._artifact.parts, self.terms, quantities, chances, strict=True)
            if len(found) > 1
        }


def _quantities(most: float, terms: Terms, unit: float) -> Floats:
    """Nothing, and what can be bought up to what is wanted: whole packs, no fewer than are sold, a few to try."""
    if not most:
        return np.zeros(1)
    step = terms.pack or min(unit, 1.0)
    least = max(math.ceil(terms.minimum_order / step - 1e-6), 1)
    counts = np.unique(np.linspace(least, max(round(most / step), least), MOST_CHOICES).round())
    return np.concatenate([[0.0], counts * step])


def _reasons(part: Part, line: Line) -> list[str]:
    """What a figure that surprises may come from, in words."""
    reasons = []
    if part.unseen_days:
        reasons.append(
            f"Out of stock on {part.unseen_days} of the last {RECENT_DAYS} days known: "
            "what was needed then is not known, and is taken to be as before"
        )
    if line.is_discontinued:
        reasons.append("Discontinued: not ordered")
    if len(line.documents) > 1:
        reasons.append(f"{len(line.documents)} documents of the catalogue are this part; their stock is summed")
    return reasons


def _used(model: Model, rows: list[int]) -> list[bool]:
    """Whether each part was ever used, as far as is known. Artifacts of before don't say it: there counts of what
    anything is expected.
    """
    artifact = model.artifact
    if any(part.last_used for part in artifact.parts):
        return [artifact.parts[row].last_used is not None for row in rows]
    return [bool(artifact.distribution.rate[row] > 0) for row in rows]


def cost_of(quantity: float, unit_cost: float | None) -> float | None:
    return None if unit_cost is None else round(quantity * unit_cost, MONEY_DECIMALS)


def rounded(number: Any) -> float:
    return round(float(number), DECIMALS)
