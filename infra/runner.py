"""Runs commands, one way only: a refusal stops the deploy with gcloud's own words and what to do about it.

What Google needs a moment for (a new account, a just enabled API, Eventarc's own account, a new metric) is tried again
for some minutes; everything else fails at once, and a second run goes on from there.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from infra.command import FILES, ApiCall, Change, Command
from infra.errors import CommandFailedError
from infra.google_api import call
from infra.program import gcloud_program
from infra.settings import ROOT

NOT_FOUND = re.compile(r"NOT_FOUND|matched no objects|HTTPError 404|\b404\b|not found|does not exist", re.IGNORECASE)


SHOWN = re.compile(r"^WARNING|deprecated|not serving 100|end of support", re.IGNORECASE)
"""What gcloud says beside a success and an operator must see; the rest is progress."""


@dataclass(frozen=True)
class Wait:
    """What Google needs a moment for: the words it is known by, what is waited for, and the pauses in seconds."""

    words: str
    why: str
    pauses: tuple[float, ...] = (5, 10, 20, 40, 60, 60, 60)


NOT_OPEN_YET = Wait(r"has not been used in project .* before or it is disabled", "a just enabled API is not open yet")
TAKES_A_MOMENT = (
    NOT_OPEN_YET,
    Wait(
        # https://github.com/hashicorp/terraform-provider-google/issues/20571, firebase-tools issues 5244 and 5588
        r"Access to bucket gcf-v2-\S+ denied|Unable to retrieve the repository metadata|uploadArtifacts",
        "the build account's roles, minutes old, are not known everywhere yet",
        (20, 40, *(60,) * 7),
    ),
    Wait(
        # https://github.com/GoogleCloudPlatform/magic-modules/pull/9329 and 9515
        r"(?i)underlying data changed|contention",
        "Firestore is still busy with the change before",
        (5, 10, 20, 40, 60, 60, 60),
    ),
    Wait(r"Service account \S+ does not exist", "a new service account is not known everywhere yet"),
    Wait(r"Eventarc Service Agent", "Eventarc's own account does not have its permissions yet"),
    Wait(r"There were concurrent policy changes|HTTPError 409: .*policy", "somebody else changed the same policy"),
    Wait(
        # https://github.com/hashicorp/terraform-provider-google/issues/11102
        r"Cannot find metric\(s\)|metric referenced by the provided filter is unknown",
        "a new metric is not known to the alerts yet, which Google says takes up to 10 minutes",
        (60,) * 12,
    ),
)
REMEDIES = (
    (r"active account|auth login|Reauthentication|invalid_grant|credentials", "Sign in: gcloud auth login"),
    (NOT_OPEN_YET.words,
     "The API it names is off, or was switched on minutes ago: gcloud services enable API, then wait a few minutes."),
    (r"budget",
     "A budget needs roles/billing.costsManager on the billing account; to go without: monthly_budget = 0."),
    (r"billing", "Link a billing account: gcloud billing projects link PROJECT --billing-account=ACCOUNT"),
    (r"PERMISSION_DENIED|HTTPError 403|does not have permission|\b403\b",
     "Your account lacks a permission; docs/runbook.md, 'Who may deploy', lists the roles."),
    (r"RESOURCE_EXHAUSTED|quota|HTTPError 429", "A quota is used up: wait an hour or ask for more in the console."),
    (r"existed too recently|was recently deleted",
     "Google blocks a deleted queue's name for some days: wait, or write another one into the settings: queue = ..."),
    (r"Build failed|build.*error|build \S+ completed with status",
     "The build's log says what failed: gcloud builds list --region=R, then gcloud builds log ID --region=R."),
    (r"already exists|HTTPError 409|ALREADY_EXISTS",
     "Something of this name was made meanwhile, or belongs to somebody else (bucket names are global: set bucket)."),
    (r"Invalid choice|unrecognized arguments", "This gcloud is too old: gcloud components update"),
)  # fmt: skip


@dataclass
class Runner:
    """Executes commands in the repository's root, with ``gcloud`` from the PATH."""

    say: Callable[[str], None] = print
    sleep: Callable[[float], None] = time.sleep
    calls: list[tuple[str, ...]] = field(default_factory=list)

    def read(self, command: Command, *, is_enabled: bool = False) -> Any:
        """What a list or describe command answers; None where the thing is not there.

        ``is_enabled``: the project has the API, so a refusal that says otherwise passes.
        """
        done = self._patiently(command, (NOT_OPEN_YET,) if is_enabled else ())
        if done.returncode:
            if NOT_FOUND.search(done.stderr):
                return None
            raise self.refused("reading what stands", command, done.stderr)
        return json.loads(done.stdout or "null")

    def run(self, step: str, change: Change) -> None:
        """Make one change; what takes a moment is tried again, everything else raises."""
        if isinstance(change, ApiCall):
            call(change.method, change.url, change.body, accepts=change.accepts, what=f"{step}: {change.reason}")
            return
        done = self._patiently(change, TAKES_A_MOMENT)
        if done.returncode and change.instead and re.search(change.instead[0], done.stderr):
            self.say(f"    refused here ({change.instead[0]}); instead: {change.instead[1].reason}")
            self.run(step, change.instead[1])
        elif done.returncode:
            raise self.refused(step, change, done.stderr)
        else:
            for line in filter(SHOWN.search, done.stderr.splitlines()):
                self.say(f"    gcloud says: {line.strip()}")

    def _patiently(self, command: Command, waits: tuple[Wait, ...]) -> subprocess.CompletedProcess[str]:
        """Run it, again and again while what it waits for has pauses left."""
        pauses = {wait: iter(wait.pauses) for wait in waits}
        while True:
            done = self._call(command)
            wait = next((one for one in pauses if done.returncode and re.search(one.words, done.stderr)), None)
            pause = next(pauses[wait], None) if wait else None
            if wait is None or pause is None:
                return done
            self.say(f"    {wait.why}: trying again in {pause:.0f} s")
            self.sleep(pause)

    def _call(self, command: Command) -> subprocess.CompletedProcess[str]:
        program = gcloud_program()
        for name, content in command.files.items():
            path = ROOT / FILES / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        self.calls.append(command.argv)
        environment = {**os.environ, "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"}
        return subprocess.run(
            [*program, *command.argv[1:]], cwd=ROOT, env=environment, text=True, capture_output=True, check=False
        )

    @staticmethod
    def refused(step: str, command: Command, words: str) -> CommandFailedError:
        """Everything a person needs: the step, the command, gcloud's own words, the remedy."""
        told = "\n".join(line for line in words.strip().splitlines() if line.strip())[-3000:]
        remedy = next(
            (remedy for pattern, remedy in REMEDIES if re.search(pattern, told, re.IGNORECASE)), "Mend what it names."
        )
        return CommandFailedError(
            f"step: {step}\ncommand: {command.text()}\ngcloud says: {told}\n"
            f"what to do: {remedy}\nThen run this again: it goes on from here."
        )
