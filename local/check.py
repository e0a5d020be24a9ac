"""`make test`: lint, format, types, every test with branch coverage, then the unit tests on the other Pythons here.

Every step runs whatever the others found; the last lines say how each went and how long it took.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.console import bold, say
from local.pythons import find_others
from local.setup import ROOT, SetUpError

UNIT_TESTS = ("tests/unit", "restock")


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
        timed("tests", lambda: run_tests("--cov", "--cov-report=term:skip-covered")),
        *on_other_pythons(),
    ]
    say(f"\n{bold('make test')}")
    for result in results:
        say(f"  {'passed' if result.is_good else 'FAILED'}  {result.step:28} {result.seconds:6.1f} s  {result.note}")
    failed = sum(not result.is_good for result in results)
    say(f"\nsteps: {len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


def timed(step: str, act: Callable[[], int]) -> Result:
    say(f"\n{bold(step)}")
    began = time.monotonic()
    code = act()
    return Result(step, code == 0, time.monotonic() - began)


def tool(name: str, *words: str, python: str | Path = sys.executable) -> int:
    env = {**os.environ, "COVERAGE_FILE": str(ROOT / ".local" / "coverage"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([str(python), "-m", name, *words], cwd=ROOT, env=env, check=False).returncode


def run_tests(*words: str, python: str | Path = sys.executable) -> int:
    return tool("pytest", "-q", *words, python=python)


def on_other_pythons() -> list[Result]:
    """The unit tests on every other supported Python of this machine whose environment can be made."""
    results = []
    for other in find_others():
        began = time.monotonic()
        say(f"\n{bold(f'unit tests on {other.name}')}")
        try:
            python = other.set_up()
        except SetUpError as exc:
            # Without it nothing is known about that Python: reported here, a failure where everything must be there.
            is_good = os.environ.get("CI", "").lower() not in {"true", "1"}
            results.append(Result(f"unit tests on {other.name}", is_good, time.monotonic() - began, f"not run: {exc}"))
            continue
        set_up_seconds = time.monotonic() - began
        code = run_tests(*UNIT_TESTS, "-p", "no:cacheprovider", python=python)
        note = f"of which set-up {set_up_seconds:.0f} s" if set_up_seconds > 1 else ""
        results.append(Result(f"unit tests on {other.name}", code == 0, time.monotonic() - began, note))
    return results
