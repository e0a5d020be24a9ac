"""The first training: a task put into the queue, to start once the trigger is sure to be live.

The first training reads every appointment; the trigger reports every write from then on. A write between the two must
not be missed, and a new trigger takes minutes until it delivers::

    trigger made ──── up to 10 minutes ────► trigger live
                                                  first training reads everything ──►  (15 minutes after)
                                                          the first schedule reads everything once more

So nothing rests on the wait alone: that second read repairs whatever slipped (restock/retraining/plan.py decides it).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from infra.command import ApiCall, Change
from infra.google_api import address
from infra.parts import DeployPart
from infra.parts.functions import TASK_DEADLINE_SECONDS, retrain_url
from infra.settings import InfraSettings
from infra.standing import Standing
from restock.stored.retrain_request import RetrainRequest

TRIGGER_TAKES = timedelta(minutes=15)
SCHEDULE_TAKES = timedelta(days=1)
FIRST, ASKED_AGAIN = "first-training", "after-rotation"  # how the tasks' names begin


def first_training(settings: InfraSettings, standing: Standing) -> list[Change]:
    """Asked for once, soon after the trigger was made; failing that, the schedule trains first all the same.

    A chain's shops are each taken first by the sweep, within the hour after their registration."""
    if settings.chain:
        return []
    now = datetime.now(UTC)
    made = trigger_made(settings, standing, now)
    is_waiting = any(f"/tasks/{name}-" in task["name"] for task in standing.tasks for name in (FIRST, ASKED_AGAIN))
    if standing.pointer or is_waiting or now - made > SCHEDULE_TAKES:
        return []
    return [asked_by_hand(settings, standing, FIRST, "the first training, when the trigger is sure to be live")]


def asked_by_hand(settings: InfraSettings, standing: Standing, name: str, reason: str) -> ApiCall:
    """A task that calls retrain as the queue's account does, once the trigger is sure to be live."""
    now = datetime.now(UTC)
    start = max(trigger_made(settings, standing, now) + TRIGGER_TAKES, now)
    url, asked = retrain_url(settings, standing.number), RetrainRequest("manual")
    task = {
        # Names are remembered for up to a day; with the hour in it, a later deploy may ask again.
        "name": f"{settings.queue_path}/tasks/{name}-{now:%Y%m%d%H}",
        "httpRequest": {"url": f"{url}/", **asked.as_call(settings.account("tasks"), url)},
        # gcloud has no flag for it, and 10 minutes, its default, is too short.
        "dispatchDeadline": f"{TASK_DEADLINE_SECONDS}s",
        "scheduleTime": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    where = address("cloudtasks", f"v2/{settings.queue_path}/tasks")
    # 409: the task was made before, by a deploy that was interrupted after it.
    told = f"{reason}, at {start:%H:%M} UTC: {json.dumps(asked.as_json())}"
    return ApiCall("POST", where, {"task": task}, told, changes=("tasks",), accepts=(409,))


def trigger_made(settings: InfraSettings, standing: Standing, now: datetime) -> datetime:
    """When the trigger was made; now, as long as it is only planned."""
    created = standing.trigger(settings).get("createTime")
    return datetime.fromisoformat(created[:19] + "+00:00") if created else now


PART = DeployPart("first training", first_training)
