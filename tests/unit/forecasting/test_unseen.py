"""A stock-out is no lack of demand: what a part is expected to need does not fall because there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from restock.forecasting.fitting import Fitter
from restock.forecasting.unseen import repeated
from restock.history.stock_seen import StockSeen
from restock.stored.artifact import ForecastArtifact
from tests.unit.forecasting.shops import NOW, TODAY, a_history, a_lesson, say_nothing

HISTORY = 240
OUT = tuple(f"p{k}" for k in range(8))  # of which the shelf is empty at the end
STEADY = tuple(f"q{k}" for k in range(8))
CATALOGUE = [{"id": id, "name": id.upper()} for id in (*OUT, *STEADY)]


def shop(empty_days: int):
    """A shop that uses two a day of every part, closed on Sundays, whose app records nothing at stock zero."""
    random = np.random.default_rng(5)
    used = []
    for id in (*OUT, *STEADY):
        for back, quantity in zip(range(HISTORY, 0, -1), random.poisson(2.0, HISTORY), strict=True):
            day = TODAY - timedelta(back)
            if quantity and day.weekday() < 6 and (id in STEADY or back > empty_days):
                used.append((day, id, id.upper(), float(quantity)))
    seen = StockSeen()
    for back in range(HISTORY, -1, -1):
        stock = [
            {"id": item["id"], "stock": 0 if item["id"] in OUT and back <= empty_days else 5} for item in CATALOGUE
        ]
        seen = seen.sighted(stock, datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) - timedelta(back))
    return a_history(*used), seen


def fit(history, seen, budget_seconds: float = 8):
    lesson = a_lesson(history, catalogue=CATALOGUE, seen=seen, budget_seconds=budget_seconds)
    return Fitter("UTC", frozenset())(lesson, say_nothing)


def expected(history, seen, budget_seconds: float = 8) -> float:
    """Of a part whose shelf is empty, over the next fortnight."""
    fitted = fit(history, seen, budget_seconds)
    mean = fitted.trained.distribution.mean(TODAY, 14)
    return float(np.mean([mean[row].sum() for row, part in enumerate(fitted.trained.demand.parts) if part.key in OUT]))


@pytest.mark.parametrize("days", [0, 7, 14, 28, 42, 60])
def test_the_expected_demand_of_a_fortnight_stays_about_24_however_long_the_shelf_is_empty(days):
    history, seen = shop(days)

    assert expected(history, seen) == pytest.approx(24, abs=2.5)


def test_where_nobody_saw_the_stock_it_falls_as_before():
    history, _ = shop(28)

    assert expected(history, StockSeen()) < 12


def test_the_run_and_the_part_say_what_was_unseen_and_the_record_stays_what_it_was():
    history, seen = shop(28)

    fitted = fit(history, seen)
    artifact = ForecastArtifact.from_bytes(fitted.forecast(1, NOW, None))

    (told,) = [note for note in fitted.notes if "no evidence" in note]
    assert told.startswith("8 parts were out of stock on 224 days")
    unseen = {part.key: part.unseen_days for part in artifact.parts}
    assert unseen == dict.fromkeys(OUT, 28) | dict.fromkeys(STEADY, 0)
    out = [row for row, part in enumerate(artifact.parts) if part.key in OUT]
    assert not artifact.recent[out, -28:].any()
    assert fitted.window().units == sum(history.rows["quantity"].to_pylist())


def test_unseen_days_repeat_the_same_weekdays_from_two_weeks_before_and_closed_days_stay_empty():
    days = np.arange(70)
    quantities = np.where(days % 7 == 6, 0.0, days + 1.0)[None]
    unseen = np.zeros((1, 70), bool)
    unseen[0, 60:] = True
    quantities[0, 60:] = 0
    is_open = days % 7 != 6

    filled = repeated(quantities, unseen, is_open)

    assert filled[0, 60:].tolist() == np.where(is_open, days + 1.0 - 14, 0)[60:].tolist()
    assert (filled[0, :60] == quantities[0, :60]).all()
    assert not quantities[0, 60:].any()


def test_nothing_from_before_the_first_use_is_repeated():
    quantities = np.zeros((2, 40))
    quantities[0, 20:30] = 3
    unseen = np.zeros((2, 40), bool)
    unseen[:, 30:] = True

    filled = repeated(quantities, unseen, np.ones(40, bool))

    assert filled[0, 30:].tolist() == [3.0] * 10
    assert not filled[1].any()


def test_no_later_day_changes_what_an_earlier_one_repeats():
    quantities = np.random.default_rng(1).poisson(1.0, (3, 100)).astype(float)
    unseen = np.zeros((3, 100), bool)
    unseen[:, 50:65] = unseen[:, 80:] = True
    quantities[unseen] = 0
    later = quantities.copy()
    later[:, 66:80] += 5
    is_open = np.ones(100, bool)

    assert (repeated(quantities, unseen, is_open)[:, :66] == repeated(later, unseen, is_open)[:, :66]).all()
