"""What it costs that the app can't record the use of a part whose shelf is empty: a workshop, ordering for a year.

    python -m bench.stock_outs

Parts come by chance at rates that drift; a fifth of them starts without stock. Every day the shop orders up to the
95 % quantile of the lead time and a day; every week the forecast is fitted anew (the compact method, on whose level the
others stand). Three shops differ in what the forecast is told of days without stock: *seen* records all demand, *naive*
records none and takes it for no demand, *restock* records none and leaves those days out of the evidence
(`restock/forecasting/unseen.py`). In all three a part at stock zero is listed, so that one at least is kept of each.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from restock.forecasting.demand import Demand
from restock.forecasting.methods.candidates import fit_candidates
from restock.forecasting.methods.compact import Compact
from restock.forecasting.methods.series import OpenSeries
from restock.stored.artifact import Part
from restock.stored.distribution import Floats

FIRST_DAY = date(2024, 1, 1)
PARTS, BEFORE, YEAR = 120, 200, 364
LEVEL, REFIT_DAYS = 0.95, 7
SHOPS = ("naive", "restock", "seen")


def demand(seed: int) -> Floats:
    """Units [parts, days] that customers wanted: rates of a workshop, drifting, closed on Sundays."""
    random = np.random.default_rng(seed)
    rates = np.exp(random.normal(-2.2, 1.2, PARTS))
    drift = np.cumsum(random.normal(0, 0.035, (PARTS, BEFORE + YEAR)), axis=1)
    wanted = random.negative_binomial(1.5, 1 / (1 + rates[:, None] * np.exp(drift - drift[:, :1]) / 1.5)).astype(float)
    wanted[:, 6::7] = 0
    return wanted


def units_short(wanted: Floats, lead_days: int, shop: str, seed: int = 1) -> float:
    """The share of a year's demand that found the shelf empty."""
    parts, days = wanted.shape
    recorded, unseen = wanted.copy(), np.zeros(wanted.shape, bool)
    stock = np.where(np.random.default_rng(seed).random(parts) < 0.2, 0.0, 3.0)
    arriving = np.zeros((parts, days + lead_days + 1))
    level, short = np.ones(parts), 0.0
    for day in range(BEFORE, days):
        stock += arriving[:, day]
        if (day - BEFORE) % REFIT_DAYS == 0:
            level = np.maximum(_order_up_to(recorded[:, :day], unseen[:, :day], lead_days, shop), 1.0)
        position = stock + arriving[:, day + 1 :].sum(axis=1)
        arriving[:, day + lead_days] += np.maximum(level - position, 0.0)
        used = np.minimum(wanted[:, day], stock)
        short += float((wanted[:, day] - used).sum())
        if shop != "seen":
            recorded[:, day] = used
        unseen[:, day] = (stock <= 0) & (used <= 0)
        stock -= used
    return short / float(wanted[:, BEFORE:].sum())


def _order_up_to(recorded: Floats, unseen: NDArray[np.bool_], lead_days: int, shop: str) -> Floats:
    parts = tuple(Part(f"p{k}", f"p{k}") for k in range(len(recorded)))
    known = Demand(parts, FIRST_DAY, recorded)
    if shop == "restock":
        known = known.without_stock_on(unseen)
    distribution = fit_candidates(OpenSeries.of(known), [Compact()]).distribution(Compact.name)
    level: Floats = distribution.quantiles(known.last_day + timedelta(1), lead_days + 1, [LEVEL])[:, 0]
    return level


def main() -> None:
    """One line per lead time."""
    for lead_days in (7, 21):
        runs = {shop: [units_short(demand(seed), lead_days, shop) for seed in (1, 2, 3)] for shop in SHOPS}
        naive, restock, seen = (float(np.mean(runs[shop])) for shop in SHOPS)
        back = (naive - restock) / (naive - seen)
        print(
            f"lead time {lead_days}: units short {naive:.1%} naive, {restock:.1%} restock, {seen:.1%} if demand were "
            f"seen; won back {back:.0%}; per shop {np.round(list(zip(*runs.values(), strict=True)), 4).tolist()}",
            flush=True,
        )


if __name__ == "__main__":
    main()
