"""How one function runs on this machine: as on Cloud Run, one functions-framework process with its own environment."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.parts.functions import SHAPES
from local.processes import LOG_DIR, Child, Listener, ProcessError
from local.setup import ROOT, python_of


@dataclass(frozen=True)
class Function:
    """What running one function on this machine needs to know; its size is the deployed one's."""

    name: str
    signature: str
    is_private: bool = False

    @property
    def concurrency(self) -> int:
        return SHAPES[self.name].concurrency

    @property
    def timeout_seconds(self) -> int:
        return SHAPES[self.name].timeout


FUNCTIONS = {
    function.name: function
    for function in (
        Function("on_appointment", "cloudevent"),
        Function("retrain", "http", is_private=True),
        Function("forecast", "http"),
    )
}


def python_for(name: str, functions_dir: Path) -> Path:
    """The function's own interpreter: beside its main.py, or (for staged folders) the one set-up made for it."""
    own = python_of(functions_dir / name / "venv")
    return own if own.exists() else python_of(ROOT / "functions" / name / "venv")


def start_function(  # noqa: PLR0913  # all but the function's name are named in every call
    name: str,
    *,
    port: int,
    env: Mapping[str, str],
    functions_dir: Path = ROOT / "functions",
    log_dir: Path = LOG_DIR,
    listener: Listener | None = None,
) -> Child:
    """Start a function on a loopback port; `env` is added to this process's environment."""
    about = FUNCTIONS[name]
    python, main = python_for(name, functions_dir), functions_dir / name / "main.py"
    if not python.exists():
        raise ProcessError(f"{name} has no environment yet; run `make setup` (or python3 -m local.setup)")
    if not main.exists():
        raise ProcessError(f"{name} has no {main}")
    # By module, not by its script: a script's first line cannot name an interpreter whose path has a blank.
    command = [str(python), "-m", "functions_framework", f"--target={name}", f"--source={main}"]
    command += [f"--signature-type={about.signature}", "--host=127.0.0.1", f"--port={port}"]
    # These would mix our interpreter's packages into its own, or have it compile them all again at every start.
    foreign = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"}
    inherited = {variable: value for variable, value in os.environ.items() if variable not in foreign}
    # As the platform sets it: threads = concurrency, logs written at once.
    platform = {"THREADS": str(about.concurrency), "PYTHONUNBUFFERED": "1", "K_SERVICE": name.replace("_", "-")}
    return Child.start(
        name,
        command,
        env={**inherited, **platform, **env},
        cwd=functions_dir / name,
        log_dir=log_dir,
        listener=listener,
    )


def wait_until_listening(child: Child, port: int, *, timeout_seconds: float = 60) -> None:
    """Return once the port accepts connections, Cloud Run's own check; the server listens when main.py is loaded."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        if not child.is_running:
            raise ProcessError(child.why_it_ended())
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise ProcessError(f"{child.name} did not listen within {timeout_seconds:.0f} s; {child.why_it_ended()}")
