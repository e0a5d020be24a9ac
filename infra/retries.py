"""How Cloud Tasks tries again, and Eventarc likewise: what a deploy relies on, and what their local stand-ins do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RetryConfig:
    """How a queue tries again; the fields of Cloud Tasks."""

    max_attempts: int = 100
    min_backoff_seconds: float = 0.1
    max_backoff_seconds: float = 3600
    max_doublings: int = 16
    max_retry_seconds: float = 0

    def backoff_seconds(self, failures: int) -> float:
        """The wait after that many failures: doubling `max_doublings` times, then growing evenly.

        >>> [RetryConfig(min_backoff_seconds=10, max_backoff_seconds=300, max_doublings=3).backoff_seconds(n)
        ...  for n in range(1, 8)]
        [10, 20, 40, 80, 160, 240, 300]
        """
        doubled: int = 1 << min(failures - 1, self.max_doublings)
        steady = max(failures - 1 - self.max_doublings, 0)
        return min(self.min_backoff_seconds * doubled * (1 + steady), self.max_backoff_seconds)

    @property
    def seconds_of_trying(self) -> float:
        """From the first answer to the last attempt, where the number of attempts is the bound."""
        return sum(self.backoff_seconds(failures) for failures in range(1, self.max_attempts))

    def is_exhausted(self, attempts: int, seconds_since_first: float) -> bool:
        """Whether every limit that is set has been reached."""
        limits = []
        if self.max_attempts >= 0:
            limits.append(attempts >= self.max_attempts)
        if self.max_retry_seconds > 0:
            limits.append(seconds_since_first >= self.max_retry_seconds)
        return bool(limits) and all(limits)
