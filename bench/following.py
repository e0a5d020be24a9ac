"""What following costs in accuracy: learn once, follow daily for 1, 7 and 14 days, beside learning anew each day.

    python -m bench.following FOLDER [--origins N]      N origins of each set, spread over those it names

A follower is a function of what was learnt and of the history, never of another follower, so that the one of the
fourteenth day is fitted as the thirteenth's was: from the file of day 0. All scores are those of ``bench.accuracy``,
over its code; told is how much each differs from learning at the origin itself, and the most any may.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from bench.accuracy import demand_of, evaluate, load, read_back
from restock.forecasting.following import Lore, follow
from restock.forecasting.train import Trained, train
from restock.stored.artifact import ForecastArtifact
from restock.stored.service_parts import ServiceParts

MOST = {1: 0.005, 7: 0.01, 14: 0.02}
"""By days of following: how much worse a score may be."""
LOSSES = ("rmsse1", "spl_7", "spl_30", "cost")
SHARES = ("bias_7", "bias_30", "covered_7", "covered_30")
Publish = Callable[[pd.DataFrame], ForecastArtifact]


def compare(wide: pd.DataFrame, about: Mapping[str, Any], origins: int) -> dict[int, dict[str, float]]:
    """By days of following: the change of each loss, as a share of what learning anew loses, and of what are shares."""
    named = about["origins"]
    picked = named[:: max(len(named) // origins, 1)][:origins]

    @cache
    def learnt(days: int) -> Trained:
        return train(demand_of(wide.iloc[:, :days]))

    def publish(after: int) -> Publish:
        def published(known: pd.DataFrame) -> ForecastArtifact:
            days = known.shape[1]
            if not after:
                return read_back(learnt(days))
            lore = Lore.from_bytes(Lore.of(learnt(days - after), ServiceParts()).to_bytes())
            return read_back(follow(demand_of(known), lore))

        return published

    def scores(after: int) -> dict[str, float]:
        return evaluate(wide, picked, about["horizons"], daily=True, publish=publish(after))

    anew = scores(0)
    changed: dict[int, dict[str, float]] = {}
    for after in MOST:
        found = scores(after)
        changed[after] = {name: found[name] / anew[name] - 1 for name in LOSSES}
        changed[after] |= {name: found[name] - anew[name] for name in SHARES}
    return changed


def main() -> int:
    """The worst of each set, and whether all are within what they may be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, help="where NAME.parquet and NAME.json are")
    parser.add_argument("--origins", type=int, default=5, help="of each set; each costs four fits")
    asked = parser.parse_args()
    names = sorted(path.stem for path in asked.folder.glob("*.parquet") if path.with_suffix(".json").exists())
    if not names:
        parser.error(f"{asked.folder} holds no set: a NAME.parquet beside its NAME.json")
    missed = 0
    for name in names:
        for after, changed in compare(*load(asked.folder, name), asked.origins).items():
            is_met = max(changed.values()) <= MOST[after]  # of coverage, too: one that grew is of levels too high
            missed += not is_met
            told = " ".join(f"{loss} {share:+.2%}" for loss, share in changed.items())
            print(f"{name} followed for {after} days: {told} (at most {MOST[after]:+.1%}: {is_met})", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
