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
        self._program: str | None = None
        self._pip: list[str] | None = None
        self._settings: dict[str, str] | None = None

    def run(self, words: list[str | Path], remedy: str, *, cwd: Path | None = None, cache_will_do: bool = True) -> None:
        """Run it; without a network, what an earlier run has kept may be enough, but uv must be told so."""
        command = [self.program(), *map(str, words)]
        environment = self.environment()
        tried = run_quietly(command, environment, cwd)
        if tried.returncode == 0:
            return
        if cache_will_do and run_quietly([*command, "--offline"], environment, cwd).returncode == 0:
            return
        sys.stderr.write(tried.stderr)
        raise SetUpError(remedy)

    def program(self) -> str:
        if self._program is None:
            found = shutil.which("uv")
            self._program = found if found and is_fitting(version_of(found)) else str(self._fetched())
        return self._program

    def environment(self) -> dict[str, str]:
        environment = indexes.uv_environment(self._pip_settings(), os.environ)
        if "UV_CACHE_DIR" not in environment and not can_write(usual_cache(environment)):
            environment["UV_CACHE_DIR"] = str(self.place / "uv-cache")
        return environment

    def _fetched(self) -> Path:
        """The pinned one, fetched once; the folder is whole when it holds the digest of the pin, written last."""
        folder = self.place / "uv"
        program = folder / "bin" / ("uv.exe" if os.name == "nt" else "uv")
        digest = hashlib.sha256(PINS.read_bytes()).hexdigest()
        marker = folder / ".pins"
        if marker.is_file() and marker.read_text() == digest and program.exists():
            return program
        pip = self._pip_command()
        if not pip:
            raise SetUpError(
                f"needs pip or uv, and {BASE_PYTHON} has no pip: install one of them (Debian and Ubuntu: apt-get "
                "install python3-pip; anywhere: https://docs.astral.sh/uv/) and run the same command again"
            )
        print("set-up: fetching uv, which installs the rest ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        command = [*pip, "install", "-qq", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
        environment = indexes.pip_environment(self._pip_settings(), os.environ)
        done = subprocess.run(
            [*command, "--target", str(folder), "-r", str(PINS)], env=environment, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode or not program.exists():
            raise SetUpError(
                "pip could not fetch uv (see above): mend that, or put uv on the PATH, and run the same command again"
            )
        marker.write_text(digest)
        return program

    def _pip_settings(self) -> dict[str, str]:
        if self._settings is None:
            listing = ""
            if pip := self._pip_command():
                listing = run_quietly([*pip, "config", "list"], without_pip_python(), None).stdout
            self._settings = indexes.read_pip_settings(listing)
        return self._settings

    def _pip_command(self) -> list[str]:
        """pip of the running interpreter or of the one behind it; empty if neither has one."""
        if self._pip is None:
            candidates = [[python, "-m", "pip"] for python in dict.fromkeys((sys.executable, BASE_PYTHON))]
            works = (pip for pip in candidates if not run_quietly([*pip, "--version"], without_pip_python()).returncode)
            self._pip = next(works, [])
        return self._pip


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


def without_pip_python() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PIP_PYTHON"}


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
