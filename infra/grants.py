"""Who may do what, and why: one service account per function and per caller, each role on the narrowest resource.

Nothing here is granted on the project where a smaller place can hold it. Firestore knows no role per collection:
its grants are bound to the one database by a condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.settings import InfraSettings

ACCOUNTS = {
    "on_appointment": "Restock: runs on_appointment",
    "retrain": "Restock: runs retrain",
    "forecast": "Restock: runs forecast",
    "build": "Restock: builds the functions' images",
    "events": "Restock: Eventarc calls on_appointment",
    "tasks": "Restock: the queue calls retrain",
    "schedule": "Restock: the schedule calls retrain",
}


def pubsub_agent(number: str) -> str:
    """Pub/Sub's own account in a project: it carries events to on_appointment and moves refused ones."""
    return f"serviceAccount:service-{number}@gcp-sa-pubsub.iam.gserviceaccount.com"


@dataclass(frozen=True)
class Grant:
    account: str
    role: str
    reason: str
    condition: Callable[[InfraSettings], tuple[str, str]] | None = None  # title and expression


def only_this_database(settings: InfraSettings) -> tuple[str, str]:
    return "restock_database", f'resource.name=="projects/{settings.project}/databases/(default)"'


def only_function_sources(_settings: InfraSettings) -> tuple[str, str]:
    # gcf-v2-uploads-... and gcf-v2-sources-...: made by the platform at the first deploy, so not there to bind on
    return "restock_function_sources", 'resource.name.startsWith("projects/_/buckets/gcf-v2-")'


def only_models(settings: InfraSettings) -> tuple[str, str]:
    bucket = f"projects/_/buckets/{settings.bucket}"
    # The bucket itself: without leave to list, Cloud Storage answers 403 instead of 404 while there is no model yet.
    return "restock_models", f'resource.name=="{bucket}" || resource.name.startsWith("{bucket}/objects/models/")'


ON_PROJECT = (
    Grant(
        "on_appointment",
        "roles/datastore.user",
        "merges changes and counts those awaiting training",
        only_this_database,
    ),
    Grant(
        "retrain",
        "roles/datastore.user",
        "reads changes and the catalogue, marks changes trained, holds the lease",
        only_this_database,
    ),
    Grant(
        "forecast",
        "roles/datastore.viewer",
        "reads stock on hand, and the caller's user document where admins only may call",
        only_this_database,
    ),
    Grant("events", "roles/eventarc.eventReceiver", "receives Firestore's events; Eventarc knows no narrower place"),
    Grant("build", "roles/logging.logWriter", "writes the build's log"),
    Grant(
        "build",
        "roles/storage.objectViewer",
        "reads the uploaded source, in the bucket the platform keeps for it",
        only_function_sources,
    ),
)
ON_BUCKET = (
    Grant("retrain", "roles/storage.objectUser", "reads and writes history and models, prunes old versions"),
    Grant(
        "forecast", "roles/storage.objectViewer", "reads the pointer and the model it names, nothing else", only_models
    ),
)
ON_REPOSITORY = (Grant("build", "roles/artifactregistry.writer", "stores the functions' images"),)
ON_QUEUE = (
    Grant("on_appointment", "roles/cloudtasks.enqueuer", "asks for a retrain when the threshold is reached"),
    Grant("retrain", "roles/cloudtasks.enqueuer", "asks again when the threshold was crossed during a run"),
)
ON_TASKS_ACCOUNT = (
    Grant("on_appointment", "roles/iam.serviceAccountUser", "names this account in the task's token"),
    Grant("retrain", "roles/iam.serviceAccountUser", "names this account in the task's token"),
)
INVOKERS = {
    "retrain": (
        Grant("tasks", "roles/run.invoker", "the queue calls retrain"),
        Grant("schedule", "roles/run.invoker", "the schedule calls retrain"),
    ),
    "on_appointment": (Grant("events", "roles/run.invoker", "Eventarc delivers to on_appointment"),),
}


def has(policy: Mapping[str, Any], role: str, member: str, condition: tuple[str, str] | None = None) -> bool:
    """Whether an IAM policy grants exactly this, under exactly this condition."""
    expression = condition[1] if condition else None
    return any(
        binding["role"] == role
        and member in binding.get("members", ())
        and (binding.get("condition") or {}).get("expression") == expression
        for binding in policy.get("bindings", ())
    )


def missing(
    settings: InfraSettings, policy: Mapping[str, Any], grants: tuple[Grant, ...]
) -> list[tuple[Grant, str, tuple[str, str] | None]]:
    """The grants a policy lacks, each with its member and condition spelt out."""
    spelt = [
        (
            grant,
            f"serviceAccount:{settings.account(grant.account)}",
            grant.condition and grant.condition(settings),
        )
        for grant in grants
    ]
    return [
        (grant, member, condition)
        for grant, member, condition in spelt
        if not has(policy, grant.role, member, condition)
    ]


def binding_flags(
    member: str, role: str, condition: tuple[str, str] | None, *, says_none: bool = False
) -> tuple[str, ...]:
    """The flags of add-iam-policy-binding; ``says_none`` where gcloud would otherwise ask which condition is meant."""
    flags = (f"--member={member}", f"--role={role}")
    if condition:
        return (*flags, f"--condition=title={condition[0]},expression={condition[1]}")
    return (*flags, "--condition=None") if says_none else flags
