"""What forecasts are judged by, on cases that can be checked by hand."""

import numpy as np
import pytest

from restock.forecasting import measures


def test_pinball_weighs_what_was_missing_by_the_level_and_what_was_too_much_by_the_rest():
    found = measures.pinball(np.array([10.0, 4.0]), np.array([6.0, 6.0]), 0.9)

    assert found == pytest.approx([3.6, 0.2])


def test_the_usual_change_compares_windows_that_do_not_overlap():
    history = np.tile([0.0, 0, 3, 3], 6)[None]

    assert measures.usual_change(history, 2)[0] == pytest.approx(np.mean([6, 0, 6, 0] * 4 + [6, 0, 6, 0, 6]), rel=0.1)


def test_a_steady_demand_with_the_exact_level_is_neither_stocked_nor_owed():
    demand = np.full((1, 60), 2.0)

    stock, backorders = measures.order_up_to(demand, [20], np.array([[16.0]]))

    assert stock[0] < 2.5  # fourteen units fade in the first week, while the first order is on its way
    assert backorders[0] == 0


def test_a_level_too_low_is_owed_and_one_too_high_is_kept():
    demand = np.full((1, 60), 2.0)

    low, high = (measures.order_up_to(demand, [20], np.array([[level]])) for level in (10.0, 30.0))

    assert low[1][0] > 4
    assert high[0][0] > 13
    assert high[1][0] == 0


def test_a_level_holds_from_its_origin_to_the_next():
    demand = np.full((1, 80), 1.0)

    stock, _ = measures.order_up_to(demand, [20, 50], np.array([[8.0, 38.0]]))

    assert 5 < stock[0] < 35
