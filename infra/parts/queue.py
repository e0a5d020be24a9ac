"""The queue of retrains: one at a time, tried again for longer than a lease lasts, and not for ever."""

from __future__ import annotations

from typing import Any

from infra.command import Change, gcloud
from infra.grants import granted
from infra.parts import Part, Removal
from infra.settings import InfraSettings
from infra.standing import Standing

ATTEMPTS = 10
MIN_BACKOFF_SECONDS = 30
MAX_BACKOFF_SECONDS = 600
MAX_DOUBLINGS = 5
LIMITS = (
    "--max-concurrent-dispatches=1 --max-dispatches-per-second=1 "
    f"--max-attempts={ATTEMPTS} --min-backoff={MIN_BACKOFF_SECONDS}s --max-backoff={MAX_BACKOFF_SECONDS}s "
    f"--max-doublings={MAX_DOUBLINGS} "
    "--max-retry-duration=0s "  # 0 s: the number of attempts is the bound
    "--log-sampling-ratio=1.0"
)


def seconds_of_trying() -> int:
    """How long the queue keeps trying, from the first answer to the last attempt.

    A retrain that meets a held lease answers 503; the lease must have ended before the queue gives up.

    >>> seconds_of_trying()
    3330
    """
    waits = [
        min(MIN_BACKOFF_SECONDS * 2 ** min(attempt, MAX_DOUBLINGS), MAX_BACKOFF_SECONDS)
        for attempt in range(ATTEMPTS - 1)
    ]
    return sum(waits)


def queue(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = standing.named("queues", settings.queue)
    changes: list[Change] = []
    if not found or not _is_as_wanted(found):
        create, update = (
            f"tasks queues {verb} {{queue}} --location={{region}} {LIMITS}" for verb in ("create", "update")
        )
        reason = f"one retrain at a time, tried {ATTEMPTS} times over {seconds_of_trying() // 60} minutes"
        changes.append(gcloud(settings, update if found else create, reason=reason, changes=("queues",)))
    return [*changes, *granted("queue", settings, standing), *granted("tasks_account", settings, standing)]


def _is_as_wanted(found: dict[str, Any]) -> bool:
    rates, retries = found.get("rateLimits", {}), found.get("retryConfig", {})
    return (
        int(rates.get("maxConcurrentDispatches", 0)) == 1
        and float(rates.get("maxDispatchesPerSecond", 0)) == 1
        and int(retries.get("maxAttempts", 0)) == ATTEMPTS
        and _seconds(retries.get("minBackoff")) == MIN_BACKOFF_SECONDS
        and _seconds(retries.get("maxBackoff")) == MAX_BACKOFF_SECONDS
        and int(retries.get("maxDoublings", 0)) == MAX_DOUBLINGS
        and float(found.get("stackdriverLoggingConfig", {}).get("samplingRatio", 0)) == 1.0
    )


def _seconds(duration: str | None) -> float:
    return float((duration or "0s").removesuffix("s"))


def undo(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    if not standing.named("queues", settings.queue):
        return []
    line = "tasks queues delete {queue} --location={region}"
    return [gcloud(settings, line, reason="its name stays blocked for some days")]


PART = Part("queue", queue, undo)
