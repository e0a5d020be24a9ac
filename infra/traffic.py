"""Code rolled back in seconds: traffic goes to an earlier revision, which Cloud Run keeps with its code and settings.

    python3 -m infra rollback-code             every function, on_appointment first and forecast last
    python3 -m infra rollback-code forecast    one

Backwards, for readers know the layout before theirs, not the one after. A plan tells of a function that was rolled
back, and the next deploy of it sends traffic to the newest again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infra.command import Command, gcloud
from infra.errors import CommandFailedError
from infra.runner import Runner
from infra.settings import DOORS, InfraSettings
from infra.standing import Body, Standing, short_name

LIST = "run revisions list --service={function} --region={region} --format=json"
BACK = "run services update-traffic {function} --region={region} --to-revisions={revision}=100"
LATEST = "run services update-traffic {function} --region={region} --to-latest"


def earlier_revision(service: Body) -> str:
    """The revision that a service was told to serve instead of its newest; empty if it serves the newest."""
    told: list[dict[str, Any]] = service.get("spec", {}).get("traffic", [])
    return next((str(one["revisionName"]) for one in told if one.get("percent") and not one.get("latestRevision")), "")


def to_latest(settings: InfraSettings, door: str, earlier: str) -> Command:
    reason = f"{door} was rolled back to {earlier}: its newest revision serves again"
    return gcloud(settings, LATEST, reason=reason, changes=("run_services",), function=settings.function(door))


def rollbacks(settings: InfraSettings, standing: Standing, doors: Iterable[str], runner: Runner) -> list[Command]:
    """The command for each of these functions that has earlier code; raises if none of them has."""
    found = []
    for door in reversed(DOORS):
        service = standing.named("run_services", settings.function(door))
        if door not in doors or not service:
            continue
        line = gcloud(settings, LIST, reason=f"reads {door}'s revisions", function=settings.function(door))
        serving = earlier_revision(service) or service.get("status", {}).get("latestReadyRevisionName", "")
        if before := previous(runner.read(line) or [], serving):
            runner.say(f"{door:15} {serving}  ──►  {short_name(before)}, of {_made(before)[:16].replace('T', ' ')} UTC")
            found.append(_back(settings, door, short_name(before)))
        else:
            runner.say(f"{door:15} {serving or 'nothing'} serves, and no earlier code is there")
    if not found:
        raise CommandFailedError(
            "no function has earlier code to go back to.\nwhat to do: git checkout the earlier tag, make deploy"
        )
    return found


def previous(revisions: list[Body], serving: str) -> Body | None:
    """The newest revision that is ready, older than the one that serves, and of other code (not a mere restart)."""
    now = next((one for one in revisions if short_name(one) == serving), None)
    if now is None:
        return None
    earlier = [one for one in revisions if _made(one) < _made(now) and _is_ready(one) and _image(one) != _image(now)]
    return max(earlier, key=_made, default=None)


def _back(settings: InfraSettings, door: str, revision: str) -> Command:
    return gcloud(
        settings,
        BACK,
        reason=f"{door} goes back to {revision}",
        changes=("run_services",),
        function=settings.function(door),
        revision=revision,
    )


def _made(revision: Body) -> str:
    return str(revision.get("metadata", {}).get("creationTimestamp", ""))


def _image(revision: Body) -> str:
    containers: list[Body] = revision.get("spec", {}).get("containers") or [{}]
    return str(containers[0].get("image", ""))


def _is_ready(revision: Body) -> bool:
    conditions: list[Body] = revision.get("status", {}).get("conditions", [])
    return not any(one.get("type") == "Ready" and one.get("status") == "False" for one in conditions)
