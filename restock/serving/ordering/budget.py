"""The best use of a sum of money: which of the advised quantities to buy when not all can be paid.

What a quantity is worth is the stock-outs it avoids: by how much it lowers the chance that demand until the delivery
after next exceeds what is there. Each part has a few quantities to choose from (none, the least its supplier sells, …,
all that is advised), each with a cost and a gain, and of each part one is chosen: the multiple-choice knapsack.

Marginal analysis takes the next best step per unit of money, over all parts (Sherbrooke, Optimal Inventory Modeling of
Systems, 2004, chapter 2). That is the optimum for every sum it spends whole; where a step does not fit, it may miss by
that step. So while there are few combinations worth looking at, all of them are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restock.stored.distribution import Floats

MOST_STATES = 4000
_HAIR = 1e-9

Choice = tuple[Floats, Floats]
"""One part's costs and gains, growing; the first is to buy nothing."""


def best(choices: Sequence[Choice], budget: float) -> list[int]:
    """Which of each part's quantities to buy.

    >>> parts = [(np.array([0.0, 4.0]), np.array([0.0, 0.4])), (np.array([0.0, 3.0, 6.0]), np.array([0.0, 0.28, 0.5]))]
    >>> best(parts, 6), best(parts, 7), best(parts, 100)
    ([0, 2], [1, 1], [1, 2])
    """
    exact = _by_looking_at_all(choices, budget)
    return _by_margins(choices, budget) if exact is None else exact


def _by_looking_at_all(choices: Sequence[Choice], budget: float) -> list[int] | None:
    """Part by part, the combinations of which none is cheaper and better; None once they are too many."""
    costs, gains = np.zeros(1), np.zeros(1)
    steps: list[tuple[np.ndarray, np.ndarray]] = []
    for cost, gain in choices:
        if len(costs) * len(cost) > 25 * MOST_STATES:
            return None
        all_costs, all_gains = (costs[:, None] + cost).ravel(), (gains[:, None] + gain).ravel()
        order = np.lexsort((-all_gains, all_costs))
        order = order[all_costs[order] <= budget + _HAIR]
        best_before = np.maximum.accumulate(np.concatenate([[-np.inf], all_gains[order][:-1]]))
        order = order[all_gains[order] > best_before + 1e-15]
        if len(order) > MOST_STATES:
            return None
        steps.append((order // len(cost), order % len(cost)))
        costs, gains = all_costs[order], all_gains[order]
    chosen, state = [], int(np.argmax(gains))
    for before, choice in reversed(steps):
        chosen.append(int(choice[state]))
        state = int(before[state])
    return chosen[::-1]


def _by_margins(choices: Sequence[Choice], budget: float) -> list[int]:
    """Best step first; what is left over then buys whatever whole step still fits."""
    chosen, left = [0] * len(choices), budget
    steps = sorted(
        (-(gain[to] - gain[at]) / (cost[to] - cost[at]), part, at, to)
        for part, (cost, gain) in enumerate(choices)
        for at, to in _steps(cost, gain)
    )
    for _, part, at, to in steps:
        cost = choices[part][0]
        if chosen[part] == at and cost[to] - cost[at] <= left + _HAIR:
            chosen[part], left = to, left - float(cost[to] - cost[at])
    for _, part, _, _ in steps:
        cost, gain = choices[part]
        at = chosen[part]
        fitting = [to for to in range(at + 1, len(cost)) if cost[to] - cost[at] <= left + _HAIR and gain[to] > gain[at]]
        if fitting:
            chosen[part], left = fitting[-1], left - float(cost[fitting[-1]] - cost[at])
    return chosen


def _steps(cost: Floats, gain: Floats) -> list[tuple[int, int]]:
    """From one quantity to the next worth buying: along the upper hull, where each step is worth less than the last."""
    steps, at = [], 0
    while at < len(cost) - 1:
        rates = (gain[at + 1 :] - gain[at]) / np.maximum(cost[at + 1 :] - cost[at], _HAIR)
        to = at + 1 + int(np.argmax(rates))
        if gain[to] <= gain[at]:
            break
        steps.append((at, to))
        at = to
    return steps
