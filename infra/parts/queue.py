"""The queue of retrains: one at a time (of a chain, some), tried again longer than a lease lasts, and not for ever."""

from __future__ import annotations

from typing import Any

from infra.chain import runs_at_once
from infra.command import Change, gcloud
from infra.compare import because, differences
from infra.grants import granted, revoked
from infra.parts import DeployPart, Removal
from infra.retries import RetryConfig
from infra.settings import InfraSettings
from infra.standing import Standing

RETRIES = RetryConfig(max_attempts=10, min_backoff_seconds=30, max_backoff_seconds=600, max_doublings=5)
"""A retrain that meets a held lease answers 503; the lease must have ended before the queue gives up, and the number of
attempts is the bound."""

LIMITS = (
    "--max-concurrent-dispatches={at_once} --max-dispatches-per-second=1 "
    f"--max-attempts={RETRIES.max_attempts} --min-backoff={RETRIES.min_backoff_seconds:g}s "
    f"--max-backoff={RETRIES.max_backoff_seconds:g}s --max-doublings={RETRIES.max_doublings} "
    f"--max-retry-duration={RETRIES.max_retry_seconds:g}s --log-sampling-ratio=1.0"
)


def as_api_has_it(settings: InfraSettings) -> dict[str, Any]:
    return {
        "rateLimits": {"maxConcurrentDispatches": runs_at_once(settings), "maxDispatchesPerSecond": 1},
        "retryConfig": {
            "maxAttempts": RETRIES.max_attempts,
            "minBackoff": f"{RETRIES.min_backoff_seconds:g}s",
            "maxBackoff": f"{RETRIES.max_backoff_seconds:g}s",
            "maxDoublings": RETRIES.max_doublings,
            "maxRetryDuration": f"{RETRIES.max_retry_seconds:g}s",
        },
        "stackdriverLoggingConfig": {"samplingRatio": 1.0},
    }


def queue(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = standing.named("queues", settings.queue)
    changes: list[Change] = []
    if differs := differences(found, as_api_has_it(settings)):
        create, update = (
            f"tasks queues {verb} {{queue}} --location={{region}} " + LIMITS for verb in ("create", "update")
        )
        minutes = f"{RETRIES.seconds_of_trying // 60:g} minutes"
        at_once = runs_at_once(settings)
        many = f"{at_once} retrains at a time, each of another shop" if settings.chain else "one retrain at a time"
        reason = because(f"{many}, tried {RETRIES.max_attempts} times over {minutes}", found, differs)
        line = update if found else create
        changes.append(gcloud(settings, line, reason=reason, changes=("queues",), at_once=at_once))
    if found.get("state", "RUNNING") != "RUNNING":
        line = "tasks queues resume {queue} --location={region}"
        reason = "it was paused, by hand or by a teardown: no task would ever start"
        changes.append(gcloud(settings, line, reason=reason, changes=("queues",)))
    return [*changes, *granted("queue", settings, standing), *granted("tasks_account", settings, standing)]


def is_there(settings: InfraSettings, standing: Standing) -> bool:
    return bool(standing.named("queues", settings.queue))


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


# Read back: whether Google makes a queue of a name that it still blocks shows only when one looks.
PART = DeployPart("queue", queue, undo, read_back=("queues",), is_made=is_there)
