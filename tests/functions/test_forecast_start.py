"""What the forecast function imports before its first answer: its cold start is a product feature."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from local.setup import ROOT, python_of

PYTHON = python_of(ROOT / "functions/forecast/venv")
FORBIDDEN = ("pandas", "sklearn", "joblib", "scipy", "pyarrow", "google.cloud", "google.auth", "grpc", "requests")
LIST_MODULES = """
import json, sys
from functions_framework import create_app
before = set(sys.modules)
create_app("forecast", sys.argv[1])
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_at_start(**settings: str) -> list[str]:
    """What the door adds to the framework's own modules."""
    environment = {
        **os.environ,
        "GOOGLE_CLOUD_PROJECT": "demo-shop",
        "RESTOCK_BUCKET": "models",
        "SHOP_TIME_ZONE": "Europe/London",
        **settings,
    }
    main = ROOT / "functions/forecast/main.py"
    done = subprocess.run(
        [str(PYTHON), "-c", LIST_MODULES, str(main)], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("auth", ["public", "iam", "firebase"])
def test_nothing_heavy_is_imported_at_start(auth):
    modules = modules_at_start(FORECAST_AUTH=auth)

    heavy = [name for name in modules if name in FORBIDDEN or name.startswith(tuple(f"{word}." for word in FORBIDDEN))]
    assert heavy == []


def test_a_wrong_setting_stops_it_at_start_with_every_mistake(tmp_path: Path):
    environment = {**os.environ, "SHOP_TIME_ZONE": "Mars/Olympus", "FORECAST_AUTH": "maybe", "RESTOCK_BUCKET": ""}
    main = ROOT / "functions/forecast/main.py"

    done = subprocess.run(
        [str(PYTHON), "-c", LIST_MODULES, str(main)], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    for words in (
        "SHOP_TIME_ZONE='Mars/Olympus' is not a time zone",
        "FORECAST_AUTH='maybe'",
        "RESTOCK_BUCKET is not set",
    ):
        assert words in done.stderr
