"""Opens a door in this process: its main.py through create_app, with a test client."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from functions_framework import create_app

from tests.builders import environment

FUNCTIONS = Path(__file__).parents[2] / "functions"


def open_door(name: str, monkeypatch: Any, **changed: str) -> tuple[Any, ModuleType]:
    """The test client and the door's module, whose stores a test may replace."""
    for variable, value in environment(**changed).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delitem(sys.modules, "main", raising=False)
    app = create_app(name, str(FUNCTIONS / name / "main.py"))
    return app.test_client(), sys.modules["main"]
