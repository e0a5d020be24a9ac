"""Keeps the written rules true: what is documented, what may be imported where, what the doors carry."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from local.setup import ENVIRONMENTS, python_of
from restock import settings
from restock.stored import names
from tests.functions.test_forecast_start import FORBIDDEN
from tests.structure import import_circles, imported, parsed, python_files, reads_of_stored_fields

ROOT = Path(__file__).resolve().parent.parent
DOORS = ("on_appointment", "retrain", "forecast")
DOOR_ENVIRONMENT = {
    "GOOGLE_CLOUD_PROJECT": "p",
    "RESTOCK_BUCKET": "b",
    "SHOP_TIME_ZONE": "Europe/London",
    "RETRAIN_QUEUE": "projects/p/locations/l/queues/q",
    "RETRAIN_URL": "http://127.0.0.1:1",
    "PATH": "/usr/bin:/bin",
}
FORBIDDEN_AT_START = {
    "on_appointment": {"pandas", "numpy", "sklearn", "grpc", "pyarrow", "scipy", "joblib"},
    "forecast": set(FORBIDDEN) - {"google.cloud"},  # the framework brings a part of that; clients are looked for below
}


def pins(file: Path) -> dict[tuple[str, str], str]:
    """(package, marker) → version."""
    pattern = re.compile(r"^([a-z0-9._-]+)==(\S+)(?: ; (.*?))?(?: \\)?$", re.MULTILINE)
    return {(name, marker): version for name, version, marker in pattern.findall(file.read_text(encoding="utf-8"))}


def test_every_setting_is_in_the_readme_as_declared() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    documented = re.search(r"<!-- settings.*?-->\n(.*?)\n<!-- end of settings -->", readme, re.DOTALL)

    assert documented, "the README has lost the markers around its table of settings"
    assert documented[1] == settings.table(), "run python -m restock.settings and paste its table into the README"


def test_every_file_the_readme_points_to_exists() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"\]\(([^)#:]+)\)", readme) + re.findall(
        r"`((?:restock|local|infra|functions|bench)/[\w/*.]+)`", readme
    )

    assert len(named) > 20
    assert [name for name in named if not list(ROOT.glob(name.rstrip("/")))] == []


def test_every_verb_that_is_named_is_in_the_makefile() -> None:
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    texts = [*python_files("restock", "local", "infra", "bench"), *ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    # In backticks, at the start of a line, or at the start of what a program prints.
    named = re.compile(r"(?:`|^ *|[\"':] *)make ([a-z]+(?:-[a-z]+)*)(?=[`\"',]|  |$)", re.MULTILINE)
    found = [(file.name, verb) for file in texts for verb in named.findall(file.read_text(encoding="utf-8"))]

    assert len(found) > 40
    assert [(name, verb) for name, verb in found if verb not in verbs] == []


@pytest.mark.parametrize("page", ["promises.md", "peers.md"])
def test_every_test_that_a_page_names_exists(page: str) -> None:
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs" / page).read_text(encoding="utf-8"))
    existing = {
        found for file in python_files("tests") for found in re.findall(r"def (test_\w+)\(", file.read_text("utf-8"))
    }

    assert len(named) > 15
    assert sorted(set(named) - existing) == []


def test_google_cloud_is_imported_in_restock_gcp_alone() -> None:
    offenders = [
        str(file.relative_to(ROOT))
        for file in python_files("restock", "functions")
        if "restock/gcp" not in file.as_posix()
        and any(name.split(".")[:2] in (["google", "cloud"], ["google", "auth"]) for name in imported(parsed(file)))
    ]

    assert offenders == []


def test_what_is_stored_is_read_by_its_own_class_alone() -> None:
    """By attribute, once it is decoded: a read by name elsewhere is a second idea of its shape."""
    assert reads_of_stored_fields() == []


def test_no_modules_need_each_other_in_a_circle() -> None:
    assert import_circles() == []


def test_a_collection_is_spelled_in_one_place_alone() -> None:
    collections = {names.CATALOGUE, names.CHANGES, names.RUNS, names.STATES, names.STATE}
    spelled = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.value}"
        for file in python_files("restock", "functions", "infra", "local", "bench")
        if file != ROOT / "restock" / "stored" / "names.py"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in collections
    ]

    assert spelled == []


@pytest.mark.parametrize("door", DOORS)
def test_nothing_stands_beside_an_entry_file(door: str) -> None:
    """Two functions with equally named siblings, loaded in one process, silently share the first one."""
    modules = [file.name for file in (ROOT / "functions" / door).glob("*.py")]

    assert modules == ["main.py"]


@pytest.mark.parametrize("door", DOORS)
def test_shared_pins_are_equal_everywhere(door: str) -> None:
    function, dev = pins(ROOT / "functions" / door / "requirements.txt"), pins(ROOT / "requirements-dev.txt")

    assert len(function) > 10
    assert {pin: version for pin, version in function.items() if dev.get(pin, version) != version} == {}


@pytest.mark.parametrize("lock", ["requirements-dev.txt", *(f"functions/{door}/requirements.txt" for door in DOORS)])
def test_locks_hold_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")

    assert "--hash=sha256:" in text
    assert not re.search(r"https?://|--index-url|--find-links|file:", text)


@pytest.mark.parametrize("wanted", ["requirements-dev.in", *(f"functions/{door}/requirements.in" for door in DOORS)])
def test_every_dependency_has_its_reason_beside_it(wanted: str) -> None:
    lines = [
        line for line in (ROOT / wanted).read_text(encoding="utf-8").splitlines() if line and not line.startswith("-r")
    ]

    assert [line for line in lines if not re.search(r"#\s*\w", line)] == []


@pytest.mark.parametrize("door", sorted(FORBIDDEN_AT_START))
def test_the_light_doors_are_light_at_start(door: str) -> None:
    """Promise 7 and the cold start rest on this: what is not loaded can neither execute nor cost time."""
    environment = ENVIRONMENTS[door][0]
    main = ROOT / "functions" / door / "main.py"
    script = f"import runpy, sys; runpy.run_path({str(main)!r}); print(*sorted(sys.modules))"

    done = subprocess.run(
        [python_of(environment), "-c", script], env=DOOR_ENVIRONMENT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "restock.settings" in loaded
    assert FORBIDDEN_AT_START[door] & loaded == set()
    # functions-framework itself brings a google.cloud.functions; no client may join it
    clients = {name for name in loaded if name.startswith("google.cloud.")}
    assert {name for name in clients if not name.startswith("google.cloud.functions")} == set()


@pytest.mark.parametrize("door", DOORS)
def test_a_wrong_setting_stops_a_function_at_its_start_with_all_mistakes(door: str) -> None:
    environment = {**DOOR_ENVIRONMENT, "SHOP_TIME_ZONE": "Mars/Olympus"}
    del environment["GOOGLE_CLOUD_PROJECT"]

    done = subprocess.run(
        [python_of(ENVIRONMENTS[door][0]), ROOT / "functions" / door / "main.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "GOOGLE_CLOUD_PROJECT is not set" in done.stderr
    assert "SHOP_TIME_ZONE='Mars/Olympus' is not a time zone; write one like Europe/London" in done.stderr
