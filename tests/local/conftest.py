"""A stack with stand-in functions: what is tested here is the stack, not Restock."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import machine
from local.functions import FUNCTIONS
from local.processes import free_port
from local.stack import Options

HTTP = """
import functions_framework

@functions_framework.http
def {name}(request):
    return {{"name": "{name}"}}
"""
CLOUDEVENT = """
import functions_framework

@functions_framework.cloud_event
def {name}(event):
    print("got", event["document"], len(event.data), flush=True)
"""


def write_function(folder: Path, name: str, source: str) -> None:
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "main.py").write_text(source, encoding="utf-8")


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return options_in(tmp_path)


def options_in(folder: Path) -> Options:
    """Options of a stack that keeps to this folder, in which functions stand in a folder with a blank in its name."""
    functions = folder / "stand ins"
    for function in FUNCTIONS.values():
        template = CLOUDEVENT if function.signature == "cloudevent" else HTTP
        write_function(functions, function.name, template.format(name=function.name))
    return Options(
        project="demo-stack",
        functions_dir=functions,
        log_dir=folder / "logs",
        state_file=folder / "stack.json",
        forecast_port=free_port(),
    )


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with an empty home and nothing on its PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.delenv("FIRESTORE_EMULATOR_JAR", raising=False)
    monkeypatch.delenv("FIREBASE_EMULATORS_PATH", raising=False)
    monkeypatch.setattr(machine, "INSTALLED_SDKS", ())
    monkeypatch.setattr(machine, "ROOT", tmp_path)  # where set-up may have put one
    return tmp_path
