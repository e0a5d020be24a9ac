"""Set-up: one environment per function with only its own requirements, and one for tests and tools.

    python3 -m local.setup            every environment
    python3 -m local.setup dev        only .venv

Standard library only, for it runs before anything is installed. An environment is finished when it holds
the digest of the pins it was made from; anything less (an interrupted set-up, changed pins) is made anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = {
    "dev": (ROOT / ".venv", ROOT / "requirements-dev.txt"),
    "on_appointment": (ROOT / "functions/on_appointment/venv", ROOT / "functions/on_appointment/requirements.txt"),
    "retrain": (ROOT / "functions/retrain/venv", ROOT / "functions/retrain/requirements.txt"),
    "forecast": (ROOT / "functions/forecast/venv", ROOT / "functions/forecast/requirements.txt"),
}


def python_of(environment: Path) -> Path:
    """The interpreter of a virtual environment, on any platform."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def digest_of(pins: Path) -> str:
    """What an environment was made from: these pins, this Python, this place (an environment cannot be moved)."""
    basis = pins.read_bytes() + sys.version.encode() + str(ROOT).encode()
    return hashlib.sha256(basis).hexdigest()


def is_ready(environment: Path, pins: Path) -> bool:
    marker = environment / ".pins"
    return marker.is_file() and marker.read_text() == digest_of(pins) and python_of(environment).exists()


def make(name: str, environment: Path, pins: Path) -> None:
    """Build one environment; the marker comes last, so that a half-made one is never taken for whole."""
    started = time.monotonic()
    print(f"set-up: {name}: installing {pins.relative_to(ROOT)} ...", flush=True)
    shutil.rmtree(environment, ignore_errors=True)
    venv.create(environment, with_pip=True, symlinks=os.name != "nt")
    pip = [str(python_of(environment)), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-qq"]
    done = subprocess.run([*pip, "--require-hashes", "-r", str(pins)], check=False)
    if done.returncode:
        sys.exit(
            f"set-up: {name}: pip could not install {pins.relative_to(ROOT)} (see above). "
            "Mend that and run the command again."
        )
    for site_packages in environment.glob("[lL]ib*/**/site-packages"):
        # The deployed folder carries a copy of restock/; here the source is on the path, as an editable install has it.
        (site_packages / "restock-source.pth").write_text(str(ROOT) + "\n", encoding="utf-8")
    (environment / ".pins").write_text(digest_of(pins))
    print(f"set-up: {name}: ready after {time.monotonic() - started:.0f} s", flush=True)


def main(chosen: list[str]) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs on whatever Python the machine has
        sys.exit(
            f"set-up: Restock needs Python 3.11 or newer; this is {sys.version.split()[0]}. "
            "Name another: make PYTHON=python3.12 ..."
        )
    missing = [name for name in chosen or ENVIRONMENTS if not is_ready(*ENVIRONMENTS[name])]
    if missing:
        print(f"set-up: {len(missing)} environment(s) to install, once: {', '.join(missing)}", flush=True)
    for name in missing:
        make(name, *ENVIRONMENTS[name])


if __name__ == "__main__":
    main(sys.argv[1:])
