"""The schedule: for one shop it calls retrain in the shop's time zone, for a chain it starts the sweep.

Starting a job is a call of a Google API, hence OAuth; it answers once the execution is made, so that trying again says
nothing of the tasks, and a call repeated after a lost answer makes a second execution, which the leases make harmless.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from infra.command import Change, Command, gcloud
from infra.compare import because, differences
from infra.parts import KEEPING, DeployPart, Removal
from infra.parts.functions import TASK_DEADLINE_SECONDS, retrain_url
from infra.settings import InfraSettings
from infra.standing import Standing
from restock.stored.retrain_request import RetrainRequest

ASKED = RetrainRequest("schedule")
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# 600 + 1200 + 2400 s: the third try comes after any lease has ended.
RETRIES: dict[str, Any] = {
    "retryCount": 3,
    "minBackoffDuration": "600s",
    "maxBackoffDuration": "2400s",
    "maxDoublings": 2,
    "maxRetryDuration": "0s",
}
# The next hour's start is the retry of this one's.
ONCE: dict[str, Any] = {**RETRIES, "retryCount": 0}
START_SECONDS = 180
FLAGS = """
    --description={description} --schedule={schedule} --time-zone={time_zone} --uri={uri} --http-method=POST
    --message-body={asked} {token}
    --attempt-deadline={deadline}s --max-retry-attempts={retryCount} --min-backoff={minBackoffDuration}
    --max-backoff={maxBackoffDuration} --max-doublings={maxDoublings} --max-retry-duration={maxRetryDuration}
"""
CREATE = "scheduler jobs create http {job} --location={region} --headers=Content-Type=application/json" + FLAGS
UPDATE = "scheduler jobs update http {job} --location={region} --update-headers=Content-Type=application/json" + FLAGS


@dataclass(frozen=True)
class Call:
    """What the schedule calls, of either kind of deployment."""

    reason: str
    description: str
    target: dict[str, Any]  # as the API has it
    token: tuple[str, ...]  # the same in flags
    deadline: int
    retries: dict[str, Any]

    @property
    def body(self) -> str:
        return base64.b64decode(self.target["body"]).decode()

    def as_api_has_it(self, settings: InfraSettings) -> dict[str, Any]:
        """The schedule's job as Google tells it: every field that the deploy sets."""
        return {
            "description": self.description,
            "schedule": settings.schedule,
            "timeZone": settings.time_zone,
            "attemptDeadline": f"{self.deadline}s",
            "httpTarget": self.target,
            "retryConfig": self.retries,
        }


def call_of(settings: InfraSettings, standing: Standing) -> Call:
    account = settings.account("schedule")
    if settings.chain:
        place = f"projects/{settings.project}/locations/{settings.region}"
        return Call(
            reason="starts the sweep",
            description="starts the sweep of a chain",
            target={
                "uri": f"https://run.googleapis.com/v2/{place}/jobs/{settings.sweep_job}:run",
                "httpMethod": "POST",
                "headers": {"Content-Type": "application/json"},
                "body": base64.b64encode(b"{}").decode(),
                "oauthToken": {"serviceAccountEmail": account, "scope": SCOPE},
            },
            token=(f"--oauth-service-account-email={account}", f"--oauth-token-scope={SCOPE}"),
            deadline=START_SECONDS,
            retries=ONCE,
        )
    url = retrain_url(settings, standing.number)
    return Call(
        reason="retrains",
        description="retrains on schedule",
        target={"uri": f"{url}/", **ASKED.as_call(account, url)},
        token=(f"--oidc-service-account-email={account}", f"--oidc-token-audience={url}"),
        deadline=TASK_DEADLINE_SECONDS,
        retries=RETRIES,
    )


def schedule(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = standing.named("jobs", settings.job)
    changes = _removed(settings, standing, settings.schedule_of(chain=not settings.chain))
    if found.get("state") == "PAUSED":
        line = "scheduler jobs resume {job} --location={region}"
        reason = "it was paused by hand; what keeps the live model is a pin"
        changes.append(gcloud(settings, line, reason=reason, changes=("jobs",)))
    call = call_of(settings, standing)
    differs = differences(found, call.as_api_has_it(settings))
    return [*changes, *([_made(settings, call, found, differs)] if differs else [])]


def _made(settings: InfraSettings, call: Call, found: dict[str, Any], differs: list[str]) -> Command:
    return gcloud(
        settings,
        UPDATE if found else CREATE,
        reason=because(f"{call.reason} at {settings.schedule}, {settings.time_zone} time", found, differs),
        changes=("jobs",),
        description=call.description,
        schedule=settings.schedule,
        time_zone=settings.time_zone,
        uri=call.target["uri"],
        asked=call.body,
        token=call.token,
        deadline=call.deadline,
        **call.retries,
    )


def _removed(settings: InfraSettings, standing: Standing, job: str) -> list[Change]:
    if not standing.named("jobs", job):
        return []
    line = "scheduler jobs delete {name} --location={region}"
    reason = "so that nothing starts a retrain" if job == settings.job else "of a deployment of the other kind"
    return [gcloud(settings, line, reason=reason, changes=("jobs",), name=job)]


def undo(settings: InfraSettings, standing: Standing, _removal: Removal = KEEPING) -> list[Change]:
    return [gone for chain in (True, False) for gone in _removed(settings, standing, settings.schedule_of(chain=chain))]


PART = DeployPart("schedule", schedule, undo)
