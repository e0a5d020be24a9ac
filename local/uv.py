"""uv, which makes every environment: it installs exactly what a lock says, whatever has been released since.

The machine's own where it has a fitting one; else the one pinned in local/uv.txt, which pip puts into .local. That file
names one package with no dependencies by the hashes of its wheels, so that any pip understands it on any day.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local import indexes

PINS = Path(__file__).with_name("uv.txt")
OLDEST = (0, 8)  # the first that knows `uv venv --clear`
BASE_PYTHON = str(getattr(sys, "_base_executable", None) or sys.executable)
"""The interpreter behind the one that runs: our own environments have no pip and may be about to be replaced."""


class SetUpError(Exception):
    """Something could not be installed; the message says what, and what to do."""


class Uv:
    """uv, found or fetched on first use; `place` is where it may keep things (.local)."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def run(self, words: list[str | Path], remedy: str, *, cwd: Path | None = None, cache_will_do: bool = True) -> None:
        """Run it; without a network, what an earlier run has kept may be enough, but uv must be told so."""
        command = [self.program, *map(str, words)]
        tried = run_quietly(command, self.environment, cwd)
        if tried.returncode == 0:
            return
        if cache_will_do and run_quietly([*command, "--offline"], self.environment, cwd).returncode == 0:
            return
        sys.stderr.write(tried.stderr)
        raise SetUpError(remedy)

    @cached_property
    def program(self) -> str:
        found = shutil.which("uv")
        return found if found and is_fitting(version_of(found)) else str(self._fetched())

    @cached_property
    def environment(self) -> dict[str, str]:
        environment = indexes.uv_environment(self._pip.settings if self._pip else {}, os.environ)
        if "UV_CACHE_DIR" not in environment and not can_write(usual_cache(environment)):
            environment["UV_CACHE_DIR"] = str(self.place / "uv-cache")
        return environment

    @cached_property
    def _pip(self) -> Pip | None:
        return Pip.find()

    def _fetched(self) -> Path:
        """The pinned one, fetched once; the folder is whole when it holds the digest of the pin, written last."""
        folder = self.place / "uv"
        program = folder / "bin" / ("uv.exe" if os.name == "nt" else "uv")
        digest = hashlib.sha256(PINS.read_bytes()).hexdigest()
        marker = folder / ".pins"
        if marker.is_file() and marker.read_text() == digest and program.exists():
            return program
        if not self._pip:
            raise SetUpError(
                f"needs pip or uv, and {BASE_PYTHON} has no pip: install one of them (Debian and Ubuntu: apt-get "
                "install python3-pip; anywhere: https://docs.astral.sh/uv/) and run the same command again"
            )
        print("set-up: fetching uv, which installs the rest ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        command = [*self._pip.command, "install", "-qq", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        environment = indexes.pip_environment(self._pip.settings, os.environ)
        done = subprocess.run(
            [*command, "--target", str(folder), "-r", str(PINS)], env=environment, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode or not program.exists():
            raise SetUpError(
                "pip could not fetch uv (see above): mend that, or put uv on the PATH, and run the same command again"
            )
        marker.write_text(digest)
        return program


@dataclass(frozen=True)
class Pip:
    """A pip that runs, and what it is told about where packages are."""

    command: tuple[str, ...]
    settings: dict[str, str]

    @classmethod
    def find(cls) -> Pip | None:
        """The running interpreter's, else that of the one behind it."""
        environment = {name: value for name, value in os.environ.items() if name != "PIP_PYTHON"}
        for python in dict.fromkeys((sys.executable, BASE_PYTHON)):
            command = (python, "-m", "pip")
            listing = run_quietly([*command, "config", "list"], environment)
            if listing.returncode == 0:
                return cls(command, indexes.read_pip_settings(listing.stdout))
        return None


def run_quietly(
    command: list[str], environment: dict[str, str], cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def version_of(program: str) -> tuple[int, ...]:
    """Its version; () if it does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.match(r"uv (\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else ()


def is_fitting(version: tuple[int, ...]) -> bool:
    """
    >>> is_fitting((0, 13)), is_fitting((0, 7)), is_fitting(())
    (True, False, False)
    """
    return version >= OLDEST


def usual_cache(environment: dict[str, str]) -> Path | None:
    """Where uv keeps what it has downloaded; None if there is no home."""
    if os.name == "nt":
        return Path(environment["LOCALAPPDATA"]) / "uv" if "LOCALAPPDATA" in environment else None
    try:
        return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "uv"
    except RuntimeError:
        return None


def can_write(folder: Path | None) -> bool:
    if folder is None:
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
