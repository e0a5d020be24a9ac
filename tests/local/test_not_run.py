"""A test whose needs the machine lacks is reported by name with the remedy; in CI it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.setup import ROOT

TESTS = """
import pytest

@pytest.mark.needs("node", "chromium")
def test_with_a_browser():
    raise AssertionError("it ran")

def test_with_firestore(firestore_emulator):
    raise AssertionError("it ran")

@pytest.fixture(params=["fake", "firestore"])
def documents(request):
    if request.param == "firestore":
        return request.getfixturevalue("firestore_emulator")

def test_of_a_contract(documents):
    assert documents is None

def test_of_nothing_special():
    pass
"""


def run_on_a_bare_machine(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (folder / "test_sample.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = needs: real parts\n")
    bare = {"PATH": str(folder), "PYTHONPATH": str(ROOT), "FIRESTORE_EMULATOR_JAR": "none", **env}
    if "SYSTEMROOT" in os.environ:
        bare["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words, "test_sample.py"]
    return subprocess.run(command, cwd=folder, env=bare, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [(), ("-n2",)], ids=["one process", "two processes"])
def test_what_is_missing_is_named_with_remedies_at_the_end(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = run_on_a_bare_machine(tmp_path, *words)

    summary = done.stdout[done.stdout.index("not run") :]
    assert done.returncode == 0
    assert "2 passed, 3 skipped" in done.stdout
    assert "Chromium is missing: install it" in summary
    assert "Node.js with npm is missing: install" in summary
    assert "test_sample.py::test_with_a_browser" in summary
    assert "FIRESTORE_EMULATOR_JAR" in summary
    assert "test_sample.py::test_with_firestore" in summary
    assert "test_sample.py::test_of_a_contract[firestore]" in summary


@pytest.mark.parametrize("ci", ["true", "1"])
def test_in_ci_each_of_them_is_a_failure(tmp_path: Path, ci: str) -> None:
    done = run_on_a_bare_machine(tmp_path, CI=ci)

    assert done.returncode == 1
    assert "it ran" not in done.stdout
    assert "CI must run every test, but Node.js with npm is missing" in done.stdout
    assert "CI must run every test, but the Firestore emulator is missing" in done.stdout
    assert "2 passed, 3 errors" in done.stdout
