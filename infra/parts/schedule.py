"""The schedule: retrains whether or not a threshold was reached, in the shop's time zone."""

from __future__ import annotations

from infra.command import Change, digest_of, gcloud
from infra.parts.functions import TASK_DEADLINE_SECONDS, retrain_url
from infra.settings import InfraSettings
from infra.standing import Standing


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
    if found.get("description") == mark:
        return []
    verb, headers = ("update", "--update-headers") if found else ("create", "--headers")
    words = ("scheduler", "jobs", verb, "http", settings.job, f"--location={settings.region}", f"--description={mark}")
    reason = f"retrains at {settings.schedule}, {settings.time_zone} time"
    return [
        gcloud(
            settings.project,
            *words,
            *flags,
            f"{headers}=Content-Type=application/json",
            reason=reason,
            changes=("jobs",),
        )
    ]
