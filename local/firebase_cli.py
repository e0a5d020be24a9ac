"""The Firebase CLI that package.json pins, installed where it is needed first."""

from __future__ import annotations

import hashlib
import subprocess
import time

from local import machine
from local.console import say
from local.processes import ProcessError
from local.setup import ROOT

TOOLS = ROOT / "node_modules" / "firebase-tools" / "lib"
CLI = TOOLS / "bin" / "firebase.js"
INSTALLED = ROOT / "node_modules" / ".pins"


def install() -> None:
    """Bring node_modules to what package-lock.json says, without running any package's scripts."""
    if remedy := machine.remedy_for("node"):
        raise ProcessError(remedy)
    digest = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if CLI.exists() and INSTALLED.exists() and INSTALLED.read_text() == digest:
        return
    say("set-up: installing the Firebase CLI with npm, once ...")
    began = time.monotonic()
    command = [str(machine.on_path("npm")), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode:
        raise ProcessError("npm could not install the Firebase CLI (see above); mend that and run the command again")
    INSTALLED.write_text(digest)  # last, so that a half-made installation is never taken for whole
    say(f"set-up: the Firebase CLI is ready after {time.monotonic() - began:.0f} s")
