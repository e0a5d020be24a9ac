"""Random histories by the thousand: Hypothesis draws the lists of steps, and shrinks one that breaks a promise."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from restock.retraining import next_history
from tests.simulation.report import Report
from tests.simulation.walk import SHOPS, VERBS, Step, Walk, platform_of

OFTEN = {
    "complete": 4,
    "complete and deliver": 6,
    "book": 2,
    "delete": 2,
    "deliver": 5,
    "redeliver": 3,
    "dispatch": 3,
    "dispatch halfway": 4,
    "schedule halfway": 2,
    "wait": 3,
    "oversleep": 3,
    "go on": 4,
    "finish": 2,
    "crash": 3,
    "fail": 2,
    "spoil": 2,
    "back up": 2,
    "put back": 3,
}
WEIGHTED = [verb for verb in VERBS for _ in range(OFTEN.get(verb, 1))]


def walk_a_chain(start: int, steps: Sequence[Step]) -> list[Walk]:
    """Two shops at once on one platform, their steps by turns: what either does must not be seen by the other."""
    platform = platform_of(start)
    walks = [Walk(start + number, platform, shop) for number, shop in enumerate(SHOPS)]
    for walk in walks:
        walk.beside = [other for other in walks if other is not walk]
        walk.world.beside = [other.world for other in walk.beside]
    for number, step in enumerate(steps):
        walks[number % len(walks)].step(*step)
        for other in walks:
            other.invariants.raise_what_broke()
            other.invariants.check_nothing_lost()
    for walk in walks:
        walk.come_to_rest()
    return walks


def histories(verbs: Sequence[str], fewest: int, most: int) -> st.SearchStrategy[list[Step]]:
    number = st.integers(0, 15)
    return st.lists(st.tuples(st.sampled_from(verbs), number, number), min_size=fewest, max_size=most)


def explore(  # noqa: PLR0913  # what a walk varies, each named in every call
    number: int,
    *,
    with_seed: int,
    fewest_steps: int = 30,
    most_steps: int = 60,
    verbs: Sequence[str] = WEIGHTED,
    starts: Sequence[int] = range(12),
    shrinks: bool = True,
    is_chain: bool = False,
) -> Report:
    """Play so many random histories; raises BrokenPromiseError, with the smallest history that shows it."""
    report = Report()
    started = time.perf_counter()

    @seed(with_seed)
    @settings(
        max_examples=number,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(st.sampled_from(starts), histories(verbs, fewest_steps, most_steps))
    def every_history(start: int, steps: list[Step]) -> None:
        if is_chain:
            walks = walk_a_chain(start, steps)
        else:
            walks = [Walk(start)]
            walks[0].play(steps)
        for walk in walks:
            report.add(walk)

    # Full reads are interrupted and continued in shops of eight bookings, not only in those of thousands
    with patch.object(next_history, "read_everything", partial(next_history.read_everything, kept_every=2)):
        every_history()
    report.seconds = time.perf_counter() - started
    return report
