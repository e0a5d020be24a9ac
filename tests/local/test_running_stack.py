"""Which Restock the operator's verbs mean: the local one only while it runs."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from local import running_stack


def written(folder: Path, port: int) -> Path:
    file = folder / "stack.json"
    file.write_text(json.dumps({"environment": {"RESTOCK_BUCKET": "b", "TASKS_EMULATOR_HOST": f"127.0.0.1:{port}"}}))
    return file


def test_a_running_stack_is_believed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        file = written(tmp_path, server.getsockname()[1])

        assert running_stack.environment(file)["RESTOCK_BUCKET"] == "b"


def test_what_a_killed_stack_left_is_ignored_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert running_stack.environment(written(tmp_path, port)) == {}
    assert "no longer runs: ignored" in capsys.readouterr().err


@pytest.mark.parametrize("left", ["", "{", "[]", '{"pid": 0}', '{"environment": {}}'])
def test_what_is_no_description_of_a_stack_is_ignored(tmp_path: Path, left: str) -> None:
    (tmp_path / "stack.json").write_text(left)

    assert running_stack.environment(tmp_path / "stack.json") == {}


def test_no_file_is_nothing_to_speak_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert running_stack.environment(tmp_path / "stack.json") == {}
    assert capsys.readouterr().err == ""
