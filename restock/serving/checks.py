"""When the pointer is looked at and who waits for it: plain values and steps, no clock and no thread of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

COLD_RETRY_SECONDS = 1.0  # without a model, a request may look again this soon,
COLD_BACK_OFF_SECONDS = 5.0  # and after many failures this soon
LONGEST_BACK_OFF_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """As the settings say it."""

    reload_seconds: float
    stale_seconds: float
    wait_seconds: float
    first_wait_seconds: float

    @property
    def interval(self) -> float:
        """Between two checks that go well: never so long that what is served would count as stale meanwhile."""
        return min(self.reload_seconds, self.stale_seconds)

    def pause(self, failures: int, *, has_model: bool) -> float:
        """After a check, by how many have failed in a row."""
        if not failures:
            return self.interval if has_model else min(COLD_RETRY_SECONDS, self.interval)
        base, longest = self.interval, max(self.interval, LONGEST_BACK_OFF_SECONDS)
        if not has_model:
            base, longest = COLD_RETRY_SECONDS, COLD_BACK_OFF_SECONDS
        return min(base * 2.0 ** min(failures - 1, 16), longest)


@dataclass(frozen=True, slots=True)
class Checks:
    """What is known about looking at the pointer. Times are of a clock that only goes forward."""

    succeeded_at: float = -math.inf
    asked_at: float = -math.inf
    due_at: float = -math.inf
    is_running: bool = False
    failures: int = 0

    @property
    def is_any_over(self) -> bool:
        return self.due_at > -math.inf

    def asked(self, now: float, pace: Pace) -> Checks:
        """A request comes: a check begins if one is due; one that was frozen half-way is worth waiting for again."""
        if self.is_running:
            return replace(self, asked_at=now) if now - self.asked_at > pace.stale_seconds else self
        return replace(self, is_running=True, asked_at=now) if now >= self.due_at else self

    def ended(self, now: float, pace: Pace, *, is_well: bool, has_model: bool) -> Checks:
        """The check is over: the store answered, or it did not."""
        failures = 0 if is_well else self.failures + 1
        return replace(
            self,
            succeeded_at=now if is_well else self.succeeded_at,
            due_at=now + pace.pause(failures, has_model=has_model),
            is_running=False,
            failures=failures,
        )

    def is_stale(self, now: float, pace: Pace) -> bool:
        """Whether nobody knows any more that what is served is what is published."""
        return now - self.succeeded_at > pace.stale_seconds

    def wait_seconds(self, now: float, patience: float) -> float:
        """For how long a request may wait for the running check; patience counts from the check's start, so that a
        store that hangs delays only those who came first."""
        return max(0.0, self.asked_at + patience - now) if self.is_running else 0.0
