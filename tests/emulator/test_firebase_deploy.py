"""A reflexive `firebase deploy` in this folder changes nothing, whatever --only says; deploying is `make deploy`'s."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import firebase_cli, machine
from local.setup import ROOT
from tests.emulator.recording_proxy import Recording, recording
from tests.waiting import wait_until

pytestmark = pytest.mark.needs("node")

ORIGIN = re.compile(r'envOverride\("(\w+)", "https://([\w.-]+)"')


@pytest.fixture(scope="module", autouse=True)
def _cli() -> None:
    firebase_cli.install()


@pytest.fixture
def google() -> Iterator[Recording]:
    with recording() as seen:
        yield seen


def deploy(google: Recording, home: Path, *words: str, config: Path = ROOT / "firebase.json") -> subprocess.Popen[str]:
    """Start it as somebody who is signed in, with every service of Google behind the recording."""
    services = ORIGIN.findall((firebase_cli.TOOLS / "api.js").read_text(encoding="utf-8"))
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "FIREBASE_TOKEN": "a refresh token",
        "HTTP_PROXY": google.url,
        "HTTPS_PROXY": google.url,
        **{variable: f"http://{host}" for variable, host in services},
    }
    command = [str(machine.on_path("node")), str(firebase_cli.CLI), "deploy", "--project", "restock-nowhere"]
    return subprocess.Popen(
        [*command, "--non-interactive", "--force", "--config", str(config), *words],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def refusal(google: Recording, home: Path, *words: str) -> str:
    """What it says when it ends, which must not be success."""
    with deploy(google, home, *words) as cli:
        said, _ = cli.communicate(timeout=120)
    assert cli.returncode != 0, said
    return said


@pytest.mark.parametrize("only", ["", "functions"])
def test_a_deploy_of_the_functions_is_refused_and_names_the_right_one(
    google: Recording, tmp_path: Path, only: str
) -> None:
    said = refusal(google, tmp_path, *(["--only", only] if only else []))

    assert "Restock is deployed by make deploy" in said
    assert any(url.endswith(":testIamPermissions") for _, url in google.sent), said
    assert google.changing == []


@pytest.mark.parametrize("only", ["firestore", "firestore:rules"])
def test_there_are_no_rules_to_deploy(google: Recording, tmp_path: Path, only: str) -> None:
    said = refusal(google, tmp_path, "--only", only)

    assert "No targets in firebase.json match" in said
    assert google.changing == []


def test_without_the_refusals_something_would_have_been_sent(google: Recording, tmp_path: Path) -> None:
    config = json.loads((ROOT / "firebase.json").read_text())
    for codebase in config["functions"]:
        del codebase["predeploy"]
    unguarded = ROOT / f".firebase-unguarded-{os.getpid()}.json"  # the CLI takes its folder for the project
    unguarded.write_text(json.dumps(config))

    try:
        with deploy(google, tmp_path, config=unguarded) as cli:
            wait_until(lambda: bool(google.changing) or cli.poll() is not None)
            cli.kill()  # it would wait for what it has asked for
    finally:
        unguarded.unlink()

    assert google.changing != []


def test_no_rules_lie_where_the_cli_or_a_person_would_look_for_them() -> None:
    assert "firestore" not in json.loads((ROOT / "firebase.json").read_text())
    assert list(ROOT.glob("*.rules")) == []
