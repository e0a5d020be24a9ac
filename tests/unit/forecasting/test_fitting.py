"""The step from the history's rows to the usage that demand is made of."""

from datetime import date, timedelta

import numpy as np
import pytest

from restock.errors import DamagedError
from restock.forecasting import service_parts
from restock.forecasting.demand import CatalogueItem, Demand
from restock.forecasting.fitting import Fitter, daily_usage, last_telling_day
from restock.retraining.gate import reasons_to_refuse
from restock.stored.artifact import ForecastArtifact
from restock.stored.service_parts import PartUse, ServiceParts
from tests.unit.forecasting.shops import NOW, TODAY, a_history, a_lesson, say_nothing


def test_usage_is_summed_by_day_part_and_written_name():
    history = a_history(
        (TODAY, "p1", "Oil", 1.5),
        (TODAY, "p1", "Oil", 2.0),
        (TODAY, "p1", "oil", 1.0),
        (date(2026, 3, 1), "p1", "Oil", 4.0),
    )

    usage = daily_usage(history)

    spellings = zip(usage["day"].tolist(), usage["key"], usage["name"], strict=True)
    found = dict(zip(spellings, usage["quantity"].tolist(), strict=True))
    assert found == {
        (TODAY, "p1", "Oil"): 3.5,
        (TODAY, "p1", "oil"): 1.0,
        (date(2026, 3, 1), "p1", "Oil"): 4.0,
    }


def test_demand_is_the_same_as_that_of_every_row_on_its_own():
    days = [date(2026, 1, 1) + timedelta(k % 60) for k in range(500)]
    history = a_history(*((day, f"p{k % 7}", f"Part {k % 7}", 0.5 + k % 3) for k, day in enumerate(days)))
    catalogue = [CatalogueItem(f"p{k}", f"Part {k}") for k in range(7)]

    demand = Demand.from_usage(daily_usage(history), catalogue, through=TODAY)

    expected = np.zeros((7, demand.days))
    for k, day in enumerate(days):
        expected[k % 7, (day - demand.first_day).days] += 0.5 + k % 3
    np.testing.assert_array_equal(demand.quantities, expected)


def test_an_empty_history_has_no_usage():
    assert len(daily_usage(a_history())["day"]) == 0


@pytest.mark.parametrize(("so_far", "last"), [(0.0, 30), (0.9, 30), (1.0, 31)])
def test_today_counts_once_it_is_as_busy_as_an_average_day(so_far, last):
    before = [(TODAY - timedelta(k), "p1", "Oil", 1.0) for k in range(1, 29)]
    today = [(TODAY, "p1", "Oil", so_far)] if so_far else []

    assert last_telling_day(daily_usage(a_history(*before, *today)), TODAY) == date(2026, 3, last)


def test_promise_4_what_serving_could_not_read_is_not_published(monkeypatch):
    history = a_history(*((TODAY - timedelta(k), "p1", "Oil", 1.0) for k in range(28)))
    lesson = a_lesson(history, catalogue=[{"id": "p1", "name": "Oil"}])
    nonsense = ServiceParts(any_job=[PartUse(row=7, chance=1.0, units=((1.0, 1.0),))])  # of a part that is not there
    monkeypatch.setattr(service_parts, "learn", lambda *_: nonsense)
    model = Fitter("Europe/London", frozenset())(lesson, say_nothing)

    with pytest.raises(DamagedError, match="does not fit the parts"):
        model.forecast(1, NOW, None)


def test_a_version_says_which_one_it_followed_and_what_that_did_not_expect():
    catalogue = [{"id": "p1", "name": "Oil"}, {"id": "p2", "name": "Filter"}]
    fitter = Fitter("Europe/London", frozenset())
    usual = [(TODAY - timedelta(k), "p1", "Oil", 1.0) for k in range(1, 60)]
    sudden = [(TODAY - timedelta(k), "p2", "Filter", 30.0) for k in range(1, 4)]

    def fit(*used, today=TODAY):
        return fitter(a_lesson(a_history(*used), today, catalogue=catalogue, budget_seconds=60), say_nothing)

    first = fit(*usual[3:], today=TODAY - timedelta(3)).forecast(1, NOW, None)
    second = ForecastArtifact.from_bytes(fit(*usual, *sudden).forecast(2, NOW, first))
    after_garbage = ForecastArtifact.from_bytes(fit(*usual).forecast(3, NOW, b"not an artifact"))

    assert second.header.since
    assert second.header.since.version == 1
    assert second.header.since.unusual[0].name == "Filter"
    assert after_garbage.header.since is None


def test_ten_completions_more_are_never_a_reason_for_the_gate_to_refuse():
    random = np.random.default_rng(3)
    parts = [{"id": f"p{k}", "name": f"Part {k:02}"} for k in range(30)]
    fitter = Fitter("Europe/London", frozenset())
    usual = [
        (TODAY - timedelta(day), part["id"], part["name"], float(used))
        for part, rate in zip(parts, random.gamma(0.6, 0.8, len(parts)), strict=True)
        for day, used in enumerate(random.poisson(rate, 150), start=1)
        if used
    ]
    more = [(TODAY, "p7", "Part 07", 2.0) for _ in range(10)]

    def fit(usage, champion):
        lesson = a_lesson(a_history(*usage), catalogue=parts, champion=champion, budget_seconds=60)
        return fitter(lesson, say_nothing)

    first = fit(usual, None)
    second = fit([*usual, *more], first.recipe)

    assert second.scores["champion"]["loss"] == pytest.approx(second.scores["published"]["loss"], rel=0.02)
    assert reasons_to_refuse(second.evidence()) == []


def test_promise_8_whoever_looks_at_the_model_is_told_of_a_typing_error_as_long_as_it_moves_forecasts():
    usual = [(TODAY - timedelta(k), "p1", "Oil", 1.0) for k in range(1, 60)]
    typed = (TODAY - timedelta(27), "p1", "Oil", 1_000_000.0)

    def notes(*used, today=TODAY):
        lesson = a_lesson(a_history(*used), today, catalogue=[{"id": "p1", "name": "Oil"}], budget_seconds=0)
        return ForecastArtifact.from_bytes(
            Fitter("UTC", frozenset())(lesson, say_nothing).forecast(1, NOW, None)
        ).header.notes

    assert f"unusual quantity: 1,000,000 of Oil used on {typed[0]}, usual are 1; " in " ".join(notes(*usual, typed))
    assert "unusual" not in " ".join([*notes(*usual), *notes(*usual, typed, today=TODAY + timedelta(10))])
