"""The artifact's bytes, and the arithmetic serving does with them."""

import json
import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from restock.errors import DamagedError
from restock.forecasting.methods.negative_binomial import quantile_table
from restock.stored.artifact import ForecastArtifact, Part
from restock.stored.distribution import HORIZONS, LEVELS, DemandDistribution
from restock.stored.header import Header
from restock.stored.hindsight import WEEKS, Hindsight

MONDAY = date(2026, 3, 2)
RATES = np.array([0.05, 1.0, 12.0])
DISPERSION = 1.8


def distribution(unit: float = 1.0, closed_days: frozenset[date] = frozenset()) -> DemandDistribution:
    weekday = np.tile([1.2, 1.0, 1.0, 1.0, 1.2, 0.6, 0.0], (3, 1))
    table = quantile_table(RATES[:, None] * HORIZONS / unit, np.full((3, len(HORIZONS)), DISPERSION))
    return DemandDistribution(RATES, weekday, np.full(3, unit), table, closed_days)


def artifact(**changes) -> ForecastArtifact:
    scores = {"challenger": {"spl_7": 0.3}}
    header = Header(version=7, trained_at="2026-03-02", trained_through=date(2026, 3, 1), scores=scores)
    parts = tuple(Part(key, f"Part {key}") for key in "abc")
    return ForecastArtifact(header, parts, distribution(**changes), np.ones((3, 90), np.float32))


def test_equal_forecasts_are_equal_bytes_and_come_back_whole():
    data = artifact(closed_days=frozenset({date(2026, 3, 4)})).to_bytes()

    read = ForecastArtifact.from_bytes(data)

    assert data == artifact(closed_days=frozenset({date(2026, 3, 4)})).to_bytes() == read.to_bytes()
    assert read.parts == artifact().parts
    assert read.header == artifact().header
    assert read.recent.shape == (3, 90)
    assert read.recent_start == date(2025, 12, 2)
    assert read.mean(MONDAY, 7)[:, 2].tolist() == [0.0, 0.0, 0.0]


def test_what_was_forecast_of_past_weeks_comes_back_and_what_nobody_said_stays_unsaid():
    expected = np.full((3, WEEKS), np.nan, np.float32)
    expected[1, 3:] = 2.125
    forecast = artifact()
    about = replace(forecast.header, hindsight=Hindsight(expected))

    read = ForecastArtifact.from_bytes(replace(forecast, header=about).to_bytes())

    assert read.header.hindsight
    np.testing.assert_array_equal(read.header.hindsight.expected, expected)


@pytest.mark.parametrize(
    "rows", [[None], [None, None, [1.0]], [None, None, [-1.0] * WEEKS], [None, None, ["a"] * WEEKS]]
)
def test_past_forecasts_that_fit_no_part_are_damage(rows):
    data = artifact().to_bytes()
    length = int.from_bytes(data[8:16], "little")
    header = json.dumps(json.loads(data[16 : 16 + length]) | {"hindsight": rows}).encode()

    with pytest.raises(DamagedError):
        ForecastArtifact.from_bytes(data[:8] + len(header).to_bytes(8, "little") + header + data[16 + length :])


def test_a_layout_without_first_counts_is_still_read_and_has_them_from_its_quantiles():
    data = artifact().to_bytes()
    length = int.from_bytes(data[8:16], "little")
    about = json.loads(data[16 : 16 + length])
    begin = 16 + length + 4 * sum(math.prod(about["arrays"][name]) for name in ("rate", "weekday", "unit", "table"))
    end = begin + 4 * math.prod(about["arrays"].pop("first"))
    header = json.dumps(about | {"schema": 1}).encode()
    older = data[:8] + len(header).to_bytes(8, "little") + header + data[16 + length : begin] + data[end:]

    read = ForecastArtifact.from_bytes(older)

    assert read.parts == artifact().parts
    assert (read.quantiles(MONDAY, 35, LEVELS) == artifact().quantiles(MONDAY, 35, LEVELS)).all()
    for stock in range(4):
        assert read.chance_above(MONDAY, 7, stock) == pytest.approx(artifact().chance_above(MONDAY, 7, stock), abs=0.02)


@pytest.mark.parametrize("cut", [0, 3, 12, 40, 500, -1, -400])
def test_truncated_bytes_are_damaged(cut):
    data = artifact().to_bytes()

    with pytest.raises(DamagedError):
        ForecastArtifact.from_bytes(data[:cut])


@pytest.mark.parametrize("other", [b"", b"{}", b"\x80\x04K\x01." * 99, b"RESTOCK\n" + b"\xff" * 64])
def test_other_bytes_are_damaged(other):
    with pytest.raises(DamagedError):
        ForecastArtifact.from_bytes(other)


def test_numbers_that_are_not_finite_are_damaged():
    data = bytearray(artifact().to_bytes())
    data[-4:] = np.array([np.nan], "<f4").tobytes()

    with pytest.raises(DamagedError, match="recent is not finite"):
        ForecastArtifact.from_bytes(bytes(data))


def test_a_week_sums_to_the_open_days_rate():
    mean = artifact().mean(MONDAY, 14)

    assert mean.shape == (3, 14)
    assert mean[:, :7].sum(axis=1) == pytest.approx(RATES * 6)
    assert mean[:, [6, 13]].max() == 0


def test_quantiles_are_those_of_the_negative_binomial_at_the_tables_horizons():
    from scipy.stats import nbinom

    found = artifact().quantiles(MONDAY, 7 * 5, LEVELS)  # 30 open days

    expected = nbinom.ppf(LEVELS, RATES[:, None] * 30 / (DISPERSION - 1), 1 / DISPERSION)
    assert (found == expected).all()


def test_the_chance_of_exceeding_a_stock_is_the_negative_binomials_between_the_tables_levels():
    from scipy.stats import nbinom

    stock = nbinom.ppf([[0.5], [0.5], [0.9]], RATES[:, None] * 30 / (DISPERSION - 1), 1 / DISPERSION)[:, 0]
    found = artifact().chance_above(MONDAY, 35, stock)

    assert found == pytest.approx(nbinom.sf(stock, RATES * 30 / (DISPERSION - 1), 1 / DISPERSION), abs=0.015)


def test_a_stock_equal_to_a_quantile_is_exceeded_no_more_often_than_its_level_says():
    served = artifact()

    for level in (0.5, 0.8, 0.95, 0.99):
        stock = served.quantiles(MONDAY, 8, [level])[:, 0]
        assert (served.chance_above(MONDAY, 8, stock) <= 1 - level + 1e-4).all()
        below = served.chance_above(MONDAY, 8, stock - 1)
        assert (below[stock > 0] >= 1 - level - 1e-4).all()


@pytest.mark.parametrize("days", [1, 3, 7, 30, 120])
def test_no_chance_of_so_many_units_exceeds_their_mean_whatever_the_table_says(days):
    random = np.random.default_rng(days)
    rates = np.exp(random.uniform(-6, 2, 300))
    table = np.sort(random.gamma(0.3, 5.0, (300, len(HORIZONS), len(LEVELS))), axis=-1) - 0.9
    table = np.maximum.accumulate(table, axis=1)
    unit = random.choice([0.5, 1.0, 4.0], 300)
    served = DemandDistribution(rates, np.ones((300, 7)), unit, table)
    mean = served.mean(MONDAY, days).sum(axis=1)

    for units in (1, 2, 3, 10):
        assert (served.chance_above(MONDAY, days, (units - 1) * unit) <= mean / (units * unit) + 1e-9).all()
    quantiles = served.quantiles(MONDAY, days, LEVELS)
    assert (quantiles == served.quantile_paths(MONDAY, days, LEVELS)[:, :, -1]).all()
    for level, said in zip(LEVELS, quantiles.T, strict=True):
        assert (served.chance_above(MONDAY, days, said) <= 1 - level + 1e-4).all()
        below = served.chance_above(MONDAY, days, said - unit)
        assert (below[said > 0] >= 1 - level - 1e-4).all()


def test_quantiles_grow_with_level_and_with_days_even_beyond_the_table():
    paths = artifact().quantile_paths(MONDAY, 200, [0.05, 0.1, 0.4, 0.5, 0.9, 0.96, 0.995])

    assert paths.shape == (3, 7, 200)
    assert (np.diff(paths, axis=1) >= 0).all()
    assert (np.diff(paths, axis=2) >= 0).all()


def test_the_path_ends_where_the_quantile_is():
    served = artifact()

    assert (served.quantile_paths(MONDAY, 45, [0.5, 0.9])[:, :, -1] == served.quantiles(MONDAY, 45, [0.5, 0.9])).all()


def test_a_closed_day_brings_no_demand():
    sunday = date(2026, 3, 8)
    served = artifact(closed_days=frozenset({MONDAY}))

    for day in (sunday, MONDAY):
        assert served.mean(day, 1).max() == 0
        assert served.quantiles(day, 1, [0.5, 0.99]).max() == 0
        assert served.chance_above(day, 1, np.zeros(3)).max() < 1e-9


def test_fractional_quantities_come_in_their_own_steps():
    litres = artifact(unit=0.5).quantiles(MONDAY, 8, [0.5, 0.8, 0.95])

    assert ((litres * 2) % 1 == 0).all()
    assert ((litres * 2) % 2 == 1).any()
