"""Refreshes all pins from the requirements.in files: `make lock`.

The test environment's pins come first and constrain the functions', so that tests see the versions that are deployed.
Hashes are kept, addresses of registries are not. Run `make test` afterwards; it rebuilds what changed.
"""

from __future__ import annotations

import sys

from local import setup
from local.uv import SetUpError, Uv

OPTIONS = (
    "--quiet",
    "--universal",  # for every platform and Python at once
    "--generate-hashes",
    "--no-header",
    "--no-emit-index-url",
    "--python-version=3.11",
    "--upgrade",
)
FUNCTIONS = ("on_appointment", "retrain", "forecast")


def compile_pins(uv: Uv, name: str, *words: str) -> None:
    print(f"lock: {name}.txt", flush=True)
    uv.run(
        ["pip", "compile", *OPTIONS, f"{name}.in", *words, "-o", f"{name}.txt"],
        f"lock: uv found no versions for {name}.in (see above)",
        cwd=setup.ROOT,
        cache_will_do=False,  # a lock refreshed from what was there before would not be fresh
    )


def main() -> None:
    uv = Uv(setup.ROOT / ".local")
    compile_pins(uv, "local/uv")
    compile_pins(uv, "requirements-dev")
    for name in FUNCTIONS:
        compile_pins(uv, f"functions/{name}/requirements", "-c", "requirements-dev.txt")


if __name__ == "__main__":
    try:
        main()
    except SetUpError as problem:
        sys.exit(str(problem))
