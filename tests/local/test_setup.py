"""Set-up builds whole environments: interrupted, changed or copied ones are made anew, finished ones are kept."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from local import pythons, setup
from local.uv import Pip, Uv


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one environment that needs nothing, in a folder with a blank in its name."""
    root = tmp_path / "a clone"
    root.mkdir()
    (root / "pins.txt").write_text("")
    uv = Uv(setup.ROOT / ".local").program
    monkeypatch.setattr(Pip, "find", lambda: None)  # it takes a second, and nothing here needs it
    monkeypatch.setenv("PATH", f"{Path(uv).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(setup, "ROOT", root)
    monkeypatch.setattr(setup, "ENVIRONMENTS", {"dev": (root / "env", root / "pins.txt")})
    return root


def make_python(folder: Path) -> None:
    """What making a virtual environment leaves, without its fifteen seconds."""
    setup.python_of(folder / "env").parent.mkdir(parents=True, exist_ok=True)
    setup.python_of(folder / "env").touch()


def is_ready(folder: Path) -> bool:
    return setup.is_ready(folder / "env", folder / "pins.txt")


def test_an_environment_is_made_once_and_sees_the_source(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "restock.py").write_text("WHERE = 'the source'")

    setup.main([])
    setup.main([])

    program = "import restock; print(restock.WHERE)"
    python = setup.python_of(folder / "env")
    assert subprocess.check_output([python, "-c", program], cwd="/", text=True) == "the source\n"
    assert capfd.readouterr().out.count("dev: ready after") == 1


def test_a_set_up_interrupted_half_way_is_finished_by_running_it_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted_in_sync(uv: Uv, words: list[str | Path], remedy: str) -> None:
        make_python(folder)
        if "sync" in words:
            raise KeyboardInterrupt

    monkeypatch.setattr(Uv, "run", interrupted_in_sync)
    with pytest.raises(SystemExit, match="run the same command again"):
        setup.main_or_exit([])
    after_the_interruption = is_ready(folder)

    monkeypatch.setattr(Uv, "run", lambda uv, words, remedy: make_python(folder))
    setup.main_or_exit([])

    assert after_the_interruption is False
    assert is_ready(folder) is True


def test_changed_pins_another_python_or_another_place_ask_for_a_new_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment, pins = folder / "env", folder / "pins.txt"
    make_python(folder)
    (environment / ".pins").write_text(setup.digest_of(pins))
    as_it_was = is_ready(folder)

    with_another_python = setup.is_ready(environment, pins, "3.99")
    with monkeypatch.context() as patch:
        patch.setattr(setup, "ROOT", folder.parent)
        in_another_place = is_ready(folder)
    pins.write_text("# changed")

    assert as_it_was is True
    assert (with_another_python, in_another_place, is_ready(folder)) == (False, False, False)


def test_pins_that_cannot_be_installed_say_what_to_do(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "pins.txt").write_text("nothing==1 --hash=sha256:" + "0" * 64)
    monkeypatch.setenv("UV_NO_INDEX", "1")

    with pytest.raises(SystemExit, match=r"dev: uv could not install pins\.txt \(see above\); mend that and run"):
        setup.main_or_exit([])

    assert is_ready(folder) is False
    assert "you require nothing==1" in capfd.readouterr().err


@pytest.mark.parametrize("version", [(3, 9, 2), (3, 15, 0)])
def test_a_python_outside_what_is_tested_is_told_what_is_needed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...]
) -> None:
    monkeypatch.setattr("sys.version_info", version)

    with pytest.raises(SystemExit, match=r"needs Python 3\.11 to 3\.14; this is .*make PYTHON=python3\.14"):
        setup.main_or_exit([])


def test_other_pythons_are_those_supported_that_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shim(name: str, prints: str) -> None:
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{prints}\n")
        file.chmod(0o755)

    shim("python3.12", r"printf '3.12.9 (main)\\n[GCC]\n3 12\n'")
    shim("python3.13", "exit 127")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/bin:/usr/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr("local.pythons.SUPPORTED", ((3, 12), (3, 13)))
    monkeypatch.setattr("sys.version_info", (3, 11, 7))

    [other] = pythons.find_others()

    assert (other.name, other.version) == ("python3.12", "3.12.9 (main)\n[GCC]")
    assert other.environment.name == "python3.12"
