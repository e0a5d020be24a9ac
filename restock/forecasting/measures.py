"""What a forecast is judged by, per part: pinball loss, its scale, and the stock and backorders of ordering by it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from restock.stored.distribution import Floats

JUDGED_LEVELS = (0.5, 0.8, 0.9, 0.95, 0.99)
LEAD_DAYS, SERVICE_LEVEL, PENALTY = 7, 0.95, 19.0


def window_sums(demand: Floats, days: int) -> Floats:
    """Sums [parts, windows] of every run of so many days."""
    total = np.cumsum(np.pad(demand, ((0, 0), (1, 0))), axis=1)
    sums: Floats = total[:, days:] - total[:, :-days]
    return sums


def usual_change(history: Floats, days: int) -> Floats:
    """The mean absolute change from one window to the next: the scale of losses of sums over so many days."""
    sums = window_sums(history, days)
    lag = min(days, max(1, sums.shape[1] // 3))
    change: Floats = np.maximum(np.abs(sums[:, lag:] - sums[:, :-lag]).mean(axis=1), 1e-9)
    return change


def floored(scale: Floats, units: Floats) -> Floats:
    """A scale, but never so small that one part of hardly any use, or launched yesterday, decides for all.

    ``units`` are expected in the window; the floor is a quarter of their noise by chance and a tenth of one.
    """
    floor: Floats = np.maximum(scale, 0.25 * np.sqrt(np.maximum(units, 0.0)) + 0.1)
    return floor


def pinball(actual: Floats, quantile: Floats, level: float) -> Floats:
    """The loss of naming this quantile."""
    short = actual - quantile
    loss: Floats = np.maximum(level * short, (level - 1) * short)
    return loss


def order_up_to(demand: Floats, origins: Sequence[int], levels: Floats) -> tuple[Floats, Floats]:
    """Mean stock and mean backorders per day, ordering daily up to levels [parts, origins] with a week's lead time.

    An order is placed at the start of a day and arrives seven days later, at the start of that day; so a level has
    eight days to cover. It holds from its origin to the next.
    """
    parts, days = demand.shape
    levels = np.ceil(levels - 1e-9)
    arriving = np.zeros((parts, days + LEAD_DAYS + 1))
    net = levels[:, 0].copy()
    stock, backorders = np.zeros(parts), np.zeros(parts)
    for day in range(origins[0], days):
        level = levels[:, np.searchsorted(origins, day, side="right") - 1]
        net += arriving[:, day]
        position = net + arriving[:, day + 1 : day + LEAD_DAYS].sum(axis=1)
        arriving[:, day + LEAD_DAYS] = np.maximum(level - position, 0)
        net -= demand[:, day]
        stock += np.maximum(net, 0)
        backorders += np.maximum(-net, 0)
    simulated = days - origins[0]
    return stock / simulated, backorders / simulated
