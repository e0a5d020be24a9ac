"""The commands a person types: what they say when something is amiss, on any terminal."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local import running_stack, up
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
    with socket.create_server(("127.0.0.1", 0)) as server:
        environment = {"TASKS_EMULATOR_HOST": f"127.0.0.1:{server.getsockname()[1]}"}
        state.write_text(json.dumps({"pid": 7, "forecast_url": "http://127.0.0.1:5057", "environment": environment}))

        with pytest.raises(ProcessError, match="already running"):
            up.refuse_a_second_stack(state)


def test_a_command_with_no_stack_running_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_stack, "described", lambda file: {})

    with pytest.raises(ProcessError, match="start one with `make up`"):
        up.run_with(["python", "-m", "restock", "status"])
