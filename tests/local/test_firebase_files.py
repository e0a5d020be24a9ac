"""What the Firebase CLI is given: its configuration, on free ports, and a jar it can run."""

from __future__ import annotations

import json
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.firebase import configuration, runnable_jar
from local.setup import ROOT


@pytest.fixture
def taken_port() -> Iterator[int]:
    """The functions emulator's usual port, held by somebody."""
    port = json.loads((ROOT / "firebase.json").read_text())["emulators"]["functions"]["port"]
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", port))
        except OSError:
            yield port  # somebody really holds it
            return
        other.listen()
        yield port


def test_the_firebase_emulators_move_when_a_port_of_theirs_is_taken(taken_port: int) -> None:
    with configuration() as (file, ports):
        moved = json.loads(file.read_text())["emulators"]["functions"]["port"]

        assert file.parent == ROOT, "the CLI takes its folder for the project"
        assert file.name != "firebase.json"
        assert moved == ports["functions"] != taken_port

    assert not file.exists()
    assert (ROOT / "firebase.json").exists()


def test_every_function_of_firebase_json_has_its_description() -> None:
    config = json.loads((ROOT / "firebase.json").read_text())

    sources = {about["source"] for about in config["functions"]}

    assert sources == {"functions/on_appointment", "functions/retrain", "functions/forecast"}
    assert all((ROOT / source / "functions.yaml").is_file() for source in sources)


def test_a_jar_in_a_deep_folder_with_a_blank_is_named_in_folded_lines(tmp_path: Path) -> None:
    deep = tmp_path / ("a folder " + "x" * 100) / "emulator.jar"

    wrapper = runnable_jar(deep, "org.example.Main", tmp_path / "wrapper.jar")

    manifest = zipfile.ZipFile(wrapper).read("META-INF/MANIFEST.MF").decode()
    assert max(len(line) for line in manifest.split("\r\n")) <= 72
    assert deep.as_uri() in manifest.replace("\r\n ", "")
