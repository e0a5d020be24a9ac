"""What a person types after make reaches the program as it was typed: nothing in it is expanded or run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.setup import ROOT

pytestmark = [
    pytest.mark.needs("make"),
    pytest.mark.skipif(sys.platform == "win32", reason="without make, there is nothing in between"),
]
TYPED = [
    "x;echo INJECTED",
    "$(echo INJECTED)",
    "`echo INJECTED`",
    "$(shell echo INJECTED)",
    "$HOME",
    "a$$b",
    "two words",
    'it\'s "quoted"',
    "*",
    "# no comment",
    "back\\slash",
    "--help",
    "Étrier",
]


def words_of(tmp_path: Path, *typed: str) -> list[str]:
    """What make hands to the program when a person types this."""
    printer = tmp_path / "printer.py"
    printer.write_text("import json, sys; print(json.dumps(sys.argv[1:]))")
    program = f"RUN='{sys.executable}' '{printer}'"
    environ = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
    command = ["make", "--no-print-directory", "SETUP=@true", "OPERATE=restock", program, *typed]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    return [str(word) for word in json.loads(done.stdout)]


@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize(
    ("verb", "variable", "before"),
    [
        ("forget", "ID", ["restock", "forget", "--"]),
        ("rollback", "VERSION", ["restock", "rollback", "--"]),
        ("accuracy", "DATA", ["bench.accuracy", "--"]),
        ("rotate", "ACCOUNT", ["infra", "rotate", "--"]),
    ],
)
def test_an_argument_reaches_the_program_as_it_was_typed(
    tmp_path: Path, verb: str, variable: str, before: list[str], typed: str
) -> None:
    assert words_of(tmp_path, verb, f"{variable}={typed}") == [*before, typed]


@pytest.mark.parametrize("verb", ["forget", "rollback", "accuracy"])
def test_an_argument_that_was_not_typed_is_not_there(tmp_path: Path, verb: str) -> None:
    assert words_of(tmp_path, verb)[-1] in {"forget", "rollback", "bench.accuracy"}


@pytest.mark.parametrize("typed", TYPED)
def test_a_shop_reaches_the_program_as_it_was_typed(tmp_path: Path, typed: str) -> None:
    assert words_of(tmp_path, "forget", f"SHOP={typed}", "ID=a") == ["restock", "forget", f"--shop={typed}", "--", "a"]
