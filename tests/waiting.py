"""Waiting for what another thread or process is about to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], *, timeout_seconds: float = 60, every_seconds: float = 0.01) -> T:
    """What the condition gives once it holds; fail if it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while not (given := condition()):
        assert time.monotonic() < deadline, f"it did not happen within {timeout_seconds:g} s"
        time.sleep(every_seconds)
    return given
