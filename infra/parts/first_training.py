"""The first training: a task put into the queue, to start once the trigger is sure to be live.

The first training reads every appointment; the trigger reports every write from then on. A write between the two must
not be missed, and a new trigger takes minutes until it delivers::

    trigger made ──── up to 10 minutes ────► trigger live
                                                  first training reads everything ──►  (15 minutes after)
                                                                a full check a day later repairs whatever slipped

So nothing rests on the wait alone: the check reads everything again and reports what it had to repair.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.command import Change, Request
from infra.google_api import address
from infra.parts.functions import TASK_DEADLINE_SECONDS, retrain_url
from infra.settings import InfraSettings
from infra.standing import Standing

TRIGGER_TAKES = timedelta(minutes=15)
CHECK_AFTER = timedelta(hours=25)


def retrain_task(
    settings: InfraSettings, standing: Standing, asked: dict[str, Any], *, name: str, at: datetime | None, reason: str
) -> Request:
    """A task that calls retrain. (gcloud has no flag for the deadline, and 10 minutes, its default, is too short.)"""
    url = retrain_url(settings, standing.number)
    task: dict[str, Any] = {
        "name": f"{settings.queue_path}/tasks/{name}",
        "httpRequest": {
            "url": f"{url}/",
            "httpMethod": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": base64.b64encode(json.dumps(asked).encode()).decode(),
            "oidcToken": {"serviceAccountEmail": settings.account("tasks"), "audience": url},
        },
        "dispatchDeadline": f"{TASK_DEADLINE_SECONDS}s",
    }
    if at:
        task["scheduleTime"] = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    where = address("cloudtasks", f"v2/{settings.queue_path}/tasks")
    # 409: the task was made before, by a deploy that was interrupted after it.
    return Request("POST", where, {"task": task}, f"{reason}: {json.dumps(asked)}", changes=("tasks",), accepts=(409,))


def first_training(settings: InfraSettings, standing: Standing) -> list[Change]:
    """Asked for once, soon after the trigger was made; failing that, the schedule trains first all the same."""
    now = datetime.now(UTC)
    made = trigger_made(settings, standing, now)
    if standing.pointer or now - made > CHECK_AFTER:
        return []
    waiting = {task["name"].rsplit("/", 1)[-1].rsplit("-", 1)[0] for task in standing.tasks}
    start = max(made + TRIGGER_TAKES, now)
    hour = f"{now:%Y%m%d%H}"  # names are remembered for up to a day: a later deploy may ask again
    training = retrain_task(
        settings,
        standing,
        {"reason": "manual"},
        name=f"first-training-{hour}",
        at=start,
        reason=f"the first training, at {start:%H:%M} UTC, when the trigger is sure to be live",
    )
    check = retrain_task(
        settings,
        standing,
        {"reason": "manual", "rebuild": True},
        name=f"first-check-{hour}",
        at=start + CHECK_AFTER,
        reason="a full check a day later, which repairs whatever was missed between the two",
    )
    # The training comes first: where only the check waits, it has been; where only the training does, a deploy was
    # interrupted between the two.
    if "first-training" in waiting:
        return [] if "first-check" in waiting else [check]
    return [] if "first-check" in waiting else [training, check]


def trigger_made(settings: InfraSettings, standing: Standing, now: datetime) -> datetime:
    """When the trigger was made; now, as long as it is only planned."""
    name = standing.named("functions", settings.function("on_appointment")).get("eventTrigger", {}).get("trigger", "")
    created = next((one.get("createTime") for one in standing.triggers if one["name"] == name), None)
    return datetime.fromisoformat(created[:19] + "+00:00") if created else now
