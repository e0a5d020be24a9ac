"""The lock is what gets installed, on any day, with the pip, the settings and the network that a machine has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import indexes, setup
from local.uv import Pip, SetUpError, Uv
from tests.local.package_index import PackageIndex, serving

find_pip = Pip.find


@pytest.fixture
def index() -> Iterator[PackageIndex]:
    with serving() as running:
        yield running


@pytest.fixture
def clone(tmp_path: Path, index: PackageIndex, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with one environment to make from that index, in a folder with a blank; nothing is cached."""
    uv = Uv(setup.ROOT / ".local").program
    root = tmp_path / "a clone"
    root.mkdir()
    monkeypatch.setattr(setup, "ROOT", root)
    monkeypatch.setattr(setup, "ENVIRONMENTS", {"dev": (root / "env", root / "pins.txt")})
    monkeypatch.setattr(Pip, "find", lambda: None)  # it takes a second, and nothing here needs it
    monkeypatch.setenv("PATH", f"{Path(uv).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return root


def installed(root: Path, module: str) -> str:
    program = f"import {module}; print({module}.VERSION)"
    return subprocess.check_output([setup.python_of(root / "env"), "-c", program], cwd="/", text=True).strip()


def test_a_release_after_the_lock_changes_nothing_even_for_what_is_required_with_an_extra(
    clone: Path, index: PackageIndex
) -> None:
    pins = index.release("reporter", "1.0", requires="coverer[more]>=1.0") + index.release("coverer", "1.0")
    index.release("coverer", "1.1")
    (clone / "pins.txt").write_text(pins)

    setup.main([])

    assert installed(clone, "coverer") == "1.0"


def test_a_wheel_that_is_not_what_was_locked_is_refused(
    clone: Path, index: PackageIndex, capfd: pytest.CaptureFixture[str]
) -> None:
    (clone / "pins.txt").write_text(index.release("coverer", "1.0"))
    index.release("coverer", "1.0", script="something else")

    with pytest.raises(SetUpError, match="mend that and run the command again"):
        setup.main([])

    assert "Hash mismatch" in capfd.readouterr().err


def test_without_a_network_what_was_installed_once_is_installed_again(
    clone: Path, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone / "pins.txt").write_text(index.release("coverer", "1.0"))
    setup.main([])
    shutil.rmtree(clone / "env")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy", raising=False)

    setup.main([])

    assert installed(clone, "coverer") == "1.0"


def test_without_a_network_and_with_nothing_kept_the_reason_is_said_and_the_next_run_goes_on(
    clone: Path, index: PackageIndex, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (clone / "pins.txt").write_text(index.release("coverer", "1.0"))
    with monkeypatch.context() as patch:
        patch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
        with pytest.raises(SetUpError, match=r"dev: uv could not install pins\.txt"):
            setup.main([])

    setup.main([])

    assert "127.0.0.1:9" in capfd.readouterr().err
    assert installed(clone, "coverer") == "1.0"


@pytest.mark.skipif(sys.platform == "win32", reason="the cache is elsewhere")
def test_a_home_that_cannot_be_written_moves_the_cache_into_the_clone(
    clone: Path, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone / "pins.txt").write_text(index.release("coverer", "1.0"))
    monkeypatch.delenv("UV_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", os.devnull)

    setup.main([])

    assert installed(clone, "coverer") == "1.0"
    assert (clone / ".local" / "uv-cache").is_dir()


def test_settings_of_uv_that_would_change_what_is_made_are_not_obeyed(
    clone: Path, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    (clone / "pins.txt").write_text(index.release("coverer", "1.0"))
    for name, value in {"UV_SYSTEM_PYTHON": "1", "UV_VENV_SEED": "1", "UV_EXCLUDE_NEWER": "2000-01-01"}.items():
        monkeypatch.setenv(name, value)

    setup.main([])

    assert installed(clone, "coverer") == "1.0"


@pytest.fixture
def without_uv(clone: Path, index: PackageIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No uv on the PATH: the pinned one, here a script, has to come from the index through pip."""
    pins = tmp_path / "uv.txt"
    pins.write_text(index.release("uv", "9.0", script="#!/bin/sh\necho uv 9.0\n"))
    monkeypatch.setattr("local.uv.PINS", pins)
    monkeypatch.setattr(Pip, "find", find_pip)
    monkeypatch.setenv("PATH", os.defpath)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    return clone / ".local"


@pytest.mark.needs("pip")
@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
def test_pip_fetches_uv_once_whatever_else_its_user_has_set(
    without_uv: Path, index: PackageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    everywhere = {"PIP_USER": "1", "PIP_REQUIRE_VIRTUALENV": "1", "PIP_PREFIX": "/nowhere", "PIP_PYTHON": "/nowhere"}
    for name, value in {**everywhere, "PIP_TARGET": "/nowhere", "PIP_CONSTRAINT": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    program = Uv(without_uv).program

    index.wheels.clear()

    assert subprocess.check_output([program], text=True) == "uv 9.0\n"
    assert Uv(without_uv).program == program


@pytest.mark.needs("pip")
@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
def test_a_uv_that_is_not_the_pinned_one_is_refused_and_fetched_by_the_next_run(
    without_uv: Path, index: PackageIndex, capfd: pytest.CaptureFixture[str]
) -> None:
    released = dict(index.wheels)
    index.release("uv", "9.0", script="#!/bin/sh\necho evil\n")
    uv = Uv(without_uv)
    with pytest.raises(SetUpError, match="pip could not fetch uv"):
        _ = uv.program

    index.wheels.update(released)

    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in capfd.readouterr().err
    assert subprocess.check_output([uv.program], text=True) == "uv 9.0\n"


def test_with_neither_pip_nor_uv_both_are_named(without_uv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.uv.BASE_PYTHON", sys.executable)  # our environments have no pip

    with pytest.raises(SetUpError, match=r"needs pip or uv.*apt-get install python3-pip.*docs\.astral\.sh/uv"):
        _ = Uv(without_uv).program


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
@pytest.mark.parametrize(("says", "is_taken"), [("uv 0.8.0 (abc)", True), ("uv 0.7.22", False), ("broken", False)])
def test_a_uv_on_the_path_is_taken_if_it_knows_how(
    without_uv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, is_taken: bool
) -> None:
    theirs = tmp_path / "uv"
    theirs.write_text(f"#!/bin/sh\necho '{says}'\n")
    theirs.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    monkeypatch.setattr(Uv, "_fetched", lambda uv: Path("ours"))

    assert Uv(without_uv).program == (str(theirs) if is_taken else "ours")


def test_a_mirror_told_to_pip_is_told_to_uv() -> None:
    listing = (
        "global.extra-index-url='\\nhttps://one/simple\\nhttps://two/simple'\n"
        "global.find-links='/opt/nonesuch https://three/wheels'\n"
        "global.index-url='https://old/simple'\nglobal.user='true'\nfreeze.index-url='https://not/this'\n"
        "install.index-url='https://name:secret@mirror/simple'\nglobal.trusted-host='mirror'\nglobal.cert='/a/b.pem'\n"
        ":env:.proxy='http://proxy:3128'\n"
    )

    told = indexes.uv_environment(indexes.read_pip_settings(listing), {})

    assert told == {
        "UV_DEFAULT_INDEX": "https://name:secret@mirror/simple",
        "UV_INDEX": "https://one/simple https://two/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "https://three/wheels",
        "UV_INSECURE_HOST": "mirror",
        "SSL_CERT_FILE": "/a/b.pem",
        "ALL_PROXY": "http://proxy:3128",
    }


def test_what_uv_is_told_itself_wins_over_what_pip_is_told() -> None:
    settings = {"index-url": "https://pips/simple", "extra-index-url": "https://more/simple", "no-index": "false"}

    told = indexes.uv_environment(settings, {"UV_DEFAULT_INDEX": "https://uvs/simple", "UV_VENV_SEED": "1", "A": "b"})

    assert told == {
        "UV_DEFAULT_INDEX": "https://uvs/simple",
        "UV_INDEX": "https://more/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "A": "b",
    }
