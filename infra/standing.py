"""What stands in the project, read with as few calls as it takes: one list per kind of resource, compared locally.

An API that is not enabled yet has nothing standing behind it, so it is not asked. ``Standing()`` is an empty project.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from infra.command import Command, gcloud
from infra.runner import Runner
from infra.settings import DOORS, InfraSettings

Body = dict[str, Any]


@dataclass
class Standing:
    """Each field as gcloud's JSON gives it; empty where nothing stands."""

    project: Body = field(default_factory=dict)
    services: list[Body] = field(default_factory=list)
    databases: list[Body] = field(default_factory=list)
    accounts: list[Body] = field(default_factory=list)
    project_policy: Body = field(default_factory=dict)
    bucket: Body = field(default_factory=dict)
    bucket_policy: Body = field(default_factory=dict)
    pointer: Body = field(default_factory=dict)
    repositories: list[Body] = field(default_factory=list)
    repository_policy: Body = field(default_factory=dict)
    ttls: list[Body] = field(default_factory=list)
    exemptions: list[Body] = field(default_factory=list)
    queues: list[Body] = field(default_factory=list)
    queue_policy: Body = field(default_factory=dict)
    tasks: list[Body] = field(default_factory=list)
    tasks_account_policy: Body = field(default_factory=dict)
    events_account_policy: Body = field(default_factory=dict)
    functions: list[Body] = field(default_factory=list)
    run_services: list[Body] = field(default_factory=list)
    forecast_policy: Body = field(default_factory=dict)
    retrain_policy: Body = field(default_factory=dict)
    on_appointment_policy: Body = field(default_factory=dict)
    jobs: list[Body] = field(default_factory=list)
    triggers: list[Body] = field(default_factory=list)
    topics: list[Body] = field(default_factory=list)
    topic_policy: Body = field(default_factory=dict)
    subscriptions: list[Body] = field(default_factory=list)
    subscription_policy: Body = field(default_factory=dict)
    metrics: list[Body] = field(default_factory=list)
    alerts: list[Body] = field(default_factory=list)
    channels: list[Body] = field(default_factory=list)
    dashboards: list[Body] = field(default_factory=list)

    @property
    def number(self) -> str:
        """The project's number, part of addresses and of Google's own accounts."""
        return str(self.project.get("projectNumber", "PROJECT_NUMBER"))

    @property
    def database_location(self) -> str:
        return next((db["locationId"] for db in self.databases if db["name"].endswith("/databases/(default)")), "")

    def named(self, kind: str, name: str) -> Body:
        """The resource of a kind whose (last part of the) name this is; empty if there is none."""
        return next((one for one in getattr(self, kind) if _short(one) == name), {})

    def titled(self, kind: str, title: str) -> Body:
        """The resource of a kind with this display name: where Google makes up the names."""
        return next((one for one in getattr(self, kind) if one.get("displayName") == title), {})

    def trigger(self, settings: InfraSettings) -> Body:
        """The trigger that calls on_appointment; empty if the function is missing, or its trigger is."""
        function = self.named("functions", settings.function("on_appointment"))
        name = function.get("eventTrigger", {}).get("trigger", "")
        return self.named("triggers", name.rsplit("/", 1)[-1]) if name else {}

    def trigger_subscription(self, settings: InfraSettings) -> str:
        """The subscription Eventarc made to carry on_appointment's events; empty until the trigger exists."""
        return str(self.trigger(settings).get("transport", {}).get("pubsub", {}).get("subscription", ""))


def _short(body: Body) -> str:
    name = body.get("name") or body.get("metadata", {}).get("name") or body.get("email") or ""
    return str(name).rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Read:
    """How one field is read, and when there can be something to read."""

    field: str
    api: str
    words: Callable[[InfraSettings, Standing], tuple[str, ...]]
    exists: Callable[[InfraSettings, Standing], Any] = lambda _settings, _standing: True


def _in_region(*words: str, flag: str = "--location") -> Callable[[InfraSettings, Standing], tuple[str, ...]]:
    return lambda settings, _standing: (*words, f"{flag}={settings.region}")


def _always(*words: str) -> Callable[[InfraSettings, Standing], tuple[str, ...]]:
    return lambda _settings, _standing: words


def _run_policy(door: str) -> Read:
    return Read(
        f"{door}_policy",
        "run",
        lambda s, _: ("run", "services", "get-iam-policy", s.function(door), f"--region={s.region}"),
        lambda s, standing: standing.named("run_services", s.function(door)),
    )


def _account_policy(role: str) -> Read:
    return Read(
        f"{role}_account_policy",
        "iam",
        lambda s, _: ("iam", "service-accounts", "get-iam-policy", s.account(role)),
        lambda s, standing: any(one["email"] == s.account(role) for one in standing.accounts),
    )


def _place_of_trigger(settings: InfraSettings, standing: Standing) -> str:
    """As its function says; the database it was made for may be gone."""
    function = standing.named("functions", settings.function("on_appointment"))
    return str(function.get("eventTrigger", {}).get("triggerRegion") or standing.database_location or settings.region)


# Three rounds: what every other read depends on, the lists, then what belongs to something found in a list.
FIRST = (Read("services", "", _always("services", "list", "--enabled")),)
LISTS = (
    Read("databases", "firestore", _always("firestore", "databases", "list")),
    Read("accounts", "iam", _always("iam", "service-accounts", "list")),
    Read("project_policy", "", lambda s, _: ("projects", "get-iam-policy", s.project)),
    Read("bucket", "storage", lambda s, _: ("storage", "buckets", "describe", f"gs://{s.bucket}", "--raw")),
    Read("repositories", "artifactregistry", _in_region("artifacts", "repositories", "list")),
    Read("queues", "cloudtasks", _in_region("tasks", "queues", "list")),
    Read("functions", "cloudfunctions", _in_region("functions", "list", "--v2", flag="--regions")),
    Read("run_services", "run", _in_region("run", "services", "list", flag="--region")),
    Read("jobs", "cloudscheduler", _in_region("scheduler", "jobs", "list")),
    Read("topics", "pubsub", _always("pubsub", "topics", "list")),
    Read("subscriptions", "pubsub", _always("pubsub", "subscriptions", "list")),
    Read("metrics", "logging", _always("logging", "metrics", "list")),
    Read("alerts", "monitoring", _always("alpha", "monitoring", "policies", "list")),
    Read("channels", "monitoring", _always("beta", "monitoring", "channels", "list")),
    Read("dashboards", "monitoring", _always("monitoring", "dashboards", "list")),
)
DETAILS = (
    Read("ttls", "firestore", _always("firestore", "fields", "ttls", "list"), lambda _s, st: st.database_location),
    Read(
        "exemptions",
        "firestore",
        _always("firestore", "indexes", "fields", "list"),
        lambda _s, st: st.database_location,
    ),
    Read(
        "bucket_policy",
        "",
        lambda s, _: ("storage", "buckets", "get-iam-policy", f"gs://{s.bucket}"),
        lambda _s, st: st.bucket,
    ),
    Read(
        "pointer",
        "",
        lambda s, _: ("storage", "objects", "describe", f"gs://{s.bucket}/models/current.json", "--raw"),
        lambda _s, st: st.bucket,
    ),
    Read(
        "repository_policy",
        "artifactregistry",
        lambda s, _: ("artifacts", "repositories", "get-iam-policy", s.repository, f"--location={s.region}"),
        lambda s, st: st.named("repositories", s.repository),
    ),
    Read(
        "queue_policy",
        "cloudtasks",
        lambda s, _: ("tasks", "queues", "get-iam-policy", s.queue, f"--location={s.region}"),
        lambda s, st: st.named("queues", s.queue),
    ),
    _account_policy("tasks"),
    _account_policy("events"),
    *(_run_policy(door) for door in DOORS),
    Read(
        "triggers",
        "eventarc",
        lambda s, st: ("eventarc", "triggers", "list", f"--location={_place_of_trigger(s, st)}"),
        lambda s, st: st.named("functions", s.function("on_appointment")),
    ),
    Read(
        "topic_policy",
        "pubsub",
        lambda s, _: ("pubsub", "topics", "get-iam-policy", s.dead_topic),
        lambda s, st: st.named("topics", s.dead_topic),
    ),
)
LAST = (
    Read(
        "subscription_policy",
        "pubsub",
        lambda s, st: ("pubsub", "subscriptions", "get-iam-policy", st.trigger_subscription(s)),
        lambda s, st: st.trigger_subscription(s),
    ),
    Read(
        "tasks",
        "cloudtasks",
        lambda s, _: ("tasks", "list", f"--queue={s.queue}", f"--location={s.region}"),
        lambda s, st: st.named("queues", s.queue),
    ),
)
ROUNDS = (FIRST, LISTS, DETAILS, LAST)


def read_command(read: Read, settings: InfraSettings, standing: Standing) -> Command:
    words = (*read.words(settings, standing), "--format=json")
    return gcloud(settings.project, *words, reason=f"reads what stands: {read.field.replace('_', ' ')}")


def read_project(settings: InfraSettings, runner: Runner) -> Body:
    command = Command(
        ("gcloud", "projects", "describe", settings.project, "--format=json", "--quiet"), "reads the project's number"
    )
    return dict(runner.read(command) or {})


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
    enabled = {_short(service).removesuffix(".googleapis.com") for service in standing.services}
    due = [read for read in round_ if (not read.api or read.api in enabled) and read.exists(settings, standing)]
    empty = Standing()
    with ThreadPoolExecutor(max_workers=4) as pool:
        commands = [read_command(read, settings, standing) for read in due]
        answers = list(pool.map(lambda command: runner.read(command, is_enabled=True), commands))
    for read in round_:
        setattr(standing, read.field, getattr(empty, read.field))
    for read, answer in zip(due, answers, strict=True):
        if answer is not None:
            setattr(standing, read.field, answer)
