"""What booked jobs need: exact sums, and a bound that covers the needed parts as often as promised."""

from __future__ import annotations

import numpy as np
import pytest

from restock.serving.ordering.booked_need import COVERED, needs
from restock.stored.service_parts import PartUse, ServiceParts

ONES = np.ones(300)
ONE = ((1.0, 1.0),)


def test_parts_that_every_job_needs_are_needed_as_often():
    services = ServiceParts([], {"oil change": [PartUse(0, 1.0, ((4.0, 1.0),)), PartUse(1, 1.0, ONE)]})

    oil, filters = needs(services, {"oil change": 7}, ONES)

    assert (oil.expected, oil.at_most, oil.chance) == (28.0, pytest.approx(28.0), pytest.approx(1.0))
    assert (filters.expected, filters.at_most) == (7.0, 7.0)


def test_a_sum_over_services_is_what_simulated_jobs_use():
    chance = np.random.default_rng(5)
    services = ServiceParts([], {"a": [PartUse(0, 0.3, ((1.0, 0.5), (2.0, 0.5)))], "b": [PartUse(0, 0.8, ONE)]})
    jobs = {"a": 9, "b": 5}
    used = (chance.random((20_000, 9)) < 0.3) * chance.choice([1, 2], (20_000, 9))
    total = used.sum(axis=1) + (chance.random((20_000, 5)) < 0.8).sum(axis=1)

    (need,) = needs(services, jobs, ONES)

    assert need.expected == pytest.approx(total.mean(), abs=0.05)
    assert need.chance == pytest.approx((total > 0).mean(), abs=0.01)
    assert (total <= need.at_most).mean() >= COVERED
    assert (total <= need.at_most - 1).mean() < 0.975


def test_of_the_parts_truly_needed_so_many_are_needed_at_most_so_often():
    """Of parts that one job in fifty needs, too: a quantile of each alone would list none of them."""
    chance = np.random.default_rng(6)
    rare = [PartUse(row, 0.02, ONE) for row in range(100)]
    common = [PartUse(row, 0.6, ((1.0, 0.7), (4.0, 0.3))) for row in range(100, 110)]
    found = {need.row: need.at_most for need in needs(ServiceParts([], {"s": rare + common}), {"s": 12}, ONES)}
    needed = covered = 0
    for _ in range(2000):
        used = np.concatenate(
            [
                (chance.random((100, 12)) < 0.02).sum(axis=1),
                ((chance.random((10, 12)) < 0.6) * chance.choice([1, 4], (10, 12), p=[0.7, 0.3])).sum(axis=1),
            ]
        )
        rows = np.flatnonzero(used)
        needed += len(rows)
        covered += sum(used[row] <= found[row] for row in rows)

    assert COVERED <= covered / needed < 0.99


def test_litres_are_counted_in_their_own_steps():
    services = ServiceParts([], {"s": [PartUse(0, 1.0, ((0.5, 0.5), (3.5, 0.5)))]})

    (need,) = needs(services, {"s": 3}, np.array([0.5]))

    assert need.at_most % 0.5 == pytest.approx(0.0)
    assert 7.0 <= need.at_most <= 10.5


@pytest.mark.parametrize("jobs", [5000, 100_000])
def test_more_jobs_than_any_shop_has_take_a_bounded_grid(jobs):
    services = ServiceParts([PartUse(row, 0.5, ((1.0, 0.9), (1e6, 0.1))) for row in range(3)], {})

    found = needs(services, {"anything": jobs}, ONES)

    assert all(need.expected < need.at_most < 2 * need.expected for need in found)


def test_without_bookings_nothing_is_needed():
    assert needs(ServiceParts([PartUse(0, 0.5, ONE)], {}), {}, ONES) == []
