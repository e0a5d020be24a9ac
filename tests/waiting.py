"""Waiting for what another thread or process is about to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def lasting(condition: Callable[[], bool], seconds: float) -> Callable[[], bool]:
    """A condition that holds once the other has held, at every look, for so long."""
    began: list[float] = []

    def has_lasted() -> bool:
        if not condition():
            began.clear()
            return False
        began[:] = began or [time.monotonic()]
        return time.monotonic() - began[0] >= seconds

    return has_lasted


def wait_until(condition: Callable[[], T], *, timeout_seconds: float = 240, every_seconds: float = 0.01) -> T:
    """What the condition gives once it holds; fail if it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while not (given := condition()):
        assert time.monotonic() < deadline, f"it did not happen within {timeout_seconds:g} s"
        time.sleep(every_seconds)
    return given
