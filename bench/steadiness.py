"""How far what is said of a part moves from one daily run to the next though nothing happened to it.

    python -m bench.steadiness                  a generated shop
    python -m bench.steadiness FOLDER NAME      a set as bench.accuracy reads them, e.g. workshop_a

Thirty days running, the shop is trained anew in the evening with one day more, everything learnt again. A part has no
news on a day that brought it no use, if none was what the evening before had expected (a chance of use below a fifth).
Of those parts the 95 % quantile of the next thirty days, before it becomes a count, is compared with what it was the
evening before. A day that moves a part by ten percent makes an order that nobody can explain.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from bench import accuracy
from bench.generated_shop import GeneratedShop
from restock.stored.artifact import ForecastArtifact
from restock.stored.distribution import Floats

RUNS = 30
AHEAD_DAYS, LEVEL = 30, 0.95
UNEXPECTED = 0.2


@dataclass(frozen=True, eq=False)
class Evening:
    """What one run says, and of whom it says it."""

    said: Floats  # [parts] units, the quantile before it becomes a count, from -1 on
    counts: Floats  # [parts] as it is served
    chance_tomorrow: Floats  # [parts] of any use

    @classmethod
    def of(cls, artifact: ForecastArtifact, keys: list[str]) -> Evening:
        row = {part.key: k for k, part in enumerate(artifact.parts)}
        order = [row[key] for key in keys]
        start, distribution = artifact.header.trained_through + timedelta(1), artifact.distribution
        said = distribution.continuous_quantiles(start, AHEAD_DAYS, [LEVEL])[order, 0]
        counts = artifact.quantiles(start, AHEAD_DAYS, [LEVEL])[order, 0]
        return cls(said, counts, artifact.chance_above(start, 1, 0.0)[order])


def moves(evenings: list[Evening], used: Floats) -> Iterator[tuple[Floats, float]]:
    """Of every day after the first: the relative moves of the parts without news, and that of their counts together.

    ``used`` [parts, days] is what the days between the evenings brought.
    """
    for before, after, units in zip(evenings, evenings[1:], used.T, strict=False):
        quiet = (units == 0) & (before.chance_tomorrow < UNEXPECTED)
        if quiet.any():
            moved = np.abs(after.said - before.said)[quiet] / (1.0 + before.said[quiet])
            counts = np.abs(after.counts - before.counts)[quiet].sum() / max(before.counts[quiet].sum(), 1.0)
            yield moved, float(counts)


def main() -> None:
    """One line per day, and one of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", nargs="?", type=Path, help="where NAME.parquet and NAME.json are")
    parser.add_argument("name", nargs="?", help="the set")
    asked = parser.parse_args()
    if asked.folder and not asked.name:
        parser.error("which set of the folder? name one, e.g. workshop_a")
    wide: pd.DataFrame = accuracy.load(asked.folder, asked.name)[0] if asked.folder else GeneratedShop.default().table()
    keys, days = [str(key) for key in wide.index], wide.shape[1]
    evenings: list[Evening] = []
    of_all: list[Floats] = []
    for day in range(days - RUNS, days + 1):
        evenings.append(Evening.of(accuracy.published(wide.iloc[:, :day]), keys))
        for moved, counts in moves(evenings[-2:], wide.to_numpy(float)[:, day - 1 : day]):
            of_all.append(moved)
            print(
                f"day {day}: {len(moved)} parts without news moved {moved.mean():.2%}, counts {counts:.2%}", flush=True
            )
    everything = np.concatenate(of_all)
    print(
        f"{len(of_all)} days, {len(everything)} parts and days without news: mean move {everything.mean():.2%}, median "
        f"{np.median(everything):.2%}, nine of ten below {np.quantile(everything, 0.9):.2%}",
    )


if __name__ == "__main__":
    main()
