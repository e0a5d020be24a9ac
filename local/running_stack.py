"""The local stack (``make up``), if one is running: believed for what it wrote only while its process answers.

    python -m local.running_stack      prints where the operator's verbs of make act: "local" or "infra"

A stack that was killed, or lost its power, leaves its file behind; a client of its ports would wait for minutes.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

FILE = Path(".local/stack.json")


def described(file: Path = FILE) -> dict[str, Any]:
    """What the running stack wrote about itself; empty where none is running."""
    if not file.exists():
        return {}
    try:
        found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        # A thread of the stack's own process listens there.
        host, port = found["environment"]["TASKS_EMULATOR_HOST"].rsplit(":", 1)
        socket.create_connection((host, int(port)), timeout=2).close()
    except (OSError, ValueError, KeyError, TypeError):
        print(f"{file} is of a local stack that no longer runs: ignored", file=sys.stderr)
        return {}
    return found


def environment(file: Path = FILE) -> dict[str, str]:
    """What a client of the running stack needs in its environment; empty where none is running."""
    found: dict[str, str] = described(file).get("environment", {})
    return found


if __name__ == "__main__":
    print("local" if environment() else "infra")
