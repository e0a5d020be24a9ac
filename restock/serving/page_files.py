"""Where the page's files lie, and which there are."""

from __future__ import annotations

import functools
from pathlib import Path

FOLDER = Path(__file__).with_name("page")


@functools.cache
def names() -> frozenset[str]:
    return frozenset(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file())
