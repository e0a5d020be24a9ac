"""What the forecast function imports before its first answer: its cold start is a product feature."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from local.setup import ROOT, python_of

PYTHON = python_of(ROOT / "functions/forecast/venv")
FORBIDDEN = ("pandas", "sklearn", "joblib", "scipy", "pyarrow", "google.cloud", "google.auth", "grpc", "requests")
SETTINGS = {"GOOGLE_CLOUD_PROJECT": "demo-shop", "RESTOCK_BUCKET": "models", "SHOP_TIME_ZONE": "Europe/London"}
LIST_MODULES = """
import json, sys
from functions_framework import create_app
before = set(sys.modules)
create_app("forecast", sys.argv[1])
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def run(code: str) -> str:
    """Run this in the function's own environment, after its door was imported."""
    start = 'import json, sys\nfrom functions_framework import create_app\ncreate_app("forecast", sys.argv[1])\n'
    return _python(start + code, {**SETTINGS, "FORECAST_AUTH": "iam"}).stdout


def modules_at_start(**settings: str) -> list[str]:
    """What the door adds to the framework's own modules."""
    done = _python(LIST_MODULES, {**SETTINGS, **settings})
    return json.loads(done.stdout.splitlines()[-1])


def _python(code: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [str(PYTHON), "-c", code, str(ROOT / "functions/forecast/main.py")]
    return subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("auth", ["public", "iam", "firebase"])
def test_nothing_heavy_is_imported_at_start(auth):
    modules = modules_at_start(FORECAST_AUTH=auth)

    heavy = [name for name in modules if name in FORBIDDEN or name.startswith(tuple(f"{word}." for word in FORBIDDEN))]
    assert heavy == []


BUDGET = {"ctypes", "gc", "sysconfig", "zoneinfo", "orjson", "restock", "main"}
"""Top-level modules that a start may add to the framework's own. numpy comes in the worker, beside the model."""


def test_nothing_new_is_imported_at_start_unnoticed():
    added = {name.split(".")[0] for name in modules_at_start(FORECAST_AUTH="public")}

    assert {name for name in added if not name.startswith("_")} - BUDGET == set()


def test_the_first_answer_needs_only_numpy_besides():
    """What the worker imports when the model arrives, and no more."""
    done = run(
        "before = set(sys.modules); import restock.serving.model; print(json.dumps(sorted(set(sys.modules) - before)))"
    )

    added = {name.split(".")[0] for name in json.loads(done)}
    assert "numpy" in added
    assert not added & {word.split(".")[0] for word in FORBIDDEN if word != "google.cloud"}
