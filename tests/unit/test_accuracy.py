"""The benchmark's door: any evaluator may call it, on daily, weekly or monthly demand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from bench import accuracy, following
from bench.generated_shop import GeneratedShop

QUANTILES = [0.5, 0.8, 0.9, 0.95, 0.99]


def history(freq: str, periods: int, series: int = 6) -> pd.DataFrame:
    calendar = pd.date_range(date(2020, 1, 5), periods=periods, freq=freq)
    demand = np.random.default_rng(2).poisson(np.linspace(0.2, 4, series)[:, None] * np.ones(periods))
    return pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{k}" for k in range(series)], periods),
            "ds": np.tile(calendar, series),
            "y": demand.ravel().astype(float),
        }
    )


@pytest.mark.parametrize(("freq", "periods", "horizon"), [("D", 120, 30), ("W", 90, 13), ("MS", 30, 6)])
def test_every_series_gets_a_mean_and_growing_quantiles_for_every_step(freq, periods, horizon):
    found = accuracy.forecast(history(freq, periods), horizon, QUANTILES)

    assert sorted(found["unique_id"].unique()) == [f"s{k}" for k in range(6)]
    assert (found.groupby("unique_id")["step"].apply(list).map(lambda s: s == list(range(1, horizon + 1)))).all()
    columns = found[[f"q{level:g}" for level in QUANTILES]].to_numpy()
    assert np.isfinite(columns).all()
    assert (np.diff(columns, axis=1) >= 0).all()
    total = found.groupby("unique_id")["mean"].sum().to_numpy()
    assert total == pytest.approx(np.linspace(0.2, 4, 6) * horizon, rel=0.5, abs=1.5)


def test_the_generated_shops_truth_is_what_it_is_drawn_from():
    shop = GeneratedShop.generate(parts=40, days=400, origins=(300,), seed=3)
    rows = np.arange(40)
    sums = shop.quantities[:, 300:330].sum(axis=1)

    at_most = shop.true_chance(sums[:, None], rows, 300, 30)[:, 0]
    below = shop.true_chance(sums[:, None] - shop.lot[:, None], rows, 300, 30)[:, 0]

    assert ((at_most + below) / 2).mean() == pytest.approx(0.5, abs=0.12)
    assert (shop.quantities[:, 6::7] == 0).all()


def test_a_thinned_set_is_as_empty_as_asked_and_holds_nothing_that_was_not_there():
    wide = history("D", 400).pivot(index="unique_id", columns="ds", values="y")

    thin = accuracy.thinned(wide, zeros=0.9)

    assert (thin == 0).to_numpy().mean() == pytest.approx(0.9, abs=0.06)
    assert (thin <= wide.loc[thin.index]).to_numpy().all()


def test_scores_of_a_set_cover_its_horizons(tmp_path):
    long = history("D", 150)
    long[long["y"] > 0].to_parquet(tmp_path / "tiny.parquet")
    about = {"start": "2020-01-05", "end": "2020-06-02", "freq": "D", "ids": [f"s{k}" for k in range(6)]}
    (tmp_path / "tiny.json").write_text(pd.Series({**about, "origins": [100, 115], "horizons": [7, 30]}).to_json())

    wide, said = accuracy.load(tmp_path, "tiny")
    scores = accuracy.evaluate(wide, said["origins"], said["horizons"], daily=True)

    assert wide.shape == (6, 150)
    assert {"rmsse1", "spl_7", "spl_30", "cost", "bias_7", "covered_30", "implied_30"} <= set(scores)
    assert {"floored_7", "floored_30", "wql_7", "wql_30", "cost_by_volume"} <= set(scores)
    assert 0 < scores["rmsse1"] < 1.2


def test_a_part_of_hardly_any_use_weighs_less_over_the_floored_scale_and_the_busiest_most_by_volume():
    demand = np.zeros((2, 150))
    demand[0, [3, 120]] = 1
    demand[1] = 20 + np.arange(150) % 3
    wide = pd.DataFrame(demand, ["rare", "busy"], pd.date_range("2020-01-05", periods=150))

    scores = accuracy.evaluate(wide, [100, 115], [7, 30], daily=True, publish=accuracy.compact_alone)

    rare, busy = 0, 1
    assert scores["per"]["floored_7"][rare] < scores["per"]["spl_7"][rare]
    assert scores["per"]["floored_7"][busy] <= scores["per"]["spl_7"][busy]
    assert scores["wql_7"] < 0.2


def test_what_is_better_on_every_part_by_as_much_is_so_without_error():
    one, other = {"cost": np.array([1.0, 2.0, 4.0])}, {"cost": np.array([1.5, 2.5, 4.5])}

    assert accuracy.paired(one, other) == {"cost": "-0.5000 ± 0.0000"}
    assert accuracy.paired(one, {"cost": np.array([1.0, 2.0, 7.0])}) == {"cost": "-1.0000 ± 0.8165"}


def test_an_exact_mean_has_no_error_and_the_last_value_has_an_rmsse_of_about_one():
    history = np.cumsum(np.random.default_rng(1).normal(size=(1, 4000)), axis=1)
    actual = history[:, 1:][:, :, None]

    assert accuracy.rmsse(actual, actual, history)[0] == 0
    assert accuracy.rmsse(history[:, :-1][:, :, None], actual, history)[0] == pytest.approx(1)


def test_what_following_costs_is_told_of_every_score_and_is_little_in_a_shop_that_does_not_change():
    wide = history("D", 130, series=3).pivot(index="unique_id", columns="ds", values="y")

    found = following.compare(wide, {"origins": [95], "horizons": [7, 30]}, 1)

    assert set(found) == set(following.MOST)
    assert all(set(changed) == {*following.LOSSES, *following.SHARES} for changed in found.values())
    assert all(abs(changed[loss]) < 0.1 for changed in found.values() for loss in following.LOSSES)
    assert found[1] != found[14]
