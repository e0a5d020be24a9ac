"""What a training costs and how it grows, and what its artifact weighs: python -m bench.forecast_figures

CPU seconds of this process (training uses one thread), so that a busy machine does not change the picture much.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from bench.generated_shop import GeneratedShop
from restock.forecasting.demand import Demand
from restock.forecasting.measures import JUDGED_LEVELS
from restock.forecasting.train import Trained, train
from restock.stored.artifact import ForecastArtifact, Part

SIZES = ((50, 730), (200, 180), (200, 365), (200, 730), (800, 730), (3200, 730))


def demand(parts: int, days: int) -> Demand:
    shop = GeneratedShop.generate(parts=parts, days=days, origins=())
    names = tuple(Part(f"part-{k:05}", f"Part {k:05}", True, "spares") for k in range(parts))
    return Demand(names, date(2024, 1, 1), shop.quantities)


def cpu_seconds(call: Callable[[], Any], times: int = 1) -> tuple[float, Any]:
    began = time.process_time()
    for _ in range(times):
        result = call()
    return (time.process_time() - began) / times, result


def artifact(trained: Trained) -> bytes:
    made = trained.artifact(version=1, trained_at=datetime(2026, 1, 1, tzinfo=UTC), time_zone="UTC")
    return made.to_bytes()


def main() -> None:
    """Print both tables."""
    print("| parts | days | CPU s of a training | bytes per part | load ms | 30 days, 5 quantiles: µs per part |")
    print("|---|---|---|---|---|---|")
    for parts, days in SIZES:
        known = demand(parts, days)
        seconds, trained = cpu_seconds(partial(train, known))
        data = artifact(trained)
        load, served = cpu_seconds(partial(ForecastArtifact.from_bytes, data), 20)
        start = known.last_day + timedelta(1)
        served.quantiles(start, 30, JUDGED_LEVELS)

        def answer(served: ForecastArtifact = served, start: date = start) -> None:
            served.mean(start, 30)
            served.quantiles(start, 30, JUDGED_LEVELS)

        asked, _ = cpu_seconds(answer, 50)
        each = [f"{parts} | {days} | {seconds:.1f} | {len(data) / parts:.0f}"]
        each.append(f"{load * 1e3:.1f} | {asked / parts * 1e6:.2f}")
        print("| " + " | ".join(each) + " |", flush=True)


if __name__ == "__main__":
    main()
