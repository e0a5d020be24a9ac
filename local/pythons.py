"""The other Pythons of this machine on which Restock must hold, each with an environment of its own under .local."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local import setup
from local.machine import home
from local.uv import Uv

SUPPORTED = ((3, 11), (3, 12), (3, 13), (3, 14))
PINS = setup.ROOT / "requirements-dev.txt"


@dataclass(frozen=True)
class OtherPython:
    """One interpreter beside the one that runs now."""

    executable: str
    version: str
    """What its sys.version says."""

    @property
    def name(self) -> str:
        return "python" + ".".join(self.version.split(".")[:2])

    @property
    def environment(self) -> Path:
        return setup.ROOT / ".local" / self.name

    def set_up(self) -> Path:
        """Its environment's interpreter; installs once."""
        if not setup.is_ready(self.environment, PINS, self.version):
            uv = Uv(setup.ROOT / ".local")
            setup.make(self.name, self.environment, PINS, uv, python=self.executable, python_version=self.version)
        return setup.python_of(self.environment)


def find_others() -> list[OtherPython]:
    """The first working interpreter of every supported version other than the running one."""
    found = []
    for version in SUPPORTED:
        if version == sys.version_info[:2]:
            continue
        for candidate in candidates(*version):
            if full := version_of(candidate, version):
                found.append(OtherPython(candidate, full))
                break
    return found


def candidates(major: int, minor: int) -> list[str]:
    """Where this version may be: on the PATH, among pyenv's or uv's."""
    name = f"python{major}.{minor}"
    places = [Path(os.environ.get("PYENV_ROOT", home() / ".pyenv")) / "versions", home() / ".local/share/uv/python"]
    listed = [str(path) for place in places for path in sorted(place.glob(f"*{major}.{minor}*/bin/{name}"))]
    return [*filter(None, [shutil.which(name)]), *listed]


def version_of(executable: str, wanted: tuple[int, int]) -> str | None:
    """Its full version, if it runs at all (a shim may not) and is what its name says."""
    program = "import sys; print(sys.version.replace('\\n', '\\\\n')); print(*sys.version_info[:2])"
    try:
        done = subprocess.run([executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)
        full, pair = done.stdout.splitlines()
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return full.replace("\\n", "\n") if pair == f"{wanted[0]} {wanted[1]}" else None
