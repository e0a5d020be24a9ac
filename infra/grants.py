"""Who may do what where, and why: one account per function and per caller, each role on the narrowest place.

Nothing is granted on the project where a smaller place can hold it. Firestore knows no role per collection, only a
condition that names the database. One condition in a project's policy breaks every tool that reads the policy without
asking for version 3 (the Firebase CLI among them), so there is none unless the project has several databases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.command import Change, Command, gcloud
from infra.settings import SWEEP, InfraSettings
from infra.standing import Standing

ACCOUNTS = {
    "on_appointment": "Restock: runs on_appointment",
    "retrain": "Restock: runs retrain",
    "forecast": "Restock: runs forecast",
    "sweep": "Restock: runs the sweep of a chain",
    "build": "Restock: builds the functions' images",
    "events": "Restock: Eventarc calls on_appointment",
    "tasks": "Restock: the queue calls retrain",
    "schedule": "Restock: the schedule starts the learning",
}
PUBSUB_AGENT = "Pub/Sub itself"  # not an account of ours: Google's own, which carries events and moves refused ones
SOURCES = "builds"
"""Where in our bucket the source of a chain's job is uploaded to; for functions' alone the platform has a place."""
Condition = tuple[str, str]  # title and expression


@dataclass(frozen=True)
class Place:
    """Where a role can be granted: the API that keeps its policy, and the line that binds somebody there.

    Reading the policy and taking a role away are the same line with get and remove in place of add.
    """

    api: str
    line: str
    knows_conditions: bool = False  # then gcloud must be told that there is none, or it asks which one is meant

    def line_to(self, verb: str) -> str:
        """
        >>> PLACES["queue"].line_to("get"), PLACES["project"].line_to("remove")
        ('tasks queues get-iam-policy {queue} --location={region}', 'projects remove-iam-policy-binding {project}')
        """
        words = "get-iam-policy" if verb == "get" else f"{verb}-iam-policy-binding"
        return self.line.replace("add-iam-policy-binding", words)


PLACES = {
    "project": Place("", "projects add-iam-policy-binding {project}", knows_conditions=True),
    "bucket": Place("", "storage buckets add-iam-policy-binding gs://{bucket}", knows_conditions=True),
    "repository": Place(
        "artifactregistry", "artifacts repositories add-iam-policy-binding {repository} --location={region}"
    ),
    "queue": Place("cloudtasks", "tasks queues add-iam-policy-binding {queue} --location={region}"),
    "tasks_account": Place("iam", "iam service-accounts add-iam-policy-binding {tasks_account}"),
    "events_account": Place("iam", "iam service-accounts add-iam-policy-binding {events_account}"),
    "forecast": Place("run", "run services add-iam-policy-binding {forecast_function} --region={region}"),
    "retrain": Place("run", "run services add-iam-policy-binding {retrain_function} --region={region}"),
    "on_appointment": Place("run", "run services add-iam-policy-binding {on_appointment_function} --region={region}"),
    "sweep_job": Place("run", "run jobs add-iam-policy-binding {sweep_job} --region={region}"),
    "dead_topic": Place("pubsub", "pubsub topics add-iam-policy-binding {dead_topic}"),
    "trigger_subscription": Place("pubsub", "pubsub subscriptions add-iam-policy-binding {trigger_subscription}"),
}


def only_this_database(settings: InfraSettings, standing: Standing) -> Condition | None:
    if not standing.has_several_databases:
        return None
    return "restock_database", f'resource.name=="projects/{settings.project}/databases/(default)"'


def only_sources(settings: InfraSettings, standing: Standing) -> Condition | None:
    if not standing.has_several_databases:
        return None
    # gcf-v2-uploads-... and gcf-v2-sources-...: made by the platform at the first deploy, so not there to bind on
    places = ["gcf-v2-", *([f"{settings.bucket}/objects/{SOURCES}/"] if settings.chain else [])]
    starts = [f'resource.name.startsWith("projects/_/buckets/{place}")' for place in places]
    return "restock_function_sources", " || ".join(starts)


def only_models(settings: InfraSettings, _standing: Standing) -> Condition:
    bucket = f"projects/_/buckets/{settings.bucket}"
    # The bucket itself: without leave to list, Cloud Storage answers 403 instead of 404 while there is no model yet.
    return "restock_models", f'resource.name=="{bucket}" || resource.name.startsWith("{bucket}/objects/models/")'


@dataclass(frozen=True)
class Grant:
    """One row: who, what, where, why. ``to`` names one of :data:`ACCOUNTS` or Pub/Sub, or is a member as IAM has it."""

    to: str
    role: str
    on: str
    reason: str
    condition: Callable[[InfraSettings, Standing], Condition | None] | None = None
    only: Callable[[InfraSettings], bool] = lambda settings: True
    """Where the row holds."""

    def member(self, settings: InfraSettings, standing: Standing) -> str:
        if self.to == PUBSUB_AGENT:
            return f"serviceAccount:service-{standing.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
        return f"serviceAccount:{settings.account(self.to)}" if self.to in ACCOUNTS else self.to

    def condition_in(self, settings: InfraSettings, standing: Standing) -> Condition | None:
        return self.condition(settings, standing) if self.condition else None


def of_one(settings: InfraSettings) -> bool:
    return not settings.chain


def of_chain(settings: InfraSettings) -> bool:
    return settings.chain


def accounts_of(settings: InfraSettings) -> dict[str, str]:
    """The accounts that a deployment of this kind has."""
    return {name: purpose for name, purpose in ACCOUNTS.items() if settings.chain or name != SWEEP}


INVOKER = "roles/run.invoker"
SIGN = "roles/iam.serviceAccountTokenCreator"
# Who may call forecast follows from auth: infra/parts/access.py adds those rows.
GRANTS = (
    Grant("on_appointment", "roles/datastore.user", "project",
          "merges changes and counts those awaiting training", only_this_database),
    Grant("retrain", "roles/datastore.user", "project",
          "reads changes and the catalogue, marks changes trained, holds the lease", only_this_database),
    Grant("forecast", "roles/datastore.viewer", "project",
          "reads stock on hand, how training goes, and the caller's user document", only_this_database,
          only=lambda settings: not settings.writes_orders),
    Grant("forecast", "roles/datastore.user", "project",
          "writes orders and what is known of parts, and can so write the whole database: roles know no collections "
          '(ORDERS = "off" in [variables] takes it away)', only_this_database,
          only=lambda settings: settings.writes_orders),
    Grant("events", "roles/eventarc.eventReceiver", "project",
          "receives Firestore's events; Eventarc knows no narrower place"),
    Grant("build", "roles/logging.logWriter", "project", "writes the build's log"),
    Grant("build", "roles/storage.objectViewer", "project",
          "reads the uploaded source, in the bucket the platform keeps for it", only_sources),
    Grant("build", "roles/artifactregistry.writer", "repository", "stores the functions' images"),
    Grant("retrain", "roles/storage.objectUser", "bucket",
          "reads and writes history and models, prunes old versions"),
    Grant("forecast", "roles/storage.objectViewer", "bucket",
          "reads the pointer and the model it names, nothing else", only_models),
    Grant("on_appointment", "roles/cloudtasks.enqueuer", "queue",
          "asks for a retrain when the threshold is reached"),
    Grant("retrain", "roles/cloudtasks.enqueuer", "queue",
          "asks again when the threshold was crossed during a run"),
    Grant("on_appointment", "roles/iam.serviceAccountUser", "tasks_account",
          "names this account in the task's token"),
    Grant("retrain", "roles/iam.serviceAccountUser", "tasks_account", "names this account in the task's token"),
    Grant("tasks", INVOKER, "retrain", "is the queue, which calls retrain"),
    Grant("schedule", INVOKER, "retrain", "calls retrain", only=of_one),
    Grant("events", INVOKER, "on_appointment", "is Eventarc, which delivers to on_appointment"),
    Grant("sweep", "roles/datastore.user", "project",
          "reads shops, changes and catalogues, marks changes trained, holds the leases", only_this_database,
          only=of_chain),
    Grant("sweep", "roles/storage.objectUser", "bucket", "reads and writes every shop's history and models",
          only=of_chain),
    Grant("sweep", "roles/cloudtasks.enqueuer", "queue", "asks again when a threshold was crossed during a run",
          only=of_chain),
    Grant("sweep", "roles/iam.serviceAccountUser", "tasks_account", "names this account in the task's token",
          only=of_chain),
    # run.jobs.run and nothing else: it may start the job as it stands, not with other arguments.
    Grant("schedule", INVOKER, "sweep_job", "starts the sweep", only=of_chain),
    Grant(PUBSUB_AGENT, "roles/pubsub.publisher", "dead_topic", "moves refused events there"),
    Grant(PUBSUB_AGENT, "roles/pubsub.subscriber", "trigger_subscription", "takes refused events off it"),
)  # fmt: skip
SIGNS_DELIVERIES = Grant(
    PUBSUB_AGENT,
    SIGN,
    "events_account",
    "signs what it delivers as this account; in a project of before April 2021 it may not by itself",
)
"""The one row that most projects need not have (infra/parts/access.py)."""


def on(place: str, settings: InfraSettings) -> tuple[Grant, ...]:
    return tuple(grant for grant in GRANTS if grant.on == place and grant.only(settings))


def has(policy: Mapping[str, Any], role: str, member: str, condition: Condition | None = None) -> bool:
    """Whether an IAM policy grants exactly this, under exactly this condition."""
    expression = condition[1] if condition else None
    return any(
        binding["role"] == role
        and member in binding.get("members", ())
        and (binding.get("condition") or {}).get("expression") == expression
        for binding in policy.get("bindings", ())
    )


def granted(place: str, settings: InfraSettings, standing: Standing, *more: Grant) -> list[Change]:
    """Bind what the policy of a place lacks (its rows of the table, and ``more``); unbind what nobody named."""
    rows = (*on(place, settings), *more)
    added = [
        binding("add", grant, settings, standing)
        for grant in rows
        if not has(
            standing.policy(place), grant.role, grant.member(settings, standing), grant.condition_in(settings, standing)
        )
    ]
    return [*added, *_foreign(place, rows, settings, standing)]


def _foreign(place: str, rows: tuple[Grant, ...], settings: InfraSettings, standing: Standing) -> list[Change]:
    """Bindings on what is ours that no row names; of the shop's project, those of our own accounts only."""
    named = {
        (grant.role, grant.member(settings, standing), (grant.condition_in(settings, standing) or ("", ""))[1])
        for grant in rows
    }
    gone: list[Change] = []
    for bound in standing.policy(place).get("bindings", ()):
        condition = bound.get("condition") or {}
        for member in bound.get("members", ()):
            if (bound["role"], member, condition.get("expression", "")) in named:
                continue
            if _may_stay(place, member, settings, standing):
                continue
            grant = Grant(member, bound["role"], place, "is named nowhere here, somebody bound it by hand")
            gone.append(binding("remove", grant, settings, standing, condition=condition))
    return gone


def _may_stay(place: str, member: str, settings: InfraSettings, standing: Standing) -> bool:
    if settings.is_rotated_out(member.removeprefix("serviceAccount:")):
        return True  # until what runs as it does not any more (infra/parts/rotation.py)
    if place == "project":
        return not member.split("?", maxsplit=1)[0].endswith(
            tuple(settings.account(role) for role in ACCOUNTS)
        )  # deleted: …?uid=
    # Eventarc's own subscription; the owners every bucket begins with; Google's own accounts in this project.
    is_googles = member.startswith((f"serviceAccount:service-{standing.number}@", "projectOwner:", "projectEditor:"))
    return place == "trigger_subscription" or is_googles or member.startswith("projectViewer:")


def revoked(place: str, settings: InfraSettings, standing: Standing) -> list[Change]:
    """Take away what the table grants there: a place that outlives its accounts would go on naming deleted ones."""
    return [
        binding("remove", grant, settings, standing)
        for grant in on(place, settings)
        if has(
            standing.policy(place), grant.role, grant.member(settings, standing), grant.condition_in(settings, standing)
        )
    ]


def binding(  # noqa: PLR0913  # the last two are named
    verb: str,
    grant: Grant,
    settings: InfraSettings,
    standing: Standing,
    *,
    condition: Mapping[str, str] | None = None,
    instead: tuple[str, Command] | None = None,
) -> Change:
    """One binding, added or removed; one to be removed may stand under a ``condition`` of somebody else's."""
    place = PLACES[grant.on]
    title, expression = grant.condition_in(settings, standing) or ("", "")
    parts = dict(condition or {}) or ({"title": title, "expression": expression} if expression else {})
    flags: tuple[str, ...] = ("--condition=None",) if place.knows_conditions else ()
    if parts:
        flags = ("--condition=" + ",".join(f"{key}={value}" for key, value in parts.items()),)
    return gcloud(
        settings,
        place.line_to(verb) + " --member={member} --role={role} {flags}",
        reason=f"{grant.to} {grant.reason}" if verb == "add" else f"{grant.role} no longer: {grant.to} {grant.reason}",
        changes=(f"{grant.on}_policy",),
        instead=instead,
        member=grant.member(settings, standing),
        role=grant.role,
        flags=flags,
        trigger_subscription=standing.trigger_subscription(settings) or "SUBSCRIPTION_OF_THE_TRIGGER",
    )
