"""Reads what stands with as few calls as it takes: one list per kind of resource, compared locally.

An API that is not enabled yet has nothing standing behind it, so it is not asked.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from infra.command import Command, gcloud, words_of
from infra.errors import CommandFailedError
from infra.grants import PLACES
from infra.runner import Runner
from infra.settings import DOORS, SWEEP, InfraSettings
from infra.standing import Body, Standing, short_name


@dataclass(frozen=True)
class Read:
    """How one field is read, and when there can be something to read."""

    field: str
    api: str
    line: str
    exists: Callable[[InfraSettings, Standing], Any] = lambda _settings, _standing: True
    unseen: str = ""  # what to say where this account may not read it; empty: nothing goes on without it


def _policy(place: str, exists: Callable[[InfraSettings, Standing], Any]) -> Read:
    return Read(f"{place}_policy", PLACES[place].api, PLACES[place].line_to("get"), exists)


def _service(door: str) -> Callable[[InfraSettings, Standing], Any]:
    return lambda settings, standing: standing.named("run_services", settings.function(door))


def _account(role: str) -> Callable[[InfraSettings, Standing], Any]:
    return lambda settings, standing: any(one["email"] == settings.account(role) for one in standing.accounts)


def _has_database(_settings: InfraSettings, standing: Standing) -> bool:
    return bool(standing.database_location)


def _has_bucket(_settings: InfraSettings, standing: Standing) -> bool:
    return bool(standing.bucket)


def _has_no_bucket(_settings: InfraSettings, standing: Standing) -> bool:
    return not standing.bucket


def _has_budget(settings: InfraSettings, standing: Standing) -> bool:
    return bool(settings.monthly_budget and standing.billing_account)


def _has_queue(settings: InfraSettings, standing: Standing) -> Any:
    return standing.named("queues", settings.queue)


def _has_counting(settings: InfraSettings, standing: Standing) -> Any:
    return standing.named("functions", settings.function("on_appointment"))


BILLING_UNSEEN = (
    "whether billing is on could not be seen from this account, so no budget is made; a deploy without "
    "billing fails at the APIs"
)
BUDGET_UNSEEN = (
    "the project's budget could not be seen from this account, so none is made: grant it roles/billing.costsManager on "
    "the billing account, or write monthly_budget = 0"
)
# Three rounds: what every other read depends on, the lists, then what belongs to something found in a list.
FIRST = (Read("services", "", "services list --enabled"),)
LISTS = (
    Read("billing", "", "billing projects describe {project}", unseen=BILLING_UNSEEN),
    Read("databases", "firestore", "firestore databases list"),
    Read("accounts", "iam", "iam service-accounts list"),
    _policy("project", lambda _settings, _standing: True),
    Read("bucket", "storage", "storage buckets describe gs://{bucket} --raw"),
    Read("repositories", "artifactregistry", "artifacts repositories list --location={region}"),
    Read("queues", "cloudtasks", "tasks queues list --location={region}"),
    Read("functions", "cloudfunctions", "functions list --v2 --regions={region}"),
    Read("run_services", "run", "run services list --region={region}"),
    Read("jobs", "cloudscheduler", "scheduler jobs list --location={region}"),
    Read("topics", "pubsub", "pubsub topics list"),
    Read("subscriptions", "pubsub", "pubsub subscriptions list"),
    Read("metrics", "logging", "logging metrics list"),
    Read("alerts", "monitoring", "alpha monitoring policies list"),
    Read("channels", "monitoring", "beta monitoring channels list"),
    Read("dashboards", "monitoring", "monitoring dashboards list"),
)
DETAILS = (
    Read("ttls", "firestore", "firestore fields ttls list", _has_database),
    Read("exemptions", "firestore", "firestore indexes fields list", _has_database),
    Read("deleted_buckets", "storage", "storage ls --buckets --soft-deleted --json", _has_no_bucket),
    Read(
        "budgets",
        "billingbudgets",
        "billing budgets list --billing-account={billing_account} --billing-project={project}",
        _has_budget,
        BUDGET_UNSEEN,
    ),
    Read("pointer", "", "storage objects describe gs://{bucket}/models/current.json --raw", _has_bucket),
    Read("triggers", "eventarc", "eventarc triggers list --location={trigger_place}", _has_counting),
    Read("sweep_jobs", "run", "run jobs list --region={region}", _account(SWEEP)),  # else nothing runs as it
    _policy("bucket", _has_bucket),
    _policy("repository", lambda s, st: st.named("repositories", s.repository)),
    _policy("queue", _has_queue),
    _policy("tasks_account", _account("tasks")),
    _policy("events_account", _account("events")),
    *(_policy(door, _service(door)) for door in DOORS),
    _policy("dead_topic", lambda s, st: st.named("topics", s.dead_topic)),
)
LAST = (
    _policy("sweep_job", lambda s, st: st.named("sweep_jobs", s.sweep_job)),
    _policy("trigger_subscription", lambda s, st: st.trigger_subscription(s)),
    Read("tasks", "cloudtasks", "tasks list --queue={queue} --location={region}", _has_queue),
)
ROUNDS = (FIRST, LISTS, DETAILS, LAST)
EVERYTHING = tuple(read.field for round_ in ROUNDS for read in round_)


def read_command(read: Read, settings: InfraSettings, standing: Standing) -> Command:
    return gcloud(
        settings,
        read.line if "--json" in read.line else f"{read.line} --format=json",
        reason=f"reads what stands: {read.field.replace('_', ' ')}",
        trigger_place=standing.trigger_place(settings),
        trigger_subscription=standing.trigger_subscription(settings),
        billing_account=standing.billing_account,
    )


def read_project(settings: InfraSettings, runner: Runner) -> Body:
    argv = words_of("gcloud projects describe {project} --format=json --quiet", settings.names)
    return dict(runner.read(Command(argv, "reads the project's number")) or {})


def read_all(settings: InfraSettings, runner: Runner, project: Body) -> Standing:
    """Read everything that stands, several lists at a time."""
    standing = Standing(project=project)
    for round_ in ROUNDS:
        _read_round(settings, runner, standing, round_)
    return standing


def read_again(settings: InfraSettings, runner: Runner, standing: Standing, names: set[str]) -> None:
    """Read anew what changes have made stale, in the rounds' order."""
    for round_ in ROUNDS:
        _read_round(settings, runner, standing, tuple(read for read in round_ if read.field in names))


def _read_round(settings: InfraSettings, runner: Runner, standing: Standing, round_: tuple[Read, ...]) -> None:
    enabled = {short_name(service).removesuffix(".googleapis.com") for service in standing.services}
    due = [read for read in round_ if (not read.api or read.api in enabled) and read.exists(settings, standing)]
    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = list(pool.map(lambda read: _answer(read, settings, standing, runner), due))
    standing.unseen -= {read.field for read in round_}
    for read in round_:
        standing.put(read.field, None)
    for read, answer in zip(due, answers, strict=True):
        if isinstance(answer, CommandFailedError):
            runner.say(f"  remark: {read.unseen}")
            standing.unseen.add(read.field)
        else:
            standing.put(read.field, answer)


def _answer(read: Read, settings: InfraSettings, standing: Standing, runner: Runner) -> Any:
    try:
        return runner.read(read_command(read, settings, standing), is_enabled=True)
    except CommandFailedError as exc:
        if not read.unseen:
            raise
        return exc
