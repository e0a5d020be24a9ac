"""Retraining: what it costs for shops of every size, when ten or a thousand appointments changed, and how it grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.growth import exponent, last_doubling
from bench.results import Row, Section, count_row, ratio_row, shown
from bench.retrained import (
    DAYS,
    PARTS,
    Retrained,
    fastest,
    furnish,
    live_manifest,
    measured,
    retrained,
    shop_of,
)
from bench.world import Premises
from local.stack import Stack

STAGES = ("history", "changes", "applied", "fitted", "files", "commit", "marked")
COMPARED = (10_000, 100_000)
GROWTH_APPOINTMENTS = 10_000
MOST_MEMORY = 4 * 2**30

Sizes = Mapping[tuple[int, int], Retrained]
"""By appointments and changes."""


def warm_up(stack: Stack, functions: Path) -> bytes:
    """One small retrain: the emulators load their classes, and its recipe is the champion of those that follow."""
    place = Premises.made(stack, "warm-up")
    shop = shop_of(place.environment, 1_000)
    furnish(place, shop, b"{}")
    retrained(place, functions, shop, 0, {"reason": "manual"})
    return live_manifest(place)


def section(stack: Stack, functions: Path, manifest: bytes, *, quick: bool) -> Section:
    sizes = COMPARED if quick else (1_000, *COMPARED, 1_000_000)
    runs: dict[tuple[int, int], list[Retrained]] = {}

    def measure(appointments: int, changes: int) -> None:
        one = measured(stack, functions, appointments, changes, manifest=manifest)
        runs.setdefault((appointments, changes), []).append(one)

    for appointments in sizes:
        for changes in (10,) if quick else (10, 1_000):
            measure(appointments, changes)
    for _ in range(0 if quick else 2):  # what is compared, in turn, so that what slows one slows all
        for appointments in COMPARED:
            measure(appointments, 10)
    found = {key: fastest(several) for key, several in sorted(runs.items())}
    return Section("Retraining", promised(found), (*NOTES, *trees_left_out(stack)), detail(found))


NOTES = (
    f"{PARTS} parts over {DAYS} days, 2 parts an appointment; what is compared is the fastest run of three.",
    "Wall and CPU time run from the start of the process to its answer, so they include all imports.",
    "Peak memory is the resident size of server and worker together; what they share counts twice.",
    "Bytes are what the emulators' processes read and wrote meanwhile, by the system's own count.",
    "Every run learns; what following costs is measured by `python -m bench speeds`.",
)


def trees_left_out(stack: Stack) -> tuple[str, ...]:
    """What must be said where the training was bounded."""
    budget = stack.environment.get("TRAINING_BUDGET_SECONDS")
    return (f"TRAINING_BUDGET_SECONDS was {budget}: without the pooled trees, some 7 s of CPU more.",) if budget else ()


def promised(found: Sizes) -> list[Row]:
    """The figures something was promised about."""
    rows = [
        count_row(
            f"{name(key)}: documents read", one.documents_read, key[1] + PARTS + 20, basis="changes + catalogue + 20"
        )
        for key, one in found.items()
    ]
    small, large = found[10_000, 10], found[100_000, 10]
    what, of = "100,000 appointments, 10 changes", "10,000 appointments"
    beside = ratio_row(
        f"{what}: wall time apart from fitting", large.beside_fitting, small.beside_fitting, of=of, most=1.5
    )
    rows += [beside, ratio_row(f"{what}: CPU time, fitting included", large.cpu, small.cpu, of=of)]
    largest = max(found)
    rows.append(count_row(f"{name(largest)}: peak memory", found[largest].peak, MOST_MEMORY, unit="B"))
    smallest = min(found)
    usage = len(found[largest].shop.history) - len(found[smallest].shop.history)
    per_row = (found[largest].peak - found[smallest].peak) / usage
    basis = f"from {smallest[0]:,} to {largest[0]:,} appointments, {usage:,} rows"
    rows.append(Row("memory at peak per usage row", f"{per_row:.0f} B", basis))
    files = found[largest].files
    rows.append(Row("history file per usage row", f"{files['parquet'] / len(found[largest].shop.history):.1f} B"))
    rows.append(Row("what serving loads, per part", f"{files['forecast'] / PARTS:,.0f} B", f"{PARTS} parts"))
    return rows


def growth(stack: Stack, functions: Path, manifest: bytes, *, quick: bool) -> Section:
    """With parts and with days, at the same number of appointments. By CPU time, which others on the machine do not
    stretch, without the imports, which would flatten the slope."""
    by_parts = (100, 400) if quick else (50, 100, 200, 400)
    by_days = (365, 1460) if quick else (182, 365, 730, 1460)
    rows: list[Row] = []
    detail: list[tuple[str, ...]] = [("parts", "days", "wall", "of it fitting", "CPU", "of it imports", "peak memory")]
    for what, sizes in (("parts", by_parts), ("days", by_days)):
        runs = [
            measured(stack, functions, GROWTH_APPOINTMENTS, 10, manifest=manifest, **{what: size}) for size in sizes
        ]
        costs = [one.cpu - one.cpu_started for one in runs]
        found = exponent(sizes, costs)
        basis = (
            f"{len(sizes)} sizes, {sizes[0]:,} to {sizes[-1]:,}; the last two alone {last_doubling(sizes, costs):.2f}"
        )
        rows.append(Row(f"CPU time grows with {what} to the power", f"{found:.2f}", basis, "", "≤ 1.1", found <= 1.1))
        for one in runs:
            seconds = (one.wall, one.stages["fitted"], one.cpu, one.cpu_started)
            shape = (f"{one.shop.parts:,}", f"{one.shop.days:,}")
            detail.append((*shape, *(shown(value, "s") for value in seconds), shown(one.peak, "B")))
    return Section(
        "How retraining grows",
        rows,
        (f"{GROWTH_APPOINTMENTS:,} appointments, 10 changes.", *trees_left_out(stack)),
        detail,
    )


def name(key: tuple[int, int]) -> str:
    return f"{key[0]:,} appointments, {key[1]:,} changes"


def detail(found: Sizes) -> list[Sequence[str]]:
    """Every run by stage."""
    header = ["appointments", "changes", "wall", "CPU", "start", *STAGES, "peak memory", "read", "written"]
    lines: list[Sequence[str]] = [[*header, "from / to storage", "from / to Firestore"]]
    for key in sorted(found):
        one = found[key]
        seconds = [one.wall, one.cpu, one.started, *(one.stages.get(stage, 0.0) for stage in STAGES)]
        moved = [
            f"{shown(one.moved[f'from {store}'], 'B')} / {shown(one.moved[f'to {store}'], 'B')}"
            for store in ("Cloud Storage", "Firestore")
        ]
        counts = [f"{one.documents_read:,}", f"{one.documents_written:,}"]
        lines.append(
            [
                f"{key[0]:,}",
                f"{key[1]:,}",
                *(shown(value, "s") for value in seconds),
                shown(one.peak, "B"),
                *counts,
                *moved,
            ]
        )
    return lines
