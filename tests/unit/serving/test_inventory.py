"""Order advice: the textbook's cases, and an exact small simulation."""

from datetime import date

import numpy as np
import pytest
from scipy.stats import nbinom

from restock.forecasting.methods.negative_binomial import quantile_table
from restock.serving.inventory import Policy, advise, fill_rate, order_quantity, stock_level
from restock.stored.artifact import ForecastArtifact, Part
from restock.stored.distribution import HORIZONS, DemandDistribution
from restock.stored.header import Header

START = date(2026, 3, 2)


def artifact(rates, dispersion: float = 1.5, unit: float = 1.0) -> ForecastArtifact:
    rates = np.atleast_1d(np.asarray(rates, float))
    table = quantile_table(rates[:, None] * HORIZONS / unit, np.full((len(rates), len(HORIZONS)), dispersion))
    distribution = DemandDistribution(rates, np.ones((len(rates), 7)), np.full(len(rates), unit), table)
    parts = tuple(Part(str(k), f"Part {k}") for k in range(len(rates)))
    header = Header(version=1, trained_at="", trained_through=date(2026, 3, 1))
    return ForecastArtifact(header, parts, distribution, np.zeros((len(rates), 90), np.float32))


def demand_of(rate: float, days: int, dispersion: float = 1.5):
    return nbinom(rate * days / (dispersion - 1), 1 / dispersion)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.99])
def test_cycle_service_level_is_the_quantile_of_demand_over_lead_and_review(level):
    advice = advise(artifact([0.2, 1, 20]), START, Policy(7, 7, level), on_hand=0)

    for k, rate in enumerate([0.2, 1, 20]):
        assert advice.order_up_to[k] == demand_of(rate, 14).ppf(level)
        assert advice.reorder_point[k] == demand_of(rate, 7).ppf(level)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.98])
def test_fill_rate_gives_the_smallest_level_whose_exact_fill_rate_is_enough(level):
    served = artifact([2.0])
    found = stock_level(served, START, Policy(7, 7, level, "fill"), 7)[0]

    def exact(stock: float) -> float:
        counts = np.arange(400)
        short = sum(
            sign * (np.maximum(counts - stock, 0) * demand_of(2.0, days).pmf(counts)).sum()
            for sign, days in ((1, 14), (-1, 7))
        )
        return 1 - short / (2.0 * 7)

    assert exact(found) >= level - 0.002
    assert exact(found - 1) < level + 0.002
    assert fill_rate(served, START, 7, 7, found)[0] == pytest.approx(exact(found), abs=0.003)


def test_a_fill_rate_asks_for_less_stock_than_the_same_cycle_service_level_when_demand_is_steady():
    steady = artifact([20.0], dispersion=1.02)

    fill = advise(steady, START, Policy(7, 7, 0.95, "fill"), on_hand=0)
    cycle = advise(steady, START, Policy(7, 7, 0.95), on_hand=0)

    assert fill.order_up_to[0] < cycle.order_up_to[0]


def test_the_order_fills_up_what_is_missing_after_stock_and_orders():
    served = artifact([1.0])
    level = advise(served, START, Policy(7, 1, 0.95), on_hand=0).order_up_to[0]

    for hand, ordered in ((0, 0), (3, 0), (3, 4), (level, 0), (level + 9, 0), (-2, 0)):
        advice = advise(served, START, Policy(7, 1, 0.95), on_hand=hand, on_order=ordered)
        assert advice.order_quantity[0] == max(level - hand - ordered, 0)


def test_what_is_missing_is_ordered_at_once_and_no_less_than_the_supplier_sells():
    position, one = np.array([10.0, 9.0, 4.0, 1.0]), np.ones(4)

    assert order_quantity(position, 10 * one, 8 * one, one).tolist() == [0, 8, 8, 9]


def test_the_chance_of_stock_out_is_that_of_demand_exceeding_what_is_on_hand_before_a_delivery():
    advice = advise(artifact([1.0, 1.0]), START, Policy(14, 7, 0.95), on_hand=[18, 0], on_order=[100, 0])

    assert advice.chance_of_stock_out[0] == pytest.approx(demand_of(1, 14).sf(18), abs=0.01)
    assert advice.chance_of_stock_out[1] == pytest.approx(demand_of(1, 14).sf(0), abs=0.015)


def test_days_of_cover_count_the_days_that_the_mean_is_covered():
    advice = advise(artifact([2.0, 2.0, 2.0, 0.0, 0.5]), START, Policy(7, 7, 0.95), on_hand=[10, 9, -1, 3, 1000])

    assert advice.days_of_cover.tolist() == [5, 4, 0, np.inf, np.inf]


def test_fractional_stock_is_advised_in_the_parts_own_steps():
    advice = advise(artifact([0.7], unit=0.5), START, Policy(7, 7, 0.9), on_hand=0.5)

    assert advice.order_up_to[0] % 0.5 == 0
    assert advice.order_quantity[0] == advice.order_up_to[0] - 0.5


@pytest.mark.parametrize("minimum", [0, 20])
@pytest.mark.parametrize("measure", ["cycle", "fill"])
def test_a_simulated_shop_that_follows_the_advice_gets_the_service_it_asked_for(measure, minimum):
    lead, review, level, rate, dispersion = 3, 4, 0.9, 1.5, 1.5
    served = artifact([rate], dispersion)
    up_to = stock_level(served, START, Policy(lead, review, level, measure), review)[0]
    days = 200_000
    demand = nbinom(rate / (dispersion - 1), 1 / dispersion).rvs(size=days, random_state=3)
    net, arriving, short_cycles, cycles, short_units = up_to, {}, 0, 0, 0
    position = up_to
    was_short = False
    for day in range(days):
        if day % review == 0:
            ordered = order_quantity(*(np.array([float(one)]) for one in (position, up_to, minimum, 1)))[0]
            arriving[day + lead] = ordered
            position += ordered
        if day % review == lead % review and day >= lead:  # a cycle runs from one delivery to the next
            cycles += 1
            short_cycles += was_short
            was_short = False
        net += arriving.pop(day, 0)
        short_units += max(demand[day] - max(net, 0), 0)
        net -= demand[day]
        position -= demand[day]
        was_short |= net < 0

    cycle_service, fill = 1 - short_cycles / cycles, 1 - short_units / demand.sum()
    if minimum:
        assert (cycle_service if measure == "cycle" else fill) >= level
    elif measure == "cycle":
        assert level - 0.01 <= cycle_service <= demand_of(rate, lead + review).cdf(up_to) + 0.02
    else:
        assert fill == pytest.approx(fill_rate(served, START, lead, review, up_to)[0], abs=0.01)
        assert fill >= level - 0.005


def test_parts_without_demand_need_no_stock():
    for measure in ("cycle", "fill"):
        advice = advise(artifact([0.0]), START, Policy(7, 7, 0.95, measure), on_hand=0)
        assert advice.order_up_to[0] == advice.order_quantity[0] == 0
        assert advice.chance_of_stock_out[0] == pytest.approx(0, abs=1e-3)


def test_over_a_learnt_lead_time_the_stock_covers_the_mixture_of_its_demands():
    chances = ((3, 0.5), (5, 0.3), (15, 0.2))
    served = artifact(2.0)

    learnt = advise(served, START, Policy(5, 7, 0.95, lead_chances=chances), on_hand=4)
    certain = advise(served, START, Policy(5, 7, 0.95), on_hand=4)

    def chance_of_no_more_than(stock: float, more_days: int) -> float:
        return sum(chance * demand_of(2.0, days + more_days).cdf(stock) for days, chance in chances)

    for level, more_days in ((learnt.reorder_point[0], 0), (learnt.order_up_to[0], 7)):
        assert chance_of_no_more_than(level, more_days) > 0.945
        assert chance_of_no_more_than(level - 2, more_days) < 0.95
    assert learnt.reorder_point[0] > certain.reorder_point[0]  # one delivery of five takes a fortnight
    assert learnt.chance_of_stock_out[0] == pytest.approx(1 - chance_of_no_more_than(4, 0), abs=0.03)
    assert learnt.expected_demand[0] == pytest.approx(2.0 * (0.5 * 10 + 0.3 * 12 + 0.2 * 22))


@pytest.mark.parametrize("measure", ["cycle", "fill"])
def test_a_certain_lead_time_is_the_same_said_as_a_chance(measure):
    served = artifact([2.0, 0.1])

    plain = advise(served, START, Policy(5, 7, 0.95, measure), on_hand=3)
    said = advise(served, START, Policy(5, 7, 0.95, measure, ((5, 1.0),)), on_hand=3)

    for field in ("reorder_point", "order_up_to", "order_quantity", "chance_of_stock_out"):
        np.testing.assert_array_equal(getattr(plain, field), getattr(said, field))


def test_the_fill_rate_over_a_learnt_lead_time_lies_between_those_of_its_shortest_and_longest():
    served = artifact([2.0, 0.3])
    shortest, mixed, longest = (
        advise(served, START, Policy(5, 7, 0.95, "fill", chances), on_hand=0).order_up_to
        for chances in (((3, 1.0),), ((3, 0.5), (15, 0.5)), ((15, 1.0),))
    )

    assert (shortest < mixed).all()
    assert (mixed < longest).all()
