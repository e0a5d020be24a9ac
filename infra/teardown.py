"""Everything that deploy made, unmade, last made first. What holds data stays unless it is asked for by name.

Never touched: the database and the app's documents, APIs (others may use them), and the buckets in which the platform
itself keeps uploaded sources.
"""

from __future__ import annotations

from typing import Any

from infra import alerts as declared
from infra.command import Change, gcloud
from infra.grants import ACCOUNTS, ON_BUCKET, ON_PROJECT, Grant, binding_flags, has
from infra.parts.firestore import EXPIRES, NOT_QUERIED
from infra.settings import DOORS, InfraSettings
from infra.standing import Standing

COLLECTIONS = ("restock_changes", "restock_runs", "restock_state")


def teardown(settings: InfraSettings, standing: Standing, *, with_data: bool) -> list[Change]:
    """The commands, from what stands: on a project half torn down, only those still due."""
    region = f"--location={settings.region}"
    due: list[Change] = []

    def delete(*words: str, reason: str) -> None:
        due.append(gcloud(settings.project, *words, reason=reason))

    if standing.named("jobs", settings.job):
        delete("scheduler", "jobs", "delete", settings.job, region, reason="first, so that nothing starts a retrain")
    for door in reversed(DOORS):
        name = settings.function(door)
        if standing.named("functions", name):
            delete(
                "functions",
                "delete",
                name,
                "--gen2",
                f"--region={settings.region}",
                reason=f"{door}, and its trigger if any",
            )
    if standing.named("queues", settings.queue):
        delete("tasks", "queues", "delete", settings.queue, region, reason="its name stays blocked for some days")
    if standing.named("subscriptions", settings.dead_subscription):
        delete("pubsub", "subscriptions", "delete", settings.dead_subscription, reason="with the messages it keeps")
    if standing.named("topics", settings.dead_topic):
        delete("pubsub", "topics", "delete", settings.dead_topic, reason="dead letters")
    if standing.named("repositories", settings.repository):
        delete("artifacts", "repositories", "delete", settings.repository, region, reason="the functions' images")
    for policy in declared.alerts(settings, ""):
        if found := standing.titled("alerts", policy["displayName"]):
            delete("alpha", "monitoring", "policies", "delete", found["name"], reason=policy["displayName"])
    if found := standing.titled("dashboards", settings.dashboard):
        delete("monitoring", "dashboards", "delete", found["name"], reason="the dashboard")
    if found := standing.titled("channels", settings.channel):
        delete("beta", "monitoring", "channels", "delete", found["name"], reason="the alert channel")
    for name in declared.metrics(settings):
        if standing.named("metrics", name):
            delete("logging", "metrics", "delete", name, reason="log-based metric")
    due += _settings_of_collections(settings, standing)
    due += _roles(settings, standing, with_data=with_data)
    emails = {account["email"] for account in standing.accounts}
    for role in ACCOUNTS:
        if settings.account(role) in emails:
            delete(
                "iam",
                "service-accounts",
                "delete",
                settings.account(role),
                reason=ACCOUNTS[role].removeprefix("Restock: "),
            )
    if with_data and standing.bucket:  # the bucket last: while it stands, the documents are still due
        groups = f"--collection-ids={','.join(COLLECTIONS)}"
        delete("firestore", "bulk-delete", groups, "--database=(default)", reason="Restock's own documents")
        place = f"gs://{settings.bucket}"
        delete("storage", "rm", "--recursive", "--all-versions", place, reason="history and models, for good")
    return due


def _settings_of_collections(settings: InfraSettings, standing: Standing) -> list[Change]:
    ttls = {one["name"].split("/collectionGroups/")[1] for one in standing.ttls}
    exempt = {one["name"].split("/collectionGroups/")[1] for one in standing.exemptions}
    due: list[Change] = []
    for group in EXPIRES:
        if f"{group}/fields/expire_at" in ttls:
            words = (
                "firestore",
                "fields",
                "ttls",
                "update",
                "expire_at",
                f"--collection-group={group}",
                "--database=(default)",
            )
            due.append(gcloud(settings.project, *words, "--disable-ttl", "--async", reason=f"expiry of {group}"))
    for group, names in NOT_QUERIED.items():
        for name in names:
            if f"{group}/fields/{name}" in exempt:
                words = (
                    "firestore",
                    "indexes",
                    "fields",
                    "update",
                    name,
                    f"--collection-group={group}",
                    "--database=(default)",
                )
                due.append(
                    gcloud(
                        settings.project, *words, "--clear-exemption", "--async", reason=f"exemption of {group}.{name}"
                    )
                )
    return due


def _roles(settings: InfraSettings, standing: Standing, *, with_data: bool) -> list[Change]:
    """Roles go before the accounts that hold them, or the policy would keep naming deleted accounts."""
    place = f"gs://{settings.bucket}"
    on_project = ("projects", "remove-iam-policy-binding", settings.project)
    on_bucket = ("storage", "buckets", "remove-iam-policy-binding", place)
    due: list[Change] = []
    for grant in ON_PROJECT:
        due += _role(settings, standing, grant, standing.project_policy, on_project)
    for grant in () if with_data else ON_BUCKET:
        due += _role(settings, standing, grant, standing.bucket_policy, on_bucket)
    return due


def _role(
    settings: InfraSettings, standing: Standing, grant: Grant, policy: dict[str, Any], words: tuple[str, ...]
) -> list[Change]:
    member = f"serviceAccount:{settings.account(grant.account)}"
    condition = grant.condition and grant.condition(settings)
    if not has(policy, grant.role, member, condition):
        return []
    flags = binding_flags(member, grant.role, condition, says_none=True)
    return [gcloud(settings.project, *words, *flags, reason=f"{grant.account} no longer {grant.reason}")]
