"""How the local stack talks to the person in front of it: one line per log line, the process's name in front."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from typing import Any

WIDTH = 14
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
HIDDEN_FIELDS = {"severity", "time", "component", "message", "logging.googleapis.com/trace"}
QUIET = frozenset({"firestore", "storage"})
"""Their chatter is kept in .local/logs alone."""

_lock = threading.Lock()


def has_colour() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.name != "nt"


def say(text: str = "") -> None:
    """Print a line whole, whatever other threads print, on any terminal."""
    with _lock:
        try:
            print(text, flush=True)
        except UnicodeEncodeError:  # a terminal without the character, as with an unset locale
            encoding = sys.stdout.encoding or "ascii"
            print(text.encode(encoding, "replace").decode(encoding), flush=True)


def dim(text: str) -> str:
    return f"\x1b[2m{text}\x1b[0m" if has_colour() else text


def bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m" if has_colour() else text


def show_line(name: str, line: str) -> None:
    """A listener for processes: shows what they write, except the emulators' own."""
    if name not in QUIET and line.strip():
        say(f"{dim(name.ljust(WIDTH))} {readable(line)}")


def readable(line: str) -> str:
    """A structured log line as a person reads it; any other line as it is.

    >>> readable('{"severity": "INFO", "time": "2026-03-01T10:00:00.1+00:00", "message": "counted", "awaiting": 3}')
    '10:00:00 counted  awaiting=3'
    >>> readable('{"severity": "ERROR", "time": "2026-03-01T10:00:00+00:00", "message": "no lease"}')
    '10:00:00 ERROR no lease'
    >>> readable("Listening at: http://127.0.0.1:5057")
    'Listening at: http://127.0.0.1:5057'
    """
    line = COLOUR.sub("", line)
    try:
        fields: dict[str, Any] = json.loads(line.removeprefix("> "))  # the Firebase CLI marks functions' lines so
        message = fields["message"]
    except (ValueError, TypeError, KeyError):
        return line
    severity = fields.get("severity", "INFO")
    marked = message if severity in {"INFO", "DEBUG"} else f"{severity} {message}"
    details = " ".join(f"{name}={value}" for name, value in fields.items() if name not in HIDDEN_FIELDS)
    return f"{str(fields.get('time', ''))[11:19]} {marked}  {details}".rstrip()
