"""What training promises: it reacts to news, starts from nothing, says what it did, and publishes what it scored."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bench.generated_shop import GeneratedShop
from restock.forecasting.backtest import Backtest
from restock.forecasting.demand import Demand
from restock.forecasting.methods.candidates import CANDIDATES
from restock.forecasting.train import Trained, train
from restock.retraining.surprises import surprises
from restock.stored.artifact import ForecastArtifact, Part
from restock.stored.hindsight import whole_weeks
from tests.unit.forecasting.shops import MONDAY, a_demand

CHEAP = [candidate for candidate in CANDIDATES if not candidate.is_costly]


def poisson(*rates: float, days: int = 200, seed: int = 4) -> np.ndarray:
    return np.random.default_rng(seed).poisson(np.array(rates)[:, None] * np.ones(days)).astype(float)


def week(trained: Trained) -> np.ndarray:
    return trained.distribution.mean(trained.demand.last_day + timedelta(1), 7).sum(axis=1)


def published(trained: Trained, **changes) -> ForecastArtifact:
    artifact = trained.artifact(version=1, trained_at=datetime(2026, 1, 1, tzinfo=UTC), time_zone="UTC", **changes)
    return ForecastArtifact.from_bytes(artifact.to_bytes())


def test_failing_9_ten_fold_use_in_the_last_twelve_days_multiplies_the_forecast_by_more_than_four():
    usual = poisson(*[0.5] * 12)
    risen = usual.copy()
    risen[0, -12:] = poisson(5.0, days=12)[0]

    before, after = week(train(a_demand(usual))), week(train(a_demand(risen)))

    assert after[0] > 4 * before[0]
    assert after[1:] == pytest.approx(before[1:], rel=0.15)


@pytest.mark.parametrize("others", [0, 10])
def test_failing_9_a_part_used_five_a_day_for_eleven_days_is_forecast_near_35_for_a_week(others):
    quantities = np.vstack([np.full((1, 11), 5.0), poisson(*[0.5] * others, days=11).reshape(others, 11)])

    assert week(train(a_demand(quantities)))[0] == pytest.approx(35, rel=0.1)


def test_a_part_launched_eleven_days_ago_in_an_old_shop_is_forecast_near_35_for_a_week():
    quantities = poisson(*[0.5] * 12)
    quantities[0] = 0
    quantities[0, -11:] = 5

    assert week(train(a_demand(quantities)))[0] == pytest.approx(35, rel=0.2)


def test_a_part_no_longer_used_fades_to_a_seventh_within_six_weeks():
    quantities = poisson(*[2.0] * 12)
    quantities[0, -42:] = 0

    assert week(train(a_demand(quantities)))[0] < 14 / 7


@pytest.mark.parametrize("days", [1, 2, 5, 40])
def test_failing_11_nothing_starts_from_a_constant(days):
    small, large = train(a_demand(np.full((1, days), 0.5))), train(a_demand(np.full((1, days), 50.0)))

    assert week(large)[0] == pytest.approx(100 * week(small)[0], rel=0.1)
    assert week(train(a_demand(np.zeros((3, days))))).max() == 0


def test_closures_are_no_evidence_of_low_demand():
    quantities = poisson(*[1.0] * 15)
    closed = quantities.copy()
    closed[:, -10:] = 0

    with_closure, without = week(train(a_demand(closed))), week(train(a_demand(quantities[:, :-10])))

    assert with_closure.sum() == pytest.approx(without.sum(), rel=0.02)


def test_days_the_shop_will_be_closed_are_forecast_as_zero():
    holiday = MONDAY + timedelta(203)
    trained = train(a_demand(poisson(1.0, 2.0), closed_days=frozenset({holiday})))

    assert published(trained).mean(holiday, 1).max() == 0


def test_a_cold_part_borrows_from_its_category():
    quantities = np.vstack([poisson(*[3.0] * 6, days=10), poisson(*[0.05] * 6, days=10), np.zeros((2, 10))])
    categories = ["oil"] * 6 + ["trim"] * 6 + ["oil", "trim"]
    parts = tuple(Part(f"p{k}", f"Part {k:02}", True, category) for k, category in enumerate(categories))

    forecast = week(train(Demand(parts, MONDAY, quantities)))

    assert forecast[12] > forecast[13] >= 0


def test_a_short_history_is_trained_without_scores_and_says_so():
    trained = train(a_demand(poisson(1.0, 0.2, days=20)))

    assert trained.scores["challenger"] == {}
    assert any("too few" in note for note in trained.notes)


def test_a_budget_too_short_drops_trees_first_and_then_the_backtest_and_says_so():
    demand = a_demand(poisson(*[0.5] * 80, days=400))

    without_trees, without_backtest = train(demand, budget_seconds=5), train(demand, budget_seconds=0.5)

    assert "pooled trees" in without_trees.notes[0]
    assert without_trees.scores["challenger"]["loss"] > 0
    assert without_trees.estimators["trees"] is None
    assert "no scores" in without_backtest.notes[0]
    assert without_backtest.scores["challenger"] == {}


@pytest.fixture(scope="module")
def generated() -> GeneratedShop:
    return GeneratedShop.generate(parts=70, days=330, origins=(300,), seed=8)


@pytest.fixture(scope="module")
def trained(generated) -> Trained:
    table = generated.table().iloc[:, :300]
    parts = tuple(Part(key, key) for key in table.index)
    return train(Demand(parts, table.columns[0].date(), table.to_numpy(float)))


def test_the_artifact_gives_exactly_what_the_forecaster_gave(trained):
    served, fitted = published(trained), trained.distribution
    levels = (0.1, 0.5, 0.8, 0.9, 0.95, 0.99)

    for later in (1, 9, 40):
        start = trained.demand.last_day + timedelta(later)
        for days in (1, 7, 30, 90):
            assert (served.mean(start, days) == fitted.mean(start, days)).all()
            assert (served.quantiles(start, days, levels) == fitted.quantiles(start, days, levels)).all()
            stock = fitted.quantiles(start, days, [0.8])[:, 0]
            assert (served.chance_above(start, days, stock) == fitted.chance_above(start, days, stock)).all()


def test_recipe_and_scores_are_plain_json_and_a_part_takes_less_than_a_kilobyte(trained):
    header = json.loads(json.dumps(published(trained).header.to_json()))

    assert header["recipe"] == json.loads(json.dumps(trained.recipe))
    assert len(published(trained).to_bytes()) - len(json.dumps(header)) < 1000 * len(trained.demand.parts)


def test_scores_tell_challenger_baselines_and_candidates_overall_and_per_class(trained):
    scores = trained.scores

    assert scores["champion"] is None
    assert set(scores["baselines"]) == {"mean_28", "oldest_80"}
    assert {"compact", "aggregation", "tsb", "windows", "trees"} == set(scores["candidates"])
    for block in (scores["challenger"], *scores["baselines"].values()):
        assert {"loss", "spl_7", "spl_30", "rmsse", "bias_7", "bias_30", "cost", "coverage_7", "classes"} <= set(block)
    assert scores["challenger"]["loss"] < scores["baselines"]["mean_28"]["loss"]
    assert sum(block["rows"] for block in scores["challenger"]["classes"].values()) == scores["challenger"]["rows"]


def test_a_recipe_that_comes_out_again_scores_exactly_what_the_champion_scores(trained):
    again = train(trained.demand, champion=trained.recipe)

    assert again.recipe == trained.recipe
    assert again.scores["champion"]["loss"] == pytest.approx(again.scores["published"]["loss"], abs=2e-5)
    assert train(a_demand(poisson(1.0)), champion={"weights": "nonsense"}).scores["champion"] is None


def test_quantiles_cover_what_they_promise_of_the_known_truth(generated, trained):
    start = trained.demand.last_day + timedelta(1)
    served = published(trained)
    rows = np.array([list(generated.table().index).index(part.key) for part in served.parts])

    for days, level in ((7, 0.8), (7, 0.95), (30, 0.95), (30, 0.99)):
        stock = served.quantiles(start, days, [level])
        true = generated.true_chance(stock, rows, 300, days).mean()
        promised = 1 - served.chance_above(start, days, stock[:, 0]).mean()
        assert true == pytest.approx(promised, abs=0.05)


def test_launches_are_caught_and_ends_are_seen_within_five_weeks(generated, trained):
    forecast = week(trained) / 6  # open days
    truth = generated.rates[:, 294:300].mean(axis=1) * generated.lot
    rows = {part.key: k for k, part in enumerate(trained.demand.parts)}

    for index, key in enumerate(generated.table().index):
        if generated.kinds[index] == "discontinued" and generated.changes[index] <= 265:
            assert forecast[rows[key]] < 0.25 * generated.rates[index, : generated.changes[index]].mean() + 0.02
        if generated.kinds[index] == "launched" and generated.changes[index] <= 265:
            assert forecast[rows[key]] == pytest.approx(truth[index], rel=0.6, abs=0.2)


def test_the_backtest_knows_nothing_of_what_came(trained):
    spoilt = trained.demand.quantities.copy()
    spoilt[:, -30:] = 77
    demand = Demand(trained.demand.parts, trained.demand.first_day, spoilt)

    honest = Backtest.run(trained.demand, CHEAP)
    other = Backtest.run(demand, CHEAP)

    for a, b in zip(honest.origins, other.origins, strict=True):
        assert a.known.days == b.known.days <= 270
        for name, forecast in a.candidates.forecasts.items():
            assert (forecast.sums.table == b.candidates.forecasts[name].sums.table).all()


def test_a_version_names_what_the_one_before_held_for_all_but_impossible():
    usual = poisson(*[1.0] * 10, days=120)
    later = np.concatenate([usual, poisson(*[1.0] * 10, days=14, seed=9)], axis=1)
    later[3, -14:] = 9
    before = published(train(a_demand(usual)))

    report = published(train(a_demand(later)), previous=before).header.since

    assert report
    assert report.version == 1
    assert [one.key for one in report.unusual] == ["p3"]
    assert surprises(before, before) == ()


def test_a_version_carries_on_what_the_ones_before_said_of_the_weeks_since():
    demand = poisson(*[1.0] * 4, days=160)
    first, second, third = (train(a_demand(demand[:, :days]), budget_seconds=0) for days in (120, 136, 160))
    before = published(first)
    between = published(second, previous=before)

    hindsight = published(third, previous=between).header.hindsight

    assert hindsight
    through = third.demand.last_day
    told = {monday: hindsight.expected[:, week] for week, monday in whole_weeks(through)}
    by_first = first.demand.last_day + timedelta(7 - first.demand.last_day.weekday())  # the Monday after
    for monday, said in told.items():
        if monday < by_first:
            assert np.isnan(said).all()
            continue
        ours = [
            before if day <= second.demand.last_day else between for day in (monday + timedelta(k) for k in range(7))
        ]
        expected = sum(one.mean(monday + timedelta(k), 1)[:, 0] for k, one in enumerate(ours))
        np.testing.assert_allclose(said, expected, atol=0.002)
    assert any(not np.isnan(said).any() for said in told.values())
