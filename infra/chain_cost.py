"""What a chain's night costs: one sweep of every shop, and the looks at whose turn it is in the other hours.

CPU is measured (docs/scale.md), operations are counted (tests/infra/test_chain_cost.py). Events, thresholds and
forecasts cost each shop what they cost it alone: ``python3 -m infra cost``.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.chain import tasks_for
from infra.cost import OPERATIONS, SHOPS, Business, Operations, bill
from infra.prices import PRICES

HOURS = 24
FULL_READ_EVERY_DAYS = 7


@dataclass(frozen=True)
class Sweep:
    """What the sweep takes beside the runs themselves."""

    shop_seconds: float = 12.0  # vCPU seconds a shop: every candidate of the backtest
    task_seconds: float = 4.2  # imports and lists
    least_seconds: float = 60.0  # of an instance of a job, billed however short it was; from knowledge
    memory_gib: float = 2.0
    reads_a_look: float = 2.0  # the registration and the summary: a shop, a task, an execution
    reads_a_turn: float = 2.0  # both again, once it is the shop's turn
    writes_a_turn: float = 2.0  # the summary and the balance
    catalogues: int = 2  # the run's, and the one by which is told how the shop stands (restock/sweeping/standing.py)
    orders: float = 30.0  # read for the same: an example, placed or lately received, and what is said of parts
    objects_for_standing: float = 2.0  # the pointer and the forecast, once more


SWEEP = Sweep()


def night(shops: int, business: Business, took: Sweep = SWEEP, did: Operations = OPERATIONS) -> dict[str, float]:
    """How much of what Google bills the sweeps of a day and a night use."""
    tasks = tasks_for(shops)
    starts = tasks * HOURS
    learning = shops * took.shop_seconds + tasks * took.task_seconds
    # All but one start of a task find nothing to do.
    seconds = learning + (starts - tasks) * max(took.task_seconds, took.least_seconds)
    changes = business.completions_a_day
    reads = did.retrain_reads_fixed + took.reads_a_turn + took.catalogues * business.parts + took.orders + changes
    full_reads = business.appointments / FULL_READ_EVERY_DAYS
    return {
        "cpu": seconds,
        "memory": seconds * took.memory_gib,
        "reads": shops * (reads + full_reads) + starts * shops * took.reads_a_look,
        "writes": shops * (did.retrain_writes_fixed + took.writes_a_turn + changes),
        "deletes": shops * (1 + changes),
        "class_a": shops * did.retrain_class_a,
        "class_b": shops * (did.retrain_class_b + took.objects_for_standing),
    }


def lines(shops: int, size: str) -> list[str]:
    """The table of a chain of shops of this size."""
    used = night(shops, SHOPS[size])
    dollars = bill(used, free_tier=False)
    rows = [f"{PRICES[item].what:30}{amount:16,.0f}{dollars[item]:10.3f}" for item, amount in used.items()]
    total = sum(dollars.values())
    return [
        f"A chain of {shops:,} {size} shops, {tasks_for(shops)} tasks, the sweep started every hour: USD a night.",
        "",
        *rows,
        f"{'a night':30}{'':16}{total:10.3f}",
        f"{'a night and 1,000 shops':30}{'':16}{total * 1000 / shops:10.3f}",
    ]
