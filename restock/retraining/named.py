"""What the pointer names beside the history: without any of it a run goes on, knows less, and says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from restock.errors import DamagedError
from restock.retraining.attempt import Attempt
from restock.stored.published import read_verified

T = TypeVar("T")


def read_named(run: Attempt, name: str, digest: str | None, read: Callable[[bytes], T], *, if_lost: str) -> T | None:
    """Verified, and as ``read`` has it; None, and a warning of what that means, if it is lost or damaged."""
    try:
        return read(read_verified(run.tools.objects, name, digest or ""))
    except DamagedError as exc:
        run.warn(f"{if_lost}: {exc}")
        return None
