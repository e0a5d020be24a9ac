"""The schedule: retrains whether or not a threshold was reached, in the shop's time zone."""

from __future__ import annotations

from infra.command import Change, digest_of, gcloud
from infra.parts import Part, Removal
from infra.parts.functions import TASK_DEADLINE_SECONDS, retrain_url
from infra.settings import InfraSettings
from infra.standing import Standing

CREATE = "scheduler jobs create http {job} --location={region} --headers=Content-Type=application/json {flags}"
UPDATE = "scheduler jobs update http {job} --location={region} --update-headers=Content-Type=application/json {flags}"


def schedule(settings: InfraSettings, standing: Standing) -> list[Change]:
    url = retrain_url(settings, standing.number)
    flags = (
        f"--schedule={settings.schedule}",
        f"--time-zone={settings.time_zone}",
        f"--uri={url}/",
        "--http-method=POST",
        '--message-body={"reason": "schedule"}',
        f"--oidc-service-account-email={settings.account('schedule')}",
        f"--oidc-token-audience={url}",
        f"--attempt-deadline={TASK_DEADLINE_SECONDS}s",
        # 600 + 1200 + 2400 s: the third try comes after any lease has ended.
        "--max-retry-attempts=3",
        "--min-backoff=600s",
        "--max-backoff=2400s",
        "--max-doublings=2",
        "--max-retry-duration=0s",
    )
    mark = f"retrains on schedule (restock {digest_of(flags)})"
    found = standing.named("jobs", settings.job)
    changes: list[Change] = []
    if found.get("state") == "PAUSED":
        line = "scheduler jobs resume {job} --location={region}"
        reason = "it was paused by hand; what keeps the live model is a pin"
        changes.append(gcloud(settings, line, reason=reason, changes=("jobs",)))
    uri = found.get("httpTarget", {}).get("uri")
    stands = (found.get("description"), found.get("schedule"), found.get("timeZone"), uri)
    if stands == (mark, settings.schedule, settings.time_zone, f"{url}/"):
        return changes
    reason = f"retrains at {settings.schedule}, {settings.time_zone} time"
    return [
        *changes,
        gcloud(
            settings,
            UPDATE if found else CREATE,
            reason=reason,
            changes=("jobs",),
            flags=(f"--description={mark}", *flags),
        ),
    ]


def undo(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    if not standing.named("jobs", settings.job):
        return []
    line = "scheduler jobs delete {job} --location={region}"
    return [gcloud(settings, line, reason="so that nothing starts a retrain")]


PART = Part("schedule", schedule, undo)
