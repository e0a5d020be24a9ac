"""What a chain's deployment is sized by: about how many shops there are (``shops`` in the settings file).

Measured (docs/scale.md): with every candidate of the backtest a small shop's night is some 12 seconds of one vCPU, so
that 250 shops are a task's work of less than an hour. At 1,000 shops a threshold is reached every 20 seconds on the
average of a day, and a run takes as long: five at once hold a day's busiest hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from infra.settings import InfraSettings

PATH_OF_ONE = "appointments/{id}"
PATH_OF_CHAIN = "shops/{shop}/appointments/{id}"
SHOPS_A_TASK, SHOPS_A_RUN = 250, 200
LEAST = 2  # of tasks and of runs: one that dies or takes long leaves another


def path(settings: InfraSettings) -> str:
    """Where the deployment's appointments lie: what its trigger listens to."""
    return PATH_OF_CHAIN if settings.chain else PATH_OF_ONE


def runs_at_once(settings: InfraSettings) -> int:
    """How many thresholds the queue lets retrain work on at once; each shop's lease keeps it to one run."""
    return max(LEAST, ceil(settings.shops / SHOPS_A_RUN)) if settings.chain else 1


def errors_that_alarm(settings: InfraSettings) -> int:
    """Errors in ten minutes: what is a stumble among a thousand shops is an outage of one."""
    return max(5, settings.shops // 20)


def tasks_for(shops: int) -> int:
    return max(LEAST, ceil(shops / SHOPS_A_TASK))


@dataclass(frozen=True)
class JobShape:
    """How large a chain's sweep is."""

    tasks: int
    memory: str
    cpu: int


def job_shape(settings: InfraSettings) -> JobShape:
    said = settings.sweep
    return JobShape(
        tasks=said.tasks or tasks_for(settings.shops),
        memory=said.memory or "2Gi",
        cpu=said.cpu or 1,
    )
