"""Scores Restock on daily, weekly or monthly demand: history -> the training code -> the serving arithmetic.

    python -m bench.accuracy                 a generated shop whose truth is known
    python -m bench.accuracy FOLDER          every set in the folder: NAME.parquet (unique_id, ds, y) and NAME.json
                                             (start, end, freq, ids, origins, horizons)
    python -m bench.accuracy FOLDER --thinned   the same sets made as sparse as a workshop

Of every set of daily demand a second line scores compact, the cheapest candidate, by itself, and a third what Restock
loses beside it, paired over parts: the mean difference ± its standard error.

    rmsse1     daily means            spl_7 spl_30      pinball loss of sums over the part's own usual change
    floored_   the same over the floored scale of the backtest: a few of the rarest parts weigh much without it
    wql_       pinball loss over all demand, as if all parts were one: the busiest weigh most
    cost       stock + 19 x backorders of ordering daily, scaled per part     cost_by_volume     of all parts, unscaled,
                                                                                                over all daily use
``forecast`` has the interface of a rolling-origin evaluator: long history in, mean per step and quantiles of the
cumulative demand out. Nothing here has a path of its own: `train` fits, the artifact's bytes are read back and asked.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # an evaluator elsewhere may load this file by its path

from bench.generated_shop import GeneratedShop
from restock.forecasting import measures
from restock.forecasting.demand import Demand
from restock.forecasting.methods.candidates import fit_candidates
from restock.forecasting.methods.compact import Compact
from restock.forecasting.methods.series import OpenSeries
from restock.forecasting.train import Trained, train
from restock.stored.artifact import ForecastArtifact, Part
from restock.stored.distribution import Floats

QUANTILES = measures.JUDGED_LEVELS


def forecast(history: pd.DataFrame, horizon: int, quantiles: Sequence[float]) -> pd.DataFrame:
    """Mean of each step and quantiles of the demand of steps 1..step, per series."""
    wide = history.pivot(index="unique_id", columns="ds", values="y")
    artifact = published(wide)
    start = artifact.header.trained_through + timedelta(1)
    mean = artifact.mean(start, horizon)
    paths = artifact.quantile_paths(start, horizon, quantiles)
    found = pd.DataFrame(
        {
            "unique_id": np.repeat([part.key for part in artifact.parts], horizon),
            "step": np.tile(np.arange(1, horizon + 1), len(artifact.parts)),
            "mean": mean.ravel(),
        }
    )
    for k, level in enumerate(quantiles):
        found[f"q{level:g}"] = paths[:, k].ravel()
    return found


def published(wide: pd.DataFrame) -> ForecastArtifact:
    """Train on a table of series x periods, publish, and read the artifact's bytes back."""
    return read_back(trained(wide))


def compact_alone(wide: pd.DataFrame) -> ForecastArtifact:
    """The same of the one candidate that shares nothing with the others but its level."""
    demand = demand_of(wide)
    alone = fit_candidates(OpenSeries.of(demand), [Compact()]).distribution(Compact.name)
    return read_back(Trained(demand, alone, {}, {}))


def trained(wide: pd.DataFrame) -> Trained:
    """Train on a table of series x periods."""
    return train(demand_of(wide))


def demand_of(wide: pd.DataFrame) -> Demand:
    periods = pd.DatetimeIndex(wide.columns)
    daily = len(periods) < 2 or (periods[1:] - periods[:-1]).max() <= pd.Timedelta(days=1)
    parts = tuple(Part(str(key), str(key)) for key in wide.index)
    first = periods[0].date() if daily else date(2001, 1, 1)  # other steps are counted as days without weekdays
    return Demand(parts, first, wide.to_numpy(float), season=7 if daily else 1)


def read_back(found: Trained) -> ForecastArtifact:
    artifact = found.artifact(version=1, trained_at=datetime(2001, 1, 1, tzinfo=UTC), time_zone="UTC")
    return ForecastArtifact.from_bytes(artifact.to_bytes())


def thinned(wide: pd.DataFrame, *, parts: int = 165, zeros: float = 0.9, seed: int = 1) -> pd.DataFrame:
    """Some series of a set, each unit kept by chance, so that as many days are empty as a workshop's are."""
    random = np.random.default_rng(seed)
    picked = wide.iloc[random.choice(len(wide), min(parts, len(wide)), replace=False)]
    units = picked.to_numpy(float).astype(int)
    keep = np.geomspace(1e-4, 1.0, 200)
    empty = np.array([((1 - k) ** units).mean(axis=1) for k in keep])  # of each series, for every chance of keeping
    chance = keep[(empty >= zeros).sum(axis=0).clip(1) - 1]
    kept = random.binomial(units, np.minimum(chance * random.lognormal(0, 0.7, len(units)), 1)[:, None])
    found = pd.DataFrame(kept, picked.index, picked.columns)
    sold: pd.DataFrame = found[(kept > 0).sum(axis=1) >= 4]
    return sold


def evaluate(
    wide: pd.DataFrame,
    origins: Sequence[int],
    horizons: Sequence[int],
    *,
    daily: bool,
    publish: Callable[[pd.DataFrame], ForecastArtifact] = published,
) -> dict[str, Any]:
    """Scores of Restock, or of what else publishes, at the origins: per series in ``per``, and their means."""
    demand = wide.to_numpy(float)
    history = demand[:, : origins[0]]
    longest = max(horizons)
    steps = sorted({*horizons, measures.LEAD_DAYS + 1} if daily else horizons)
    began = time.perf_counter()
    mean, quantiles, implied = [], [], []
    for origin in origins:
        artifact = publish(wide.iloc[:, :origin])
        row = {part.key: k for k, part in enumerate(artifact.parts)}
        order = [row[str(key)] for key in wide.index]
        start = artifact.header.trained_through + timedelta(1)
        mean.append(artifact.mean(start, longest)[order])
        said = [artifact.quantiles(start, days, QUANTILES) for days in steps]
        quantiles.append(np.stack(said, axis=1)[order])
        top = QUANTILES.index(measures.SERVICE_LEVEL)
        implied.append([1 - artifact.chance_above(start, d, q[:, top]) for d, q in zip(steps, said, strict=True)])
    means, said_all = np.stack(mean, axis=1), np.stack(quantiles, axis=1)
    came = np.stack([demand[:, o : o + longest] for o in origins], axis=1)
    found: dict[str, Any] = {"series": len(wide), "seconds": round(time.perf_counter() - began, 1)}
    per: dict[str, Floats] = {"rmsse1": rmsse(means, came, history)}
    for days in horizons:
        k = steps.index(days)
        actual = came[:, :, :days].sum(axis=2)
        scale = measures.usual_change(history, days)
        loss = pinball(actual, said_all[:, :, k])
        per[f"spl_{days}"] = loss / scale
        per[f"floored_{days}"] = loss / measures.floored(scale, history.mean(axis=1) * days)
        found[f"wql_{days}"] = float(2 * loss.mean() / actual.mean())
        found[f"bias_{days}"] = float((means[:, :, :days].sum(axis=2) - actual).sum() / actual.sum())
        top = QUANTILES.index(measures.SERVICE_LEVEL)
        found[f"covered_{days}"] = float((actual <= said_all[:, :, k, top] + 1e-9).mean())
        found[f"implied_{days}"] = float(np.mean([row[k] for row in implied]))
    if daily:
        level = said_all[:, :, steps.index(measures.LEAD_DAYS + 1), QUANTILES.index(measures.SERVICE_LEVEL)]
        cost, scale = ordering_cost(demand, origins, level)
        per["cost"] = cost / scale
        found["cost_by_volume"] = float(cost.sum() / max(history.mean(axis=1).sum(), 1e-9))
    found.update({name: float(values.mean()) for name, values in per.items()})
    found["per"] = per
    return found


def pinball(actual: Floats, quantiles: Floats, levels: Sequence[float] = QUANTILES) -> Floats:
    """Per part, over origins and levels: actual [parts, origins], quantiles [parts, origins, levels]."""
    losses = [measures.pinball(actual, quantiles[:, :, k], level) for k, level in enumerate(levels)]
    mean: Floats = np.mean(losses, axis=(0, 2))
    return mean


def rmsse(mean: Floats, actual: Floats, history: Floats) -> Floats:
    """Root mean squared scaled error of daily means [parts, origins, days], per part."""
    scale = np.sqrt((np.diff(history, axis=1) ** 2).mean(axis=1))
    found: Floats = np.sqrt(((mean - actual) ** 2).mean(axis=(1, 2))) / np.maximum(scale, 1e-9)
    return found


def ordering_cost(demand: Floats, origins: Sequence[int], levels: Floats) -> tuple[Floats, Floats]:
    """Cost per part and its scale: a unit in stock for a day costs 1, a unit owed 19 (which makes 95 % right)."""
    stock, backorders = measures.order_up_to(demand, origins, levels)
    history = demand[:, : origins[0]]
    return stock + measures.PENALTY * backorders, measures.usual_change(history, measures.LEAD_DAYS + 1)


def paired(one: Mapping[str, Floats], other: Mapping[str, Floats]) -> dict[str, str]:
    """By column, the mean difference of two ways over the same parts ± its standard error."""
    apart = {name: one[name] - other[name] for name in one}
    return {name: f"{d.mean():+.4f} ± {d.std() / np.sqrt(len(d)):.4f}" for name, d in apart.items()}


def load(folder: Path, name: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """One set as a table of series x periods, missing ones zero, and what its JSON says."""
    about = json.loads((folder / f"{name}.json").read_text())
    long = pd.read_parquet(folder / f"{name}.parquet")
    periods = pd.date_range(about["start"], about["end"], freq=about["freq"])
    wide = long.pivot(index="unique_id", columns="ds", values="y").reindex(index=about["ids"], columns=periods)
    return wide.fillna(0.0), about


def show(name: str, scores: Mapping[str, Any]) -> None:
    """One line per set."""
    plain = {key: value for key, value in scores.items() if key != "per"}
    print(name, " ".join(f"{k} {v:.4f}" if isinstance(v, float) else f"{k} {v}" for k, v in plain.items()), flush=True)


def main() -> None:
    """Score every set of a folder, or the generated shop."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", nargs="?", type=Path, help="where NAME.parquet and NAME.json are")
    parser.add_argument("--thinned", action="store_true", help="as sparse shops, Restock beside its candidates")
    asked = parser.parse_args()
    folder = asked.folder
    if folder is None:
        shop = GeneratedShop.default()
        scores = evaluate(shop.table(), shop.origins, (7, 30), daily=True)
        show("generated", scores)
        for days in (7, 30):
            print(f"  [said, true] coverage over {days} days:", shop.true_coverage(published, days))
        return
    names = sorted(path.stem for path in folder.glob("*.parquet") if path.with_suffix(".json").exists())
    if not names:
        parser.error(f"{folder} holds no set: a NAME.parquet beside its NAME.json")
    for name in names:
        wide, about = load(folder, name)
        if asked.thinned:
            scores = trained(thinned(wide)).scores
            for method, found in {"restock": scores["challenger"], **scores["candidates"]}.items():
                show(f"{name} thinned, {method}", {k: found[k] for k in ("spl_7", "spl_30", "cost")})
            continue
        is_daily = about["freq"] == "D"
        scores = evaluate(wide, about["origins"], about["horizons"], daily=is_daily)
        show(name, scores)
        if is_daily:
            alone = evaluate(wide, about["origins"], about["horizons"], daily=True, publish=compact_alone)
            show(f"{name}, compact by itself", alone)
            show(f"{name}, Restock less compact", paired(scores["per"], alone["per"]))


if __name__ == "__main__":
    main()
