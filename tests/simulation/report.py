"""What the histories played held, so that nobody believes in checks that never met a crash."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.simulation.walk import Walk


@dataclass
class Report:
    """Of a number of histories."""

    histories: int = 0
    steps: int = 0
    effects: int = 0
    seconds: float = 0.0
    held: Counter[str] = field(default_factory=Counter)
    """In how many histories there was a crash, an overlap, ..."""
    ended: Counter[str] = field(default_factory=Counter)
    """How retrains ended."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Whether those that published learnt or followed."""
    committed: Counter[str] = field(default_factory=Counter)
    """Who wrote the pointer."""

    def add(self, walk: Walk) -> None:
        self.histories += 1
        self.steps += walk.steps
        self.effects += walk.effects
        self.held.update(walk.held)
        self.ended.update(walk.invariants.outcomes)
        self.kinds.update(walk.invariants.kinds)
        self.committed.update(walk.invariants.commits)

    def __str__(self) -> str:
        def listed(counter: Counter[str]) -> str:
            return ", ".join(f"{name} {count:,}" for name, count in counter.most_common())

        return (
            f"{self.histories:,} histories of {self.steps / max(1, self.histories):.0f} steps on average, "
            f"{self.effects:,} effects on stores, {self.seconds:.0f} s, 0 violations\n"
            f"  histories with  {listed(self.held)}\n"
            f"  retrains ended  {listed(self.ended)}\n"
            f"  pointer written {listed(self.committed)}\n"
            f"  models made by  {listed(self.kinds)}"
        )
