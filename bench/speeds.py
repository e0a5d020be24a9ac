"""The two speeds of a retrain beside the services Restock replaces: what learning costs, and what following does.

Each is measured whole, from the start of its process to its answer; the follower has ten changes more than what it
follows was learnt from.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from bench.results import Row, Section, count_row, ratio_row, shown
from bench.retrain import STAGES, trees_left_out
from bench.retrained import PARTS, Retrained, furnish, leave_changes, retrained, shop_of
from bench.world import Premises
from local.processes import ProcessError
from local.stack import Stack
from restock.stored.run_record import FOLLOW, LEARN

OLD_APPOINTMENTS = 14_593
OLD_DOCUMENTS = "the old system: 14,793"
OLD_WALL, OLD_CPU = 34.8, 35.5
"""The services Restock replaces, measured when they still ran: 20 appointments a day for 2 years, 200 parts."""
CHANGES, COMPLETIONS = 10, 8
"""Of ten changes two are no completions: an edit and a withdrawal."""
MOST = {LEARN: 0.25, FOLLOW: 0.1}

_numbers = itertools.count(1)


def section(stack: Stack, functions: Path, manifest: bytes, *, quick: bool) -> Section:
    pairs = [learnt_and_followed(stack, functions, manifest) for _ in range(1 if quick else 3)]
    rows: list[Row] = []
    detail: list[Sequence[str]] = [("kind", "wall", "CPU", "start", "CPU of start", *STAGES, "peak memory")]
    for kind, runs in zip((LEARN, FOLLOW), zip(*pairs, strict=True), strict=True):
        wall, cpu = min(run.wall for run in runs), min(run.cpu for run in runs)
        what = f"a run that {kind}s"
        read = max(run.documents_read for run in runs)
        rows += [
            ratio_row(f"{what}: wall time", wall, OLD_WALL, of="the old system", most=MOST[kind]),
            ratio_row(f"{what}: CPU time", cpu, OLD_CPU, of="the old system", most=MOST[kind]),
            count_row(f"{what}: documents read", read, CHANGES + PARTS + 20, basis=OLD_DOCUMENTS),
        ]
        detail += [line(kind, run) for run in runs]
    return Section("Learning and following", rows, (*NOTES, *trees_left_out(stack)), detail)


NOTES = (
    f"{OLD_APPOINTMENTS:,} appointments, {PARTS} parts, {CHANGES} changes each; rows tell the least of the repeats.",
    "Wall and CPU time run from the start of the process to its answer, so they include all imports.",
    "The old system's figures were measured earlier on a machine of the same kind, training in a running process.",
    "Wall time grows with whatever else the machine does (its load stands above), CPU time far less.",
)


def learnt_and_followed(stack: Stack, functions: Path, manifest: bytes) -> tuple[Retrained, Retrained]:
    """One shop that learns, and follows at its next threshold."""
    place = Premises.made(stack, f"speeds-{next(_numbers)}")
    shop = shop_of(place.environment, OLD_APPOINTMENTS)
    furnish(place, shop, manifest)
    runs = []
    for kind, asked in ((LEARN, {"reason": "manual", "force": True}), (FOLLOW, {"reason": "threshold"})):
        leave_changes(place, shop, CHANGES)
        run = retrained(place, functions, shop, CHANGES, asked, settings={"RETRAIN_THRESHOLD": str(COMPLETIONS)})
        if run.record["kind"] != kind:
            raise ProcessError(f"a run that should {kind} did {run.record['kind']}: {run.record['notes']}")
        runs.append(run)
    return runs[0], runs[1]


def line(kind: str, run: Retrained) -> tuple[str, ...]:
    stages = [run.stages.get(stage, 0.0) for stage in STAGES]
    seconds = [run.wall, run.cpu, run.started, run.cpu_started, *stages]
    return (kind, *(shown(value, "s") for value in seconds), shown(run.peak, "B"))
