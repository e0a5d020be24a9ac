"""Which task of which execution of the Cloud Run job this process is; Cloud Run says it in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    execution: str = "local"
    index: int = 0
    count: int = 1
    attempt: int = 0

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Task:
        """Without the variables it is the one task there is."""
        return cls(
            env.get("CLOUD_RUN_EXECUTION", "local"),
            int(env.get("CLOUD_RUN_TASK_INDEX", "0")),
            int(env.get("CLOUD_RUN_TASK_COUNT", "1")),
            int(env.get("CLOUD_RUN_TASK_ATTEMPT", "0")),
        )

    @property
    def holder(self) -> str:
        """Of the leases it takes. Every attempt's is the same: one that follows a killed one takes its lease over."""
        return f"{self.execution}-{self.index}"
