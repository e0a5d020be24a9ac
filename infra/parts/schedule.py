"""The schedule: retrains whether or not a threshold was reached, in the shop's time zone."""

from __future__ import annotations

import json
from typing import Any

from infra.command import Change, gcloud
from infra.compare import because, differences
from infra.parts import DeployPart, Removal
from infra.parts.functions import TASK_DEADLINE_SECONDS, retrain_url
from infra.settings import InfraSettings
from infra.standing import Standing
from restock.stored.retrain_request import RetrainRequest

DESCRIPTION = "retrains on schedule"
ASKED = RetrainRequest("schedule")
# 600 + 1200 + 2400 s: the third try comes after any lease has ended.
RETRIES: dict[str, Any] = {
    "retryCount": 3,
    "minBackoffDuration": "600s",
    "maxBackoffDuration": "2400s",
    "maxDoublings": 2,
    "maxRetryDuration": "0s",
}
FLAGS = """
    --description={description} --schedule={schedule} --time-zone={time_zone} --uri={url}/ --http-method=POST
    --message-body={asked} --oidc-service-account-email={schedule_account} --oidc-token-audience={url}
    --attempt-deadline={deadline}s --max-retry-attempts={retryCount} --min-backoff={minBackoffDuration}
    --max-backoff={maxBackoffDuration} --max-doublings={maxDoublings} --max-retry-duration={maxRetryDuration}
"""
CREATE = "scheduler jobs create http {job} --location={region} --headers=Content-Type=application/json" + FLAGS
UPDATE = "scheduler jobs update http {job} --location={region} --update-headers=Content-Type=application/json" + FLAGS


def schedule(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = standing.named("jobs", settings.job)
    changes: list[Change] = []
    if found.get("state") == "PAUSED":
        line = "scheduler jobs resume {job} --location={region}"
        reason = "it was paused by hand; what keeps the live model is a pin"
        changes.append(gcloud(settings, line, reason=reason, changes=("jobs",)))
    differs = differences(found, as_api_has_it(settings, standing))
    if not differs:
        return changes
    reason = f"retrains at {settings.schedule}, {settings.time_zone} time"
    return [
        *changes,
        gcloud(
            settings,
            UPDATE if found else CREATE,
            reason=because(reason, found, differs),
            changes=("jobs",),
            description=DESCRIPTION,
            schedule=settings.schedule,
            time_zone=settings.time_zone,
            url=retrain_url(settings, standing.number),
            asked=json.dumps(ASKED.as_json()),
            deadline=TASK_DEADLINE_SECONDS,
            **RETRIES,
        ),
    ]


def as_api_has_it(settings: InfraSettings, standing: Standing) -> dict[str, Any]:
    """The job as Google tells it: every field that the deploy sets."""
    url = retrain_url(settings, standing.number)
    return {
        "description": DESCRIPTION,
        "schedule": settings.schedule,
        "timeZone": settings.time_zone,
        "attemptDeadline": f"{TASK_DEADLINE_SECONDS}s",
        "httpTarget": {"uri": f"{url}/", **ASKED.as_call(settings.account("schedule"), url)},
        "retryConfig": RETRIES,
    }


def undo(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    if not standing.named("jobs", settings.job):
        return []
    line = "scheduler jobs delete {job} --location={region}"
    return [gcloud(settings, line, reason="so that nothing starts a retrain")]


PART = DeployPart("schedule", schedule, undo)
