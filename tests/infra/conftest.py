"""One project after its first deploy, made once with the real gcloud; each test starts from a copy of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.stage import STAGED
from tests.infra import warm_gcloud
from tests.infra.fake_apis import FakeGoogle
from tests.infra.fake_google import environment, running
from tests.infra.fake_project import Recorded
from tests.infra.made import PLACE

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = """
project = "demo-shop"
region = "europe-west1"
time_zone = "Europe/Berlin"
size = "medium"
auth = "firebase"
alert_email = "owner@example.com"
make_database = true
"""
CHAIN = {"chain": "true", "shops": "1000"}
ON_APPOINTMENT = f"{PLACE}/functions/restock-on-appointment"


@dataclass
class Ended:
    """How one command of the tool ended."""

    status: int
    text: str
    requests: list[Recorded]

    @property
    def changes(self) -> list[Recorded]:
        return [request for request in self.requests if request.is_change]


@dataclass
class World:
    """A copy of the source tree, a project at the fake Google, and the tool between the two."""

    tree: Path
    google: FakeGoogle
    variables: dict[str, str]
    first: Ended | None = None
    snapshots: list[Any] = field(default_factory=list)
    made_chain: Ended | None = None

    def infra(self, *words: str, stdin: str = "") -> Ended:
        """Run ``python -m infra`` as an operator would."""
        if words[0] == "deploy" and not stdin:
            words = (*words, "--yes")
        before = len(self.google.requests)
        done = subprocess.run(
            [sys.executable, "-m", "infra", *words],
            cwd=self.tree,
            env={**os.environ, **self.variables},
            input=stdin,
            text=True,
            capture_output=True,
            check=False,
        )
        return Ended(done.returncode, done.stdout + done.stderr, self.google.requests[before:])

    def settings(self, **changed: str) -> None:
        """Write the settings file, some lines changed or added."""
        lines = dict(line.split(" = ", 1) for line in SETTINGS.strip().splitlines()) | changed
        text = "\n".join(f"{key} = {value}" for key, value in lines.items())
        (self.tree / "infra/settings.toml").write_text(text, encoding="utf-8")


def copy_tree(target: Path) -> Path:
    """What a deploy reads: other work on the tree cannot change it during a test."""
    for folder in ("infra", "restock"):
        shutil.copytree(ROOT / folder, target / folder, ignore=shutil.ignore_patterns("__pycache__", "settings.toml"))
    for door in STAGED:
        (target / "functions" / door).mkdir(parents=True)
        for path in (ROOT / "functions" / door).iterdir():
            if path.is_file():
                shutil.copyfile(path, target / "functions" / door / path.name)
    return target


@pytest.fixture(scope="session")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    google = FakeGoogle()
    with running(google):
        variables = environment(google, tmp_path_factory.mktemp("gcloud-config"))
        with warm_gcloud.running(tmp_path_factory.mktemp("warm"), variables) as warm:
            yield World(copy_tree(tmp_path_factory.mktemp("tree")), google, warm)


@pytest.fixture(scope="session")
def _deployed(_world: World) -> World:
    _world.google.restore(FakeGoogle().save())
    _world.settings()
    _world.first = _world.infra("deploy")
    _world.snapshots.append(_world.google.save())
    return _world


@pytest.fixture
def empty(_world: World) -> World:
    """A project with nothing in it."""
    _world.google.restore(FakeGoogle().save())
    _world.settings()
    return _world


@pytest.fixture
def deployed(_deployed: World) -> Iterator[World]:
    """The project right after a first deploy that ended well; source and settings are put back afterwards."""
    assert _deployed.first is not None
    assert _deployed.first.status == 0, _deployed.first.text
    _deployed.google.restore(_deployed.snapshots[0])
    _deployed.settings()
    yield _deployed
    _deployed.settings()


@pytest.fixture(scope="session")
def _chain(_deployed: World) -> World:
    """The same made a chain's, as docs/chain.md says: without on_appointment, whose trigger keeps its path."""
    google = _deployed.google
    google.restore(_deployed.snapshots[0])
    _deployed.settings(**CHAIN)
    google.undo_function(ON_APPOINTMENT, google.resources[f"cloudfunctions {ON_APPOINTMENT}"])
    _deployed.made_chain = _deployed.infra("deploy", "--no-smoke")
    _deployed.snapshots.append(google.save())
    return _deployed


@pytest.fixture
def chain(_chain: World) -> Iterator[World]:
    """The project right after it was made a chain's."""
    assert _chain.made_chain is not None
    assert _chain.made_chain.status == 0, _chain.made_chain.text
    _chain.google.restore(_chain.snapshots[1])
    _chain.settings(**CHAIN)
    yield _chain
    _chain.settings()


@pytest.fixture
def source(_world: World) -> Iterator[Callable[[str, str], None]]:
    """Appends to a file of the copied tree, and takes it back."""
    originals: dict[Path, str] = {}

    def append(name: str, text: str) -> None:
        path = _world.tree / name
        originals.setdefault(path, path.read_text(encoding="utf-8"))
        path.write_text(originals[path] + text, encoding="utf-8")

    yield append
    for path, text in originals.items():
        path.write_text(text, encoding="utf-8")
