"""What it is worth to know the bookings: the loss of a week's demand with and without them, on generated shops.

    python -m bench.bookings        at 0, 10, 25, 50 and 80 % of the next week's jobs known; minutes

Every origin is a shop as a learning run would meet it: the book seen on each of the ninety days before, the forecast
fitted on what came before the origin, and what is made of both by the code that publishes. The base is compact alone,
without trees and averaging: what is measured is the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.booked_shop import FIRST_DAY, BookedShop
from restock.forecasting import booked_ahead, measures
from restock.forecasting.demand import Demand
from restock.forecasting.jobs_done import jobs_done
from restock.forecasting.methods.candidates import fit_candidates
from restock.forecasting.methods.compact import Compact
from restock.forecasting.methods.series import OpenSeries
from restock.history.booked_seen import BookedSeen
from restock.stored.booked_ahead import BookedAhead

BOOKED = {0.0: 0.0, 0.1: 0.125, 0.25: 0.31, 0.5: 0.62, 0.8: 0.95}
"""By the share of the next week's jobs that stands in the book: the share of jobs that are booked at all."""
SEEN_DAYS, WEEK = 90, 7


@dataclass(frozen=True, slots=True)
class Worth:
    without: float
    """The mean scaled pinball loss of seven days' demand."""
    with_them: float
    learnt: tuple[BookedAhead, ...]
    """At each origin."""

    @property
    def change(self) -> float:
        return self.with_them / self.without - 1


def worth(shop: BookedShop, origins: Sequence[int], seen_days: int = SEEN_DAYS) -> Worth:
    """Over the origins, days of the shop."""
    quantities, history = shop.quantities(), shop.history(max(origins))
    scale = quantities.std(axis=1)[:, None]
    losses, learnt = np.zeros(2), []
    for origin in origins:
        today, known = shop.day_at(origin), quantities[:, :origin]
        demand = Demand(tuple(shop.parts), FIRST_DAY, known)
        without = fit_candidates(OpenSeries.of(demand), [Compact()]).distribution(Compact.name)
        counts = {day: shop.counts(day) for day in range(origin - seen_days, origin + 1)}
        seen = BookedSeen(
            {shop.day_at(day): {name: tuple(its) for name, its in found.items()} for day, found in counts.items()}
        )
        jobs = jobs_done(history, demand.parts, demand.last_day, demand.days)
        said, near = booked_ahead.learn(seen, jobs, known, without, today)
        learnt.append(said)
        came = quantities[:, origin : origin + WEEK].sum(axis=1)[:, None]
        for k, each in enumerate((without, without.with_near(near))):
            quantiles = each.quantiles(today, WEEK, measures.JUDGED_LEVELS)
            by_level = [
                measures.pinball(came, quantiles[:, [at]], p) / scale for at, p in enumerate(measures.JUDGED_LEVELS)
            ]
            losses[k] += float(np.mean(by_level)) / len(origins)
    return Worth(float(losses[0]), float(losses[1]), tuple(learnt))


def main() -> None:
    """A line per share known."""
    for known, booked in BOOKED.items():
        found = [worth(BookedShop.generate(booked, seed=seed), range(300, 410, 5)) for seed in (1, 2, 3)]
        without, with_them = (float(np.mean([getattr(one, name) for one in found])) for name in Worth.__slots__[:2])
        learnt = [said for one in found for said in one.learnt]
        shares = np.mean([said.shares_known for said in learnt if said.shares_known], axis=0).round(2).tolist()
        print(
            f"{known:.0%} known: loss {without:.4f} without, {with_them:.4f} with ({with_them / without - 1:+.1%}; "
            f"shops {[f'{one.change:+.1%}' for one in found]}); used at {sum(said.is_used for said in learnt)} of "
            f"{len(learnt)} origins; shares learnt {shares}",
            flush=True,
        )


if __name__ == "__main__":
    main()
