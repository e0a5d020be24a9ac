"""The examples in infra's docstrings."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted((ROOT / "infra").rglob("*.py"))]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith(("__main__", "__init__"))])
def test_the_examples_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
