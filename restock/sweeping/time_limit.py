"""One shop's time: a run looks at its deadline between its steps; this ends the step that never comes to an end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from restock.errors import OutOfTimeError


@contextmanager
def limited_to(seconds: float) -> Iterator[None]:
    """Raise OutOfTimeError in the main thread after so long. Windows has no such alarm, and the jobs no Windows."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(number: int, frame: FrameType | None) -> None:
        raise OutOfTimeError(f"stopped after {seconds:g} s, the time one shop may take (LEASE_SECONDS)")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
