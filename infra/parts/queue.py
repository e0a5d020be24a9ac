"""The queue of retrains: one at a time, tried again for longer than a lease lasts, and not for ever."""

from __future__ import annotations

from typing import Any

from infra.command import Change, gcloud
from infra.compare import differences
from infra.grants import granted, revoked
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

AS_API_HAS_IT: dict[str, Any] = {
    "rateLimits": {"maxConcurrentDispatches": 1, "maxDispatchesPerSecond": 1},
    "retryConfig": {
        "maxAttempts": ATTEMPTS,
        "minBackoff": f"{MIN_BACKOFF_SECONDS}s",
        "maxBackoff": f"{MAX_BACKOFF_SECONDS}s",
        "maxDoublings": MAX_DOUBLINGS,
        "maxRetryDuration": "0s",
    },
    "stackdriverLoggingConfig": {"samplingRatio": 1.0},
}


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
    if differs := differences(found, AS_API_HAS_IT):
        create, update = (
            f"tasks queues {verb} {{queue}} --location={{region}} {LIMITS}" for verb in ("create", "update")
        )
        reason = f"one retrain at a time, tried {ATTEMPTS} times over {seconds_of_trying() // 60} minutes"
        reason += f" (differs in {', '.join(differs)})" if found else ""
        changes.append(gcloud(settings, update if found else create, reason=reason, changes=("queues",)))
    if found.get("state", "RUNNING") != "RUNNING":
        line = "tasks queues resume {queue} --location={region}"
        reason = "it was paused, by hand or by a teardown: no task would ever start"
        changes.append(gcloud(settings, line, reason=reason, changes=("queues",)))
    return [*changes, *granted("queue", settings, standing), *granted("tasks_account", settings, standing)]


def undo(settings: InfraSettings, standing: Standing, removal: Removal) -> list[Change]:
    """Emptied and paused, but kept: Google blocks a deleted queue's name for days, and a deploy would wait as long."""
    found = standing.named("queues", settings.queue)
    if not found:
        return []
    if removal.with_queue:
        line = "tasks queues delete {queue} --location={region}"
        return [gcloud(settings, line, reason="its name stays blocked for some days")]
    gone = revoked("queue", settings, standing)
    if found.get("state") != "PAUSED":
        gone += [
            gcloud(settings, "tasks queues pause {queue} --location={region}", reason="kept, but nothing starts"),
            gcloud(settings, "tasks queues purge {queue} --location={region}", reason="what waits has nobody to call"),
        ]
    return gone


PART = Part("queue", queue, undo)
