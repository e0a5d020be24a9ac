"""Staging: each function gets its folder and what it imports of restock/, and starts with only its own requirements."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from infra.errors import InfraError
from infra.parts.functions import variables_of
from infra.settings import DOORS
from infra.stage import LIBRARIES_OF, STAGED, stage
from tests.infra.conftest import copy_tree
from tests.infra.test_settings import ROOT, settings
from tests.waiting import wait_until


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    write(
        tmp_path,
        {
            "functions/forecast/main.py": "from restock.serving import api\n\ndef late():\n    import restock.late\n",
            "functions/forecast/requirements.txt": "flask==3\n",
            "functions/forecast/requirements.in": "flask\n",
            "functions/forecast/venv/lib/flask.py": "",
            "restock/__init__.py": "",
            "restock/late.py": "",
            "restock/typed.py": "",
            "restock/other.py": "",
            "restock/serving/__init__.py": "",
            "restock/serving/api.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import restock.typed\n",
            "restock/serving/page/index.html": "<p>",
            "restock/forecasting/__init__.py": "",
            "restock/forecasting/notes.txt": "",
        },
    )
    return tmp_path


def test_only_what_is_imported_is_staged_and_data_beside_it(small_tree: Path) -> None:
    assert stage("forecast", small_tree).files == (
        "main.py",
        "requirements.txt",
        "restock/__init__.py",
        "restock/late.py",
        "restock/serving/__init__.py",
        "restock/serving/api.py",
        "restock/serving/page/index.html",
    )


def test_a_digest_is_of_names_and_contents_only(small_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("clone")
    shutil.copytree(small_tree, elsewhere, dirs_exist_ok=True)
    os.utime(elsewhere / "functions/forecast/main.py", (1, 1))
    write(small_tree, {"restock/other.py": "# nobody imports this"})

    before = stage("forecast", small_tree).digest

    assert stage("forecast", elsewhere).digest == before
    write(small_tree, {"restock/serving/page/index.html": "<p>changed"})
    assert stage("forecast", small_tree).digest != before


def test_what_was_staged_before_does_not_linger(small_tree: Path) -> None:
    write(small_tree, {"build/forecast/old.py": ""})

    stage("forecast", small_tree)

    assert not (small_tree / "build/forecast/old.py").exists()


def test_a_folder_without_requirements_is_refused(small_tree: Path) -> None:
    (small_tree / "functions/forecast/requirements.txt").unlink()

    with pytest.raises(InfraError, match=r"no main\.py or no requirements"):
        stage("forecast", small_tree)


FOREIGN = {
    "forecast": (
        "restock/forecasting/",
        "restock/retraining/",
        "restock/history/",
        "restock/counting/count.py",  # it reads what a booking means, and counts nothing
        "restock/counting/changes.py",
        "restock/counting/threshold.py",
        "restock/gcp/firestore.py",
        "restock/gcp/tasks.py",
    ),
    "retrain": ("restock/serving/api.py", "restock/gcp/identity.py"),
    "sweep": ("restock/serving/api.py", "restock/gcp/identity.py"),
    "on_appointment": (
        "restock/forecasting/",
        "restock/retraining/",
        "restock/history/",
        "restock/serving/",
        "restock/stored/artifact.py",
        "restock/gcp/storage.py",
    ),
}


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = copy_tree(tmp_path_factory.mktemp("staged"))
    for door in STAGED:
        stage(door, tree)
    return tree / "build"


@pytest.mark.parametrize("door", STAGED)
def test_no_function_carries_another_ones_wing(staged: Path, door: str) -> None:
    files = [path.relative_to(staged / door).as_posix() for path in (staged / door).rglob("*") if path.is_file()]

    assert [name for name in files if name.startswith(FOREIGN[door])] == []
    assert {"main.py", "requirements.txt", "restock/settings.py"} <= set(files)
    assert "functions.yaml" not in files
    assert ("Procfile" in files) == (door == "sweep")


def test_the_sweep_is_staged_with_retrains_libraries_and_all_it_needs_of_them(staged: Path) -> None:
    program = "import sys, main; print(*(one for one in ('flask', 'functions_framework') if one in sys.modules))"

    done = subprocess.run(
        [python_of("sweep"), "-c", program], cwd=staged / "sweep", text=True, capture_output=True, check=False
    )

    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr  # a job: no server is even read
    retrains = (staged / "retrain/requirements.txt").read_bytes()
    assert (staged / "sweep/requirements.txt").read_bytes() == retrains


@pytest.mark.parametrize("door", DOORS)
def test_every_staged_module_is_whole(staged: Path, door: str) -> None:
    modules = [
        ".".join(path.relative_to(staged / door).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((staged / door / "restock").rglob("*.py"))
    ]
    program = (
        f"import importlib, restock\nfor name in {modules!r}: importlib.import_module(name)\nprint(restock.__file__)"
    )

    done = subprocess.run(
        [python_of(door), "-c", program], cwd=staged / door, text=True, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(staged / door / "restock/__init__.py")


@pytest.mark.parametrize("door", DOORS)
def test_every_staged_function_starts_with_only_its_own_requirements(staged: Path, door: str) -> None:
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "STORAGE_EMULATOR_HOST": f"http://127.0.0.1:{free_port()}",  # nobody there: no model, and nothing leaves
        "FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{free_port()}",
        **variables_of(settings(auth="public"), door, "5"),
    }
    argv = [
        python_of(door).replace("bin/python", "bin/functions-framework"),
        f"--target={door}",
        f"--port={port}",
        "--host=127.0.0.1",
    ]
    server = subprocess.Popen(argv, cwd=staged / door, env=environment, start_new_session=True)
    try:
        status = answer(f"http://127.0.0.1:{port}/health", server)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()

    assert status == {"forecast": 200, "retrain": 405, "on_appointment": 405}[door]


def python_of(door: str) -> str:
    door = LIBRARIES_OF.get(door, door)
    python = ROOT / "functions" / door / "venv/bin/python"
    if not python.exists():
        pytest.fail(f"functions/{door}/venv is missing: python3 -m local.setup")
    return str(python)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def answer(url: str, server: subprocess.Popen) -> int:
    """The status of the first answer; a server that ends or stays silent for a minute fails the test."""

    def status() -> int:
        assert server.poll() is None, f"the server ended with {server.poll()}"
        try:
            with urllib.request.urlopen(url, timeout=30) as found:
                return int(found.status)
        except urllib.error.HTTPError as exc:
            return exc.code
        except OSError:
            return 0

    return wait_until(status, every_seconds=0.2)
