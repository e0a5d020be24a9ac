"""What a short history says of a long lead time: no more than it supports, as the order advice asks for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.stats import poisson

from restock.forecasting.train import train
from restock.serving.inventory import Policy, advise
from tests.unit.forecasting.shops import a_demand

DAYS = 90
SIXTY_DAYS_OF_LEAD = Policy(lead_days=60, review_days=7, service_level=0.95)


@pytest.mark.parametrize(("others", "seed"), [(0, 1), (2, 2), (5, 2), (20, 3)])
def test_twenty_seven_uses_in_ninety_days_are_not_told_to_hold_seventy_eight_over_sixty_seven(others, seed):
    """By chance 28 would do, were the rate of 27 in 90 days the true one; that it is not known allows some more."""
    random = np.random.default_rng(seed)
    rates = np.exp(random.uniform(-3.5, -0.5, others))
    used = np.vstack([np.zeros(DAYS), random.poisson(rates[:, None] * np.ones(DAYS))])
    used[0, random.choice(DAYS, 27, replace=False)] = 1
    demand = a_demand(used)
    row = [part.key for part in demand.parts].index("p0")

    trained = train(demand, budget_seconds=0).artifact(
        version=1, trained_at=datetime(2026, 1, 1, tzinfo=UTC), time_zone="UTC"
    )
    advice = advise(trained, demand.last_day + timedelta(1), SIXTY_DAYS_OF_LEAD, on_hand=0)

    mean = advice.expected_demand[row]
    assert mean == pytest.approx(27 / DAYS * 67, abs=5)
    assert poisson.ppf(0.9, mean) <= advice.order_up_to[row] <= 1.5 * poisson.ppf(0.95, mean)
