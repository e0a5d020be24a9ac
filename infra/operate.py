"""What an operator does with a deployment that stands: look at it, ask for a retrain, roll back, pin.

``python -m restock`` does it, with the operator's own credentials (gcloud auth application-default login); this sets
the environment it reads, from the one settings file, and lends it the development environment's libraries.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from infra.errors import CommandFailedError
from infra.parts.access import addresses
from infra.parts.functions import REVISION_LABEL, variables_of
from infra.settings import DOORS, ROOT, InfraSettings
from infra.standing import Standing
from infra.traffic import earlier_revision
from restock.operating import command_line
from restock.settings import Settings

VERBS = {name: verb.help for name, verb in command_line.VERBS.items()}


def restock(settings: InfraSettings, number: str, words: list[str]) -> int:
    """Run ``python -m restock`` for this deployment."""
    python = ROOT / (".venv/Scripts/python.exe" if os.name == "nt" else ".venv/bin/python")
    if not python.exists():
        raise CommandFailedError("the development environment is missing. Make it with: python3 -m local.setup dev")
    environment = {**inherited(), **variables_of(settings, "retrain", number)}
    environment.pop("THREADS")
    return subprocess.run([str(python), "-m", "restock", *words], cwd=ROOT, env=environment, check=False).returncode


def inherited() -> dict[str, str]:
    """This process's environment without what would lead elsewhere: emulators, and settings of another Restock."""
    ours = {one.metadata["variable"] for one in fields(Settings)}
    return {
        name: value for name, value in os.environ.items() if name not in ours and not name.endswith("_EMULATOR_HOST")
    }


def show(settings: InfraSettings, standing: Standing, say: Callable[[str], None]) -> None:
    """What stands, in a screen."""
    for door in DOORS:
        found = standing.named("functions", settings.function(door))
        service = standing.named("run_services", settings.function(door))
        where = addresses(service)
        revision, made = found.get("labels", {}).get(REVISION_LABEL, ""), found.get("updateTime", "")[:19]
        state = found.get("state", "not deployed")
        say(f"{door:15} {state:12} {revision:21} {made:20} {where[0] if where else ''}".rstrip())
        if earlier := earlier_revision(service):
            say(f"{'':15} ROLLED BACK  to {earlier}, until the next deploy")
    queue = standing.named("queues", settings.queue)
    say(f"{'queue':15} {queue.get('state', 'stands' if queue else 'missing'):12} {waiting(standing.tasks)}")
    if settings.chain:
        job = standing.named("sweep_jobs", settings.sweep_job)
        ended = job.get("status", {}).get("latestCreatedExecution", {}).get("completionTimestamp", "")[:19]
        say(f"{'sweep':15} {'stands' if job else 'missing':12} last ended {ended or 'never'}")
    job = standing.named("jobs", settings.job)
    when, last = f"{job.get('schedule', '')} {job.get('timeZone', '')}", job.get("lastAttemptTime", "never")[:19]
    say(f"{'schedule':15} {job.get('state', 'stands' if job else 'missing'):12} {when}, last {last}")
    say(f"{'bucket':15} {'stands' if standing.bucket else 'MISSING':12} gs://{settings.bucket}")
    pointer = standing.pointer.get("updated", "")[:19]
    say(f"{'pointer':15} {'published' if standing.pointer else 'none yet':12} {pointer}")
    subscription = standing.trigger_subscription(settings).rsplit("/", 1)[-1]
    say(f"{'trigger':15} {'set' if subscription else 'missing':12} {subscription}")


def waiting(tasks: list[dict[str, Any]]) -> str:
    """What the queue holds, for a person.

    >>> waiting([{"name": "q/tasks/b", "scheduleTime": "2026-03-02T12:00:01.5Z"}, {"name": "q/tasks/a"}])
    '2 tasks wait, the first, a, is due'
    >>> waiting([{"name": "q/tasks/b", "scheduleTime": "2026-03-02T12:00:01.5Z"}])
    '1 task waits, b, until 2026-03-02 12:00:01 UTC'
    >>> waiting([])
    'no task waits'
    """
    if not tasks:
        return "no task waits"
    first = min(tasks, key=lambda task: task.get("scheduleTime", ""))
    name, due = first["name"].rsplit("/", 1)[-1], first.get("scheduleTime", "")[:19].replace("T", " ")
    when = f"until {due} UTC" if due else "is due"
    many = f"{len(tasks)} tasks wait, the first" if len(tasks) > 1 else "1 task waits"
    return f"{many}, {name}, {when}"
