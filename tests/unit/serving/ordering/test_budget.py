"""The best use of a sum, beside every combination there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.stats import poisson

from restock.serving.ordering import budget as choosing
from restock.serving.ordering.budget import best


def by_brute_force(choices, budget):
    return max(
        sum(gain[k] for (_, gain), k in zip(choices, picked, strict=True))
        for picked in itertools.product(*(range(len(cost)) for cost, _ in choices))
        if sum(cost[k] for (cost, _), k in zip(choices, picked, strict=True)) <= budget + 1e-9
    )


def gained(choices, picked):
    return sum(gain[k] for (_, gain), k in zip(choices, picked, strict=True))


def spent(choices, picked):
    return sum(cost[k] for (cost, _), k in zip(choices, picked, strict=True))


def flyaway_kit():
    """The textbook's case (Sherbrooke): spares of several items for one sum, demand Poisson, each item's price its own.

    Worth is what a kit avoids: stock-outs.
    """
    items = [(1.0, 5.0), (2.0, 1.0), (4.0, 3.0), (1.2, 4.0), (0.7, 2.5)]  # mean demand, price
    return [(price * np.arange(6.0), poisson.sf(0, mean) - poisson.sf(np.arange(6), mean)) for mean, price in items]


@pytest.mark.parametrize("budget", [0, 1, 3, 7, 10, 13.5, 18, 25, 40, 60, 200])
def test_the_textbook_case_is_solved_exactly(budget):
    kit = flyaway_kit()

    picked = best(kit, budget)

    assert spent(kit, picked) <= budget + 1e-9
    assert gained(kit, picked) == pytest.approx(by_brute_force(kit, budget), abs=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_lumpy_packs_are_chosen_exactly_too(seed):
    random = np.random.default_rng(seed)
    choices = [
        (np.concatenate([[0], np.cumsum(random.uniform(1, 9, 3))]), np.concatenate([[0], np.cumsum(random.random(3))]))
        for _ in range(5)
    ]

    for budget in random.uniform(0, 50, 6):
        picked = best(choices, budget)
        assert gained(choices, picked) == pytest.approx(by_brute_force(choices, budget), abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_of_too_many_combinations_the_margins_come_within_one_step_of_the_optimum(monkeypatch, seed):
    random = np.random.default_rng(seed)
    choices = [
        (random.uniform(1, 9) * np.arange(4.0), np.concatenate([[0], np.cumsum(-np.sort(-random.random(3)))]))
        for _ in range(6)
    ]
    budget = random.uniform(10, 60)
    optimum = by_brute_force(choices, budget)
    monkeypatch.setattr(choosing, "MOST_STATES", 0)

    picked = best(choices, budget)

    largest_step = max(np.diff(gain).max() for _, gain in choices)
    assert spent(choices, picked) <= budget + 1e-9
    assert optimum - largest_step <= gained(choices, picked) <= optimum + 1e-12


def test_of_many_parts_nothing_is_overspent_and_little_is_left():
    random = np.random.default_rng(1)
    choices = [
        (random.uniform(1, 90) * np.arange(12.0), 1 - random.uniform(0.3, 0.9) ** np.arange(12.0)) for _ in range(500)
    ]

    picked = best(choices, 500)

    assert 490 < spent(choices, picked) <= 500
