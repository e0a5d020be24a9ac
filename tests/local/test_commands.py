"""The commands a person types: what they say when something is amiss, on any terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local import up
from local.processes import ProcessError
from local.setup import ROOT


def test_a_terminal_without_the_character_gets_another() -> None:
    bare = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "ascii"}
    program = "from local.console import say; say('2 → 5 Étrier')"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=bare, capture_output=True, check=False)

    assert done.returncode == 0
    assert done.stdout.decode("ascii").split() == ["2", "?", "5", "?trier"]


def test_no_command_explains_itself_and_a_wrong_one_is_an_error() -> None:
    plain, wrong = (
        subprocess.run([sys.executable, "-m", "local", *words], cwd=ROOT, capture_output=True, text=True, check=False)
        for words in ([], ["nonsense"])
    )

    assert (plain.returncode, wrong.returncode) == (0, 2)
    assert "demo        the finite story" in plain.stdout
    assert "demo        the finite story" in wrong.stderr


def test_a_second_stack_in_the_same_place_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "stack.json"
    state.write_text(json.dumps({"pid": os.getpid(), "forecast_url": "http://127.0.0.1:5057"}))

    with pytest.raises(ProcessError, match=f"already running .process {os.getpid()}"):
        up.refuse_a_second_stack(state)


@pytest.mark.parametrize("left", ["", "{", '{"pid": 0}'])
def test_what_a_killed_stack_left_is_no_running_stack(tmp_path: Path, left: str) -> None:
    state = tmp_path / "stack.json"
    state.write_text(left)

    assert up.running_stack(state) is None


def test_a_command_with_no_stack_running_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "running_stack", lambda: None)

    with pytest.raises(ProcessError, match="start one with `make up`"):
        up.run_with(["python", "-m", "restock", "status"])
