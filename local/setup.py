"""Set-up: one environment per function with only its own requirements, and one for tests and tools.

    python3 -m local.setup            every environment
    python3 -m local.setup dev        only .venv

Standard library only, for it runs before anything is installed. An environment is finished when it holds
the digest of the pins it was made from; anything less (an interrupted set-up, changed pins) is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from local.uv import BASE_PYTHON, SetUpError, Uv

ROOT = Path(__file__).resolve().parent.parent
DEV = ROOT / ".venv"
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)
ENVIRONMENTS = {
    "dev": (DEV, ROOT / "requirements-dev.txt"),
    "on_appointment": (ROOT / "functions/on_appointment/venv", ROOT / "functions/on_appointment/requirements.txt"),
    "retrain": (ROOT / "functions/retrain/venv", ROOT / "functions/retrain/requirements.txt"),
    "forecast": (ROOT / "functions/forecast/venv", ROOT / "functions/forecast/requirements.txt"),
}


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment, on any platform."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def digest_of(pins: Path, python_version: str = sys.version) -> str:
    """What an environment was made from: these pins, this Python, this place (an environment cannot be moved)."""
    basis = pins.read_bytes() + python_version.encode() + str(ROOT).encode()
    return hashlib.sha256(basis).hexdigest()


def is_ready(environment: Path, pins: Path, python_version: str = sys.version) -> bool:
    marker = environment / ".pins"
    return (
        marker.is_file() and marker.read_text() == digest_of(pins, python_version) and python_of(environment).exists()
    )


def make(  # noqa: PLR0913  # what one environment is made of, the last two named
    name: str, environment: Path, pins: Path, uv: Uv, *, python: str = BASE_PYTHON, python_version: str = sys.version
) -> None:
    """Build one environment; the marker comes last, so that a half-made one is never taken for whole."""
    started = time.monotonic()
    print(f"set-up: {name}: installing {pins.relative_to(ROOT)} ...", flush=True)
    uv.run(
        ["venv", "-q", "--clear", "--no-project", "--no-python-downloads", "--python", python, environment],
        f"{name}: {python} could not make a virtual environment (see above); mend that and run the command again",
    )
    uv.run(
        ["pip", "sync", "-q", "--require-hashes", "--python", python_of(environment), pins],
        f"{name}: uv could not install {pins.relative_to(ROOT)} (see above); mend that and run the command again",
    )
    for site_packages in environment.glob("[lL]ib*/**/site-packages"):
        # The deployed folder carries a copy of restock/; here the source is on the path, as an editable install has it.
        (site_packages / "restock-source.pth").write_text(str(ROOT) + "\n", encoding="utf-8")
    (environment / ".pins").write_text(digest_of(pins, python_version))
    print(f"set-up: {name}: ready after {time.monotonic() - started:.1f} s", flush=True)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Two set-ups at once would build the same environment into each other; the second waits for the first."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    (ROOT / ".local").mkdir(exist_ok=True)
    with (ROOT / ".local" / "set-up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("set-up: waiting for another set-up to finish ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def refuse_unknown_pythons() -> None:
    """Every pin has wheels for these; an older Python cannot run Restock, a newer one has not been tried."""
    if OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        return
    oldest, newest = (".".join(map(str, version)) for version in (OLDEST_PYTHON, NEWEST_PYTHON))
    raise SetUpError(
        f"Restock needs Python {oldest} to {newest}; this is {sys.version.split()[0]}. "
        f"Name another: make PYTHON=python{newest} ... (uv python install {newest} installs one)"
    )


def main(chosen: list[str]) -> None:
    refuse_unknown_pythons()
    if all(is_ready(*ENVIRONMENTS[name]) for name in chosen or ENVIRONMENTS):
        return
    with alone():
        missing = [name for name in chosen or ENVIRONMENTS if not is_ready(*ENVIRONMENTS[name])]
        if missing:
            print(f"set-up: {len(missing)} environment(s) to install, once: {', '.join(missing)}", flush=True)
        uv = Uv(ROOT / ".local")
        for name in missing:
            make(name, *ENVIRONMENTS[name], uv)


def main_or_exit(chosen: list[str]) -> None:
    """`main` for a person: mistakes and Ctrl-C end with what to do next."""
    try:
        main(chosen)
    except SetUpError as problem:
        sys.exit(f"set-up: {problem}")
    except OSError as problem:  # a full disk, a folder that may not be written
        sys.exit(f"set-up: {problem}; mend that and run the same command again")
    except KeyboardInterrupt:
        sys.exit("set-up: interrupted; run the same command again and it goes on from here")


if __name__ == "__main__":
    main_or_exit(sys.argv[1:])
