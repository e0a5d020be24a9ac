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
    if standing.pointer:
        return []
    waiting = [task["name"].rsplit("/", 1)[-1] for task in standing.tasks]
    trigger = (
        standing.named("functions", settings.function("on_appointment")).get("eventTrigger", {}).get("trigger", "")
    )
    created = next((one.get("createTime") for one in standing.triggers if one["name"] == trigger), None)
    made = datetime.fromisoformat(created[:19] + "+00:00") if created else datetime.now(UTC)
    start = max(made + TRIGGER_TAKES, datetime.now(UTC))
    hour = f"{datetime.now(UTC):%Y%m%d%H}"  # names are remembered for up to a day: a later deploy may ask again
    # The check first: were the deploy interrupted between the two, it would find the training done and never ask again.
    asked = (
        ("first-check", {"reason": "manual", "rebuild": True}, start + CHECK_AFTER,
         "a full check a day later, which repairs whatever was missed between the two"),
        ("first-training", {"reason": "manual"}, start,
         f"the first training, at {start:%H:%M} UTC, when the trigger is sure to be live"),
    )  # fmt: skip
    return [
        retrain_task(settings, standing, body, name=f"{name}-{hour}", at=at, reason=reason)
        for name, body, at, reason in asked
        if not any(one.startswith(name) for one in waiting)
    ]
