"""Days the shop was closed are recognised from its usage, and only those."""

from datetime import timedelta

import numpy as np

from tests.unit.forecasting.shops import MONDAY, a_demand


def busy_shop(days: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).poisson(0.5, size=(20, days))


def test_a_silent_weekday_is_closed_and_no_other():
    quantities = busy_shop(70)
    quantities[:, 6::7] = 0

    demand = a_demand(quantities)

    assert demand.open_weekdays.tolist() == [True] * 6 + [False]
    assert (demand.is_open == (np.arange(70) % 7 != 6)).all()


def test_one_opening_on_a_closed_weekday_is_evidence_but_does_not_open_it():
    quantities = busy_shop(91)
    quantities[:, 6::7] = 0
    quantities[3, 34] = 2

    demand = a_demand(quantities)

    assert not demand.open_weekdays[6]
    assert demand.is_open[34]
    assert not demand.is_open[41]


def test_a_weekday_that_closed_in_the_last_quarter_is_closed_now():
    quantities = busy_shop(365)
    quantities[:, 6 + 7 * 39 :: 7] = 0

    assert not a_demand(quantities).open_weekdays[6]


def test_a_run_of_silent_days_is_a_closure():
    quantities = busy_shop(120)
    quantities[:, 50:62] = 0

    demand = a_demand(quantities)

    assert not demand.is_open[50:62].any()
    assert demand.is_open.sum() == 108


def test_a_days_setting_closes_them():
    quantities = busy_shop(30)
    quantities[:, 10] = 0

    assert not a_demand(quantities, closed_days=frozenset({MONDAY + timedelta(10)})).is_open[10]


def test_a_shop_used_rarely_has_no_closures():
    quantities = np.zeros((1, 200))
    quantities[0, [3, 40, 77, 120, 199]] = 1

    demand = a_demand(quantities)

    assert demand.is_open.all()
    assert demand.open_weekdays.all()


def test_three_weeks_of_history_suffice_to_see_a_closed_sunday_in_a_busy_shop():
    quantities = busy_shop(28)
    quantities[:, 6::7] = 0

    assert not a_demand(quantities).open_weekdays[6]


def test_steps_without_weekdays_have_none_closed():
    quantities = busy_shop(40)
    quantities[:, 6::7] = 0

    assert a_demand(quantities, season=1).open_weekdays.all()
