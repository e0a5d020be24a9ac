"""Refreshes all pins from the requirements.in files: `make lock`.

The test environment's pins come first and constrain the functions', so that tests see the versions that are deployed.
Hashes are kept, addresses of registries are not. Run `make test` afterwards; it rebuilds what changed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from local import setup

UV = "uv==0.13.9"  # resolves for every platform and Python at once, which pip cannot
TOOL = setup.ROOT / ".local" / "lock"
OPTIONS = (
    "--quiet",
    "--universal",
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--python-version=3.11",
    "--upgrade",
)
FUNCTIONS = ("on_appointment", "retrain", "forecast")


def uv() -> Path:
    """uv in an environment of its own, for nothing else needs it."""
    program = setup.python_of(TOOL).with_name("uv.exe" if sys.platform == "win32" else "uv")
    if not program.exists():
        setup.run([sys.executable, "-m", "venv", TOOL], "lock: no environment for uv could be made")
        setup.run([setup.python_of(TOOL), "-m", "pip", "install", "-qq", UV], f"lock: pip could not install {UV}")
    return program


def compile_pins(program: Path, *words: str) -> None:
    command = [str(program), "pip", "compile", *OPTIONS, *words]
    if subprocess.run(command, cwd=setup.ROOT, check=False).returncode:
        raise setup.SetUpError(f"lock: uv found no versions for {words[0]} (see above)")


def main() -> None:
    program = uv()
    print("lock: requirements-dev.txt", flush=True)
    compile_pins(program, "requirements-dev.in", "-o", "requirements-dev.txt")
    for name in FUNCTIONS:
        target = f"functions/{name}/requirements"
        print(f"lock: {target}.txt", flush=True)
        compile_pins(program, f"{target}.in", "-c", "requirements-dev.txt", "-o", f"{target}.txt")


if __name__ == "__main__":
    try:
        main()
    except setup.SetUpError as problem:
        sys.exit(str(problem))
