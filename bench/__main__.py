"""python -m bench [--quick] [SECTION ...]: measure, print the tables, keep them in bench/RESULTS.md."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from bench import counting, memory, path, rebuild, retrain, serving, speeds
from bench.harness import staged
from bench.results import Section, print_section, write_results
from bench.world import QUICK_BUDGET, Premises, bench_stack
from local.processes import ProcessError
from local.stack import Stack
from restock.settings import FORECAST, ON_APPOINTMENT, RETRAIN

Measure = Callable[[Stack, bool], Section]


@cache
def trainer(stack: Stack) -> tuple[Path, bytes]:
    """The staged retrain, warmed up: the emulators have served once, and there is a champion to compare with."""
    functions = staged(RETRAIN)
    return functions, retrain.warm_up(stack, functions)


def measure_counting(stack: Stack, quick: bool) -> Section:
    return counting.section(Premises.made(stack, "counting"), staged(ON_APPOINTMENT), quick=quick)


def measure_path(stack: Stack, quick: bool) -> Section:
    return path.section(stack, quick=quick)


def measure_retrain(stack: Stack, quick: bool) -> Section:
    return retrain.section(stack, *trainer(stack), quick=quick)


def measure_speeds(stack: Stack, quick: bool) -> Section:
    return speeds.section(stack, *trainer(stack), quick=quick)


def measure_growth(stack: Stack, quick: bool) -> Section:
    return retrain.growth(stack, *trainer(stack), quick=quick)


def measure_rebuild(stack: Stack, quick: bool) -> Section:
    functions, _ = trainer(stack)
    return rebuild.section(stack, functions, quick=quick)


def measure_serving(stack: Stack, quick: bool) -> Section:
    return serving.section(staged(FORECAST), quick=quick)


def measure_memory(stack: Stack, quick: bool) -> Section:
    return memory.section(quick=quick)


SECTIONS: dict[str, Measure] = {
    "counting": measure_counting,
    "path": measure_path,
    "retrain": measure_retrain,
    "speeds": measure_speeds,
    "growth": measure_growth,
    "rebuild": measure_rebuild,
    "serving": measure_serving,
    "memory": measure_memory,
}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"only these of {', '.join(SECTIONS)}")
    parser.add_argument("--quick", action="store_true", help="fewer sizes and repeats: two minutes")
    parser.add_argument("--budget", type=int, help="TRAINING_BUDGET_SECONDS of the retrains; 12 leaves out the trees")
    asked = parser.parse_args(words)
    if unknown := set(asked.sections) - SECTIONS.keys():
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    command = " ".join(["python -m bench", *words])
    missed = 0
    began = time.monotonic()
    try:
        with bench_stack(asked.budget or (QUICK_BUDGET if asked.quick else None)) as stack:
            for name in asked.sections or SECTIONS:
                section = SECTIONS[name](stack, asked.quick)
                print_section(section)
                write_results([section], command)
                missed += sum(row.is_met is False for row in section.rows)
                print(f"  ({time.monotonic() - began:.0f} s so far)", flush=True)
    except ProcessError as exc:
        print(f"\nbench: {exc}", file=sys.stderr)
        return 1
    print(f"\n{missed} limits missed" if missed else "\nevery limit met")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
