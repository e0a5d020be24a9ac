"""`make test`: lint, format, types, every test, then the unit tests on the other Pythons of this machine.

With CI=true the tests measure branch coverage too, which makes them a quarter slower.
Every step runs whatever the others found; the last lines say how each went and how long it took.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local.console import bold, say
from local.pythons import OtherPython, find_others
from local.setup import ROOT
from local.uv import SetUpError

UNIT_TESTS = ("tests/unit", "restock")
# One process more than the smallest machine has cores, for a third of the tests wait. A file stays in one of them, with
# the stack its tests share; the files that take longest come first (tests/conftest.py).
SIDE_BY_SIDE = ("-n3", "--dist=loadfile", "--no-loadscope-reorder")
COVERAGE = ("--cov", "--cov-report=term:skip-covered")


@dataclass(frozen=True)
class Result:
    step: str
    is_good: bool
    seconds: float
    note: str = ""


def run(words: list[str]) -> int:
    """Everything; `words` go to pytest, and with any of them only the tests run."""
    if words:
        return run_tests(*words)
    results = [
        timed("lint", lambda: tool("ruff", "check", ".")),
        timed("format", lambda: tool("ruff", "format", "--check", "--quiet", ".")),
        timed("types", lambda: tool("mypy")),
        timed("tests", lambda: run_tests(*SIDE_BY_SIDE, *(COVERAGE if in_ci() else ()))),
        *on_other_pythons(),
    ]
    say(f"\n{bold('make test')}")
    for result in results:
        say(f"  {'passed' if result.is_good else 'FAILED'}  {result.step:28} {result.seconds:6.1f} s  {result.note}")
    failed = sum(not result.is_good for result in results)
    say(f"\nsteps: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"true", "1"}


def timed(step: str, act: Callable[[], int]) -> Result:
    say(f"\n{bold(step)}")
    began = time.monotonic()
    code = act()
    return Result(step, code == 0, time.monotonic() - began)


def environment() -> dict[str, str]:
    """Compiled files are written, whatever the machine's habit: hundreds of short processes read the same libraries."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "COVERAGE_FILE": str(ROOT / ".local" / "coverage")}


def tool(name: str, *words: str) -> int:
    return subprocess.run([sys.executable, "-m", name, *words], cwd=ROOT, env=environment(), check=False).returncode


def run_tests(*words: str) -> int:
    return tool("pytest", "-q", *words)


def on_other_pythons() -> list[Result]:
    """The unit tests on every other supported Python of this machine whose environment can be made, side by side."""
    others = find_others()
    if not others:
        return []
    say(f"\n{bold('unit tests on ' + ', '.join(other.name for other in others))}")
    with ThreadPoolExecutor(len(others)) as pool:
        ready = [(other, ready_python(other)) for other in others]
        return list(pool.map(lambda pair: unit_tests_on(*pair), ready))


def ready_python(other: OtherPython) -> Path | SetUpError:
    try:
        return other.set_up()
    except SetUpError as exc:
        return exc


def unit_tests_on(other: OtherPython, python: Path | SetUpError) -> Result:
    step = f"unit tests on {other.name}"
    if isinstance(python, SetUpError):
        # Nothing is known about that Python then: said here, and a failure where everything must be there.
        return Result(step, not in_ci(), 0, f"not run: {python}")
    began = time.monotonic()
    # The random histories (two files) play once, above: what they try does not depend on the Python.
    words = [*UNIT_TESTS, "--deselect", "tests/unit/test_simulation", "-p", "no:cacheprovider"]
    command = [str(python), "-m", "pytest", "-q", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, encoding="utf-8", check=False
    )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode:
        say(f"\n{step}\n{done.stdout}{done.stderr}")
    return Result(step, done.returncode == 0, time.monotonic() - began, last)
