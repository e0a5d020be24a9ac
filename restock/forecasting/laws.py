"""What every published distribution obeys, as arithmetic on tables: each law is put into force here, and checked here.

1. Markov: the chance of k units never exceeds mean / k. (Also where the distribution is read: a table can't break it.)
2. One mean: the sums imply the mean that is stated. A method whose sums imply another is read at the time at which they
   imply the right one: like more or less of the same days, never a new shape.
3. More days, not less: quantiles and chances grow with the days, and the chance of any use over several runs of days is
   at most the sum of theirs.
4. Whole units are whole: counts are, by the form of the distribution.
5. The tail is earned: beyond the longest horizon that the history holds three times, what a quantile lies above the
   mean grows as the pool's did up to there, no faster than the days.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from restock.forecasting.methods.forecaster import Forecast
from restock.forecasting.methods.growth import growing, implied_mean
from restock.forecasting.methods.negative_binomial import negative_binomial
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.methods.sums import Sums
from restock.stored.distribution import FIRST, HORIZONS, LEVELS, DemandDistribution, Floats, at_time, from_the_start

MEAN_TOLERANCE = 0.1
_ROUNDS = 3
_PLAIN_RATIO = 1.5  # variance over mean of what is said where the sums can't be brought to their mean
_JUDGED = (1, 3, 7, 14, 30, 60, 90)
_ASKED = (0.5, 0.8, 0.95, 0.99)
_UPPER = slice(5, None)  # of the levels: from 0.9 on
_SLACK = 1e-5
_MEAN_SLACK = 0.02  # units
_SEPARATE = 3  # so many times the history must hold a horizon for its tail to be the part's own


def lawful(series: OpenSeries, forecast: Forecast) -> DemandDistribution:
    """The published form of a forecast: its own numbers, moved as little as the laws demand."""
    rate = forecast.rate
    sums = forecast.sums if len(series) else Sums.empty(0)
    sums = growing(_earned(growing(sums, rate), rate, series.days), rate)
    sums = growing(_earned(_with_mean(sums, rate), rate, series.days), rate)
    beyond = _apart(sums, rate)
    if beyond.any():
        sums[beyond] = negative_binomial(rate[beyond, None] * HORIZONS, np.array(_PLAIN_RATIO))
    return DemandDistribution(
        rate * series.unit, series.weekday, series.unit, sums.table, series.closed_days, sums.first
    )


def _with_mean(sums: Sums, rate: Floats) -> Sums:
    """Law 2: each horizon read at the time at which its mean is the stated one."""
    knots = np.concatenate([[0.0], HORIZONS])
    wanted = rate[:, None] * HORIZONS
    means = np.maximum.accumulate(np.pad(implied_mean(sums), ((0, 0), (1, 0))), axis=-1) + 1e-12 * knots
    aim, found = wanted, sums
    table, log_first = from_the_start(sums.table), np.log(np.maximum(sums.first, 1e-12))
    for _ in range(_ROUNDS):  # between the horizons, means are not quite straight
        time = np.stack([_time_of(means, aim[:, k]) for k in range(len(HORIZONS))], axis=1)
        read, first = at_time(table, log_first, time)
        growth = np.maximum(time / HORIZONS[-1], 1.0)[..., None]
        found = Sums((read + 1.0) * growth - 1.0, first)
        aim = aim * np.clip(wanted / np.maximum(implied_mean(found), 1e-12), 0.5, 2.0)
    return found


def _time_of(means: Floats, wanted: Floats) -> Floats:
    """The times at which means [parts, knots], linear between the horizons, reach the wanted ones [parts]."""
    knots = np.concatenate([[0.0], HORIZONS])
    upper = np.clip((means <= wanted[:, None]).sum(axis=1), 1, len(knots) - 1)
    part = np.arange(len(wanted))
    low, high = means[part, upper - 1], means[part, upper]
    share = (wanted - low) / np.maximum(high - low, 1e-12)
    inside = knots[upper - 1] + np.clip(share, 0.0, 1.0) * (knots[upper] - knots[upper - 1])
    time: Floats = np.where(wanted > means[:, -1], knots[-1] * wanted / np.maximum(means[:, -1], 1e-12), inside)
    return time


def _earned(sums: Sums, rate: Floats, days: int) -> Sums:
    """Law 5, for the horizons that the history holds fewer than three times."""
    held = _longest_held(days)
    table = sums.table.copy()
    over = table - (rate[:, None] * HORIZONS)[..., None]
    power = 1.0
    if held:
        grown = over[:, held, _UPPER] / np.maximum(over[:, held - 1, _UPPER], 1e-9)
        counted = (over[:, held - 1, _UPPER] > 0.5) & (grown > 0)
        if counted.any():
            power = float(np.median(np.log(grown[counted]) / np.log(HORIZONS[held] / HORIZONS[held - 1])))
    most = _supported(table[:, held], rate, held, float(np.clip(power, 0.5, 1.0)))
    for k in range(held + 1, len(HORIZONS)):
        table[:, k] = np.minimum(table[:, k], np.maximum(most[:, k], table[:, k - 1]))
    return Sums(table, sums.first)


def _supported(held_table: Floats, rate: Floats, held: int, power: float) -> Floats:
    """The greatest quantiles [parts, horizons, levels] that those of the horizon ``held`` support.

    What they lie above the mean grows with a power of the days, and the days beyond bring noise of their own: that of
    counts with a plain variance/mean ratio, by Bernstein's bound.
    """
    mean = (rate[:, None] * HORIZONS)[..., None]
    z = -np.log1p(-LEVELS)
    grown = np.maximum(held_table - mean[:, held], 0.0)[:, None] * (HORIZONS / HORIZONS[held])[:, None] ** power
    noise = 2.0 * _PLAIN_RATIO * z * np.maximum(mean - mean[:, held, None], 0.0)
    most: Floats = mean + np.sqrt(grown**2 + noise) + z
    return most


def _longest_held(days: int) -> int:
    """The last of the horizons that so many days hold often enough."""
    return int(max((days >= HORIZONS * _SEPARATE).sum() - 1, 0))


def violations(distribution: DemandDistribution, start: date, days_known: int) -> list[str]:
    """Which of the laws are broken, judged by what is answered: what breaks one is never published."""
    if not len(distribution):
        return []
    found = [*_broken_by_answers(distribution, start), *_broken_by_tails(distribution, days_known)]
    if apart := int(means_apart(distribution).sum()):
        found.append(f"the quantiles of {apart} parts imply another mean than is stated")
    return found


def _broken_by_tails(distribution: DemandDistribution, days_known: int) -> list[str]:
    held = _longest_held(days_known)
    table = distribution.table.astype(float)
    most = _supported(table[:, held], distribution.rate.astype(float) / distribution.unit, held, 1.0)
    wider = table[:, held + 1 :] > np.maximum(most[:, held + 1 :], table[:, held:-1]) * (1 + _SLACK) + _MEAN_SLACK
    later = HORIZONS[held + 1 :][wider.any(axis=(0, 2))]
    return [f"over {days:g} days a quantile is wider than {days_known} days of history support" for days in later]


def _broken_by_answers(distribution: DemandDistribution, start: date) -> list[str]:
    found = []
    unit = distribution.unit.astype(float)
    any_use = np.zeros((len(_JUDGED), len(distribution)))
    last: tuple[Floats, Floats] | None = None
    for k, days in enumerate(_JUDGED):
        mean = distribution.mean(start, days).sum(axis=1) / unit
        chances = np.stack([distribution.chance_above(start, days, count * unit) for count in range(FIRST + 2)], axis=1)
        if (chances > mean[:, None] / np.arange(1, FIRST + 3) * (1 + _SLACK) + _SLACK).any():
            found.append(f"over {days} days a chance exceeds its mean by Markov's inequality")
        quantiles = distribution.quantiles(start, days, _ASKED) / unit[:, None]
        if (np.abs(quantiles - np.rint(quantiles)) > 1e-3).any():
            found.append(f"over {days} days a quantile is not whole")
        if last is not None and ((quantiles < last[0] - 1e-6).any() or (chances < last[1] - _SLACK).any()):
            found.append(f"over {days} days less is said than over fewer")
        any_use[k], last = chances[:, 0], (quantiles, chances)
    week = np.sum([distribution.chance_above(start + timedelta(k), 1, 0 * unit) for k in range(7)], axis=0)
    if (any_use[_JUDGED.index(7)] > week * (1 + _SLACK) + _SLACK).any():
        found.append("any use in a week is likelier than on its days together")
    return found


def means_apart(distribution: DemandDistribution) -> NDArray[np.bool_]:
    """Law 2: the parts [parts] whose sums imply another mean than is stated, at any horizon."""
    sums = Sums(distribution.table.astype(float), distribution.first.astype(float))
    return _apart(sums, distribution.rate.astype(float) / distribution.unit)


def _apart(sums: Sums, rate: Floats) -> NDArray[np.bool_]:
    stated = rate[:, None] * HORIZONS
    apart: NDArray[np.bool_] = np.abs(implied_mean(sums) - stated) > MEAN_TOLERANCE * stated + _MEAN_SLACK
    return np.asarray(apart.any(axis=1))
