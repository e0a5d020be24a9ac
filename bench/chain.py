"""python -m bench.chain [SHOPS ...] [--growth]: nights of a chain on the emulators, as two tasks; prints one table.

Without ``--growth`` how well two tasks divide the work, with fits that take their time and nothing of the processor
(bench/sweep_task.py): all shops alike, one that holds half of the work, and all alike with tasks killed at random and
repeated until they end well. With it what a shop costs, by the number of shops, with the job's own entry point.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

from local.chain_shops import THE_JOB, Chain, Ended, Opened
from local.processes import ProcessError
from local.setup import ROOT
from restock.scoped import documents_of, objects_of
from restock.stored import names
from restock.stored.published import read_live
from restock.stored.summary import Summary
from restock.stores import amend

PLACE = ROOT / ".local" / "bench-chain"
STAND_IN = Path(__file__).with_name("sweep_task.py")
ZONE = "Europe/London"
APPOINTMENTS = 10
"""Of a small shop."""
A_DAY = 20
KILLS = 5
SLOWEST_NIGHT_SECONDS = 1800
YESTERDAY = timedelta(days=1)


@dataclass(frozen=True)
class Night:
    """What one night of two tasks came to."""

    shops: int
    wall_seconds: float
    ideal_seconds: float
    """Half of what all shops took, one after the other; no less than the longest of them."""
    kills: int
    tasks: Sequence[Ended]
    once: int
    """Shops that have exactly one newer version;"""
    recounted: int
    """and those whose history equals a recount."""

    @property
    def ratio(self) -> float:
        return self.wall_seconds / self.ideal_seconds


def shops_of(number: int, *, one_holds_half: bool) -> list[Opened]:
    small = [Opened(f"shop-{k:04}", ZONE, days=1, a_day=APPOINTMENTS) for k in range(number - one_holds_half)]
    if one_holds_half:
        small.append(Opened("large", ZONE, days=max(1, len(small) * APPOINTMENTS // A_DAY), a_day=A_DAY))
    return small


def another() -> str:
    """A project that no chain of this process had."""
    return f"demo-chain-{uuid.uuid4().hex[:8]}"


def night(number: int, *, one_holds_half: bool = False, kills: int = 0, place: Path = PLACE) -> Night:
    """Sizes are known from an earlier night, as they are on every night but the first."""
    chain = Chain(place, project=another(), main=STAND_IN)
    try:
        shops = shops_of(number, one_holds_half=one_holds_half)
        chain.open(shops)
        for shop in shops:
            cost = Summary(
                at=datetime.now(UTC) - YESTERDAY, status="published", message="", cpu_seconds=shop.days * shop.a_day
            )
            documents_of(shop.id, chain.documents).set(names.SUMMARY, cost.to_fields())
        began = time.monotonic()
        tasks, killed = _through(chain, random.Random(7), kills)
        wall = time.monotonic() - began
        seconds = [known.seconds for shop in shops if (known := chain.summary(shop.id))]
        return Night(
            shops=len(shops),
            wall_seconds=wall,
            ideal_seconds=max(sum(seconds) / 2, *seconds),
            kills=killed,
            tasks=tasks,
            once=sum(learnt_once(chain, shop.id) for shop in shops),
            recounted=sum(chain.is_as_recounted(shop.id) for shop in shops),
        )
    finally:
        chain.stop()


def learnt_once(chain: Chain, id: str) -> bool:
    """The live version wrote the live history, as only a shop's first does, and no two runs say that they published."""
    live = read_live(objects_of(id, chain.objects)).pointer
    published = [run for run in chain.runs(id) if run.status == "published"]
    return live is not None and live.history == live.version and len(published) <= 1


def _through(chain: Chain, chance: random.Random, kills: int) -> tuple[list[Ended], int]:
    """Both tasks, each repeated until it ends well; so many of them are killed, at moments nobody chose."""
    running: dict[int, tuple[subprocess.Popen[bytes], int]] = {index: (chain.start(index), 0) for index in (0, 1)}
    ended: list[Ended] = []
    killed, deadline = 0, time.monotonic() + SLOWEST_NIGHT_SECONDS
    next_kill = time.monotonic() + chance.uniform(3, 8)
    while running:
        if time.monotonic() > deadline:
            raise ProcessError("the night does not end")
        if killed < kills and time.monotonic() >= next_kill:
            process, _ = running[chance.choice(sorted(running))]
            process.send_signal(signal.SIGKILL)
            killed += 1
            next_kill = time.monotonic() + chance.uniform(3, 8)
        for index, (process, attempt) in list(running.items()):
            if psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE:
                last = chain.ended(process, index, attempt)
                del running[index]
                if last.status:
                    running[index] = (chain.start(index, attempt + 1), attempt + 1)
                else:
                    ended.append(last)
        time.sleep(0.05)
    return ended, killed


@dataclass(frozen=True)
class Day:
    """What a shop's daily run costs in a chain of so many."""

    shops: int
    cpu_seconds: float
    documents_read: float
    documents_written: float
    cpu_beside: float
    """Of a task, beside its shops: imports and lists."""


def day(number: int) -> Day:
    """A first night, and then one on which every shop learns again by the job's own entry point."""
    chain = Chain(PLACE, project=another(), main=THE_JOB)
    try:
        shops = shops_of(number, one_holds_half=False)
        chain.open(shops)
        _through(chain, random.Random(), kills=0)
        for shop in shops:
            amend(chain.documents, names.shop(shop.id), lambda fields: {**(fields or {}), "asked": {}})
        tasks, _ = _through(chain, random.Random(), kills=0)
        known = [summary for shop in shops if (summary := chain.summary(shop.id))]
        runs = [chain.runs(shop.id)[0] for shop in shops]
        cpu = sum(one.cpu_seconds for one in known)
        return Day(
            shops=number,
            cpu_seconds=cpu / number,
            documents_read=sum(run.documents_read or 0 for run in runs) / number,
            documents_written=sum(run.documents_written or 0 for run in runs) / number,
            cpu_beside=(sum(task.cpu_seconds for task in tasks) - cpu) / len(tasks),
        )
    finally:
        chain.stop()


def tell_nights(number: int) -> None:
    print("| night of two tasks | wall | ideal | ratio | killed | learnt once | equal to a recount | peak of a task |")
    print("|---|---|---|---|---|---|---|---|")
    cases = (("all alike", False, 0), ("one holds half of the work", True, 0), ("tasks killed at random", False, KILLS))
    for what, one_holds_half, kills in cases:
        came = night(number, one_holds_half=one_holds_half, kills=kills)
        peak = max(task.peak_mib for task in came.tasks)
        print(
            f"| {came.shops} shops, {what} | {came.wall_seconds:.0f} s | {came.ideal_seconds:.0f} s | {came.ratio:.2f} "
            f"| {came.kills} | {came.once} | {came.recounted} | {peak:.0f} MiB |"
        )


def tell_growth(numbers: Sequence[int]) -> None:
    print("| shops | CPU of a shop and day | documents read | written | CPU of a task beside its shops |")
    print("|---|---|---|---|---|")
    for number in numbers:
        came = day(number)
        print(
            f"| {came.shops} | {came.cpu_seconds:.2f} s | {came.documents_read:.1f} | {came.documents_written:.1f} | "
            f"{came.cpu_beside:.1f} s |"
        )


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.chain", description=__doc__)
    parser.add_argument("shops", nargs="*", type=int, help="how many; 200, or 10 and 100 for the growth")
    parser.add_argument("--growth", action="store_true", help="what a shop costs, by the number of shops")
    asked = parser.parse_args(words)
    if asked.growth:
        tell_growth(asked.shops or (10, 100))
    for number in [] if asked.growth else asked.shops or (200,):
        tell_nights(number)


if __name__ == "__main__":
    main(sys.argv[1:])
