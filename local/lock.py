"""Refreshes every pin: the test tools first, then each function with the same versions.

Locks hold hashes and no registry addresses, and cover every platform and Python from 3.11 on.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from local.setup import ROOT, python_of

UV = "uv==0.13.9"
OPTIONS = ["--universal", "--generate-hashes", "--no-header", "--no-emit-index-url", "--python-version", "3.11", "-q"]


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        venv.create(place, with_pip=True)
        python = python_of(Path(place))
        subprocess.run([python, "-m", "pip", "install", "-qq", UV], check=True)
        lock(python, "requirements-dev.in", *sys.argv[1:])
        for function in ("on_appointment", "retrain", "forecast"):
            lock(python, f"functions/{function}/requirements.in", "-c", "requirements-dev.txt")


def lock(python: Path, source: str, *options: str) -> None:
    target = source.removesuffix(".in") + ".txt"
    print(f"lock: {target}", flush=True)
    command = [python, "-m", "uv", "pip", "compile", *OPTIONS, *options, source, "-o", target]
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
