"""What must hold before anything is changed, all of it checked first, each with its remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from infra.command import Command, words_of
from infra.errors import CommandFailedError, PrerequisiteError
from infra.google_api import address, call
from infra.parts.foundation import wrong_database
from infra.parts.functions import foreign_functions
from infra.parts.storage import deleted_bucket
from infra.parts.sweep import foreign_job
from infra.runner import Runner
from infra.settings import InfraSettings
from infra.standing import Standing

OLDEST_GCLOUD = 528  # what the tests run on; older ones lack flags used here
COMPONENTS = ("alpha", "beta")
MULTI_REGIONS = {
    "nam5": ("us-", "northamerica-", "southamerica-"),
    "nam7": ("us-", "northamerica-", "southamerica-"),
    "eur3": ("europe-",),
}
PERMISSIONS = {
    "artifactregistry.repositories.create": "roles/artifactregistry.admin",
    "cloudbuild.builds.create": "roles/cloudbuild.builds.editor",
    "cloudfunctions.functions.create": "roles/cloudfunctions.developer",
    "cloudscheduler.jobs.create": "roles/cloudscheduler.admin",
    "cloudtasks.queues.create": "roles/cloudtasks.admin",
    "cloudtasks.tasks.list": "roles/cloudtasks.admin",
    "datastore.databases.bulkDelete": "roles/datastore.owner",
    "datastore.schemas.update": "roles/datastore.indexAdmin",
    "iam.serviceAccounts.actAs": "roles/iam.serviceAccountUser",
    "iam.serviceAccounts.create": "roles/iam.serviceAccountAdmin",
    "logging.logEntries.list": "roles/logging.viewer",
    "logging.logMetrics.create": "roles/logging.configWriter",
    "monitoring.alertPolicies.create": "roles/monitoring.editor",
    "pubsub.topics.create": "roles/pubsub.admin",
    "resourcemanager.projects.setIamPolicy": "roles/resourcemanager.projectIamAdmin",
    "run.services.setIamPolicy": "roles/run.admin",
    "serviceusage.services.enable": "roles/serviceusage.serviceUsageAdmin",
    "storage.buckets.create": "roles/storage.admin",
}
"""For each role that deploying needs a permission that no narrower one holds (docs/runbook.md, "Who may deploy")."""

RENAMED = {"datastore.schemas.update": "datastore.indexes.update"}
"""New name and old: which of the two a project answers to depends on when Google moved it (from March 2026 on)."""
FOR_TEARDOWN_ALONE = {"datastore.databases.bulkDelete"}
FOR_A_CHAIN_ALONE = {"cloudbuild.builds.create"}


def check_gcloud(runner: Runner) -> None:
    versions = runner.read(Command(words_of("gcloud version --format=json", {}), "asks gcloud's version"))
    release = str(versions.get("Google Cloud SDK", "0")).split(".")[0]
    mistakes = []
    if int(release) < OLDEST_GCLOUD:
        mistakes.append(f"gcloud is {release}; {OLDEST_GCLOUD} or newer is needed: gcloud components update")
    if absent := [name for name in COMPONENTS if name not in versions]:
        mistakes.append(
            f"gcloud lacks {', '.join(absent)} (alerts need them): gcloud components install {' '.join(absent)}"
        )
    refuse(mistakes)


def check_project(settings: InfraSettings, runner: Runner, project: dict[str, Any]) -> None:
    """The project is there, alive, paid for, and the operator may do what a deploy does."""
    mistakes = []
    if not project:
        mistakes.append(
            f"project {settings.project} does not exist, or this account may not see it: check project in the "
            "settings, and the account with: gcloud auth list"
        )
    elif project.get("lifecycleState", "ACTIVE") != "ACTIVE":
        mistakes.append(
            f"project {settings.project} is {project['lifecycleState']}: gcloud projects undelete {settings.project}"
        )
    else:
        mistakes += _permissions(settings, runner.say)
    refuse(mistakes)


def check_standing(settings: InfraSettings, standing: Standing) -> list[str]:
    """What stands does not stand in the way. Returns remarks that are no obstacles."""
    mistakes, remarks = [*_billing(settings, standing), *deleted_bucket(settings, standing)], []
    for name in foreign_functions(settings, standing):
        mistakes.append(f"a function {name} is there that this tool did not make: delete or rename it first")
    for name in foreign_job(settings, standing):
        mistakes.append(f"a Cloud Run job {name} is there that this tool did not make: delete it first")
    location = standing.database_location
    if standing.databases and not location:
        mistakes.append(
            "the project has Firestore databases but none called (default), which is where the app keeps appointments"
        )
    mistakes += wrong_database(settings, standing)
    if location and not fits(settings.region, location):
        near = MULTI_REGIONS.get(location)
        remedy = f"a region that begins with {' or '.join(near)}" if near else f'region = "{location}"'
        mistakes.append(
            f"region {settings.region} does not fit the Firestore database, which is in {location}: write {remedy}"
        )
    elif location and location != settings.region and location not in MULTI_REGIONS:
        remarks.append(f"the database is in {location}, the functions in {settings.region}: every read crosses regions")
    if standing.has_several_databases:
        remarks.append(
            "the project has several databases, so roles on (default) are bound to it by conditions: tools that read "
            "the project's policy without version 3 (older Firebase CLIs) then refuse to change it"
        )
    refuse(mistakes)
    return remarks


def fits(region: str, location: str) -> bool:
    """Whether functions in this region may use a database there: on the same continent.

    >>> fits("us-central1", "nam5"), fits("europe-west1", "europe-west3"), fits("us-central1", "europe-west1")
    (True, True, False)
    """
    return region.startswith(MULTI_REGIONS.get(location, (location.split("-", maxsplit=1)[0] + "-",)))


def refuse(mistakes: list[str]) -> None:
    if mistakes:
        raise PrerequisiteError("nothing was changed, because:\n" + "\n".join(f"  - {mistake}" for mistake in mistakes))


def _billing(settings: InfraSettings, standing: Standing) -> list[str]:
    if not standing.billing or standing.billing.get("billingEnabled"):
        return []
    return [
        "billing is off: gcloud billing accounts list, then "
        f"gcloud billing projects link {settings.project} --billing-account=ACCOUNT"
    ]


def _permissions(settings: InfraSettings, say: Callable[[str], None]) -> list[str]:
    url = address("cloudresourcemanager", f"v1/projects/{settings.project}:testIamPermissions")
    try:
        held = _held(url, [*PERMISSIONS, *RENAMED.values()], say)
    except CommandFailedError:
        say("  remark: this account's permissions could not be asked for; a missing one shows at its step")
        return []
    lacking = [
        (name, role)
        for name, role in PERMISSIONS.items()
        if held.get(name) is False and not held.get(RENAMED.get(name, ""))
        if settings.chain or name not in FOR_A_CHAIN_ALONE
    ]
    for name, role in lacking:
        if name in FOR_TEARDOWN_ALONE:
            say(f"  remark: this account lacks {name} ({role}), which a teardown with data needs")
    return [f"this account lacks {name}: grant it {role}" for name, role in lacking if name not in FOR_TEARDOWN_ALONE]


def _held(url: str, names: list[str], say: Callable[[str], None]) -> dict[str, bool]:
    """Which of these permissions the account holds; a name Google does not know is left out, not taken for missing."""
    while True:
        try:
            found = call("POST", url, {"permissions": names}).get("permissions", [])
            return {name: name in found for name in names}
        except CommandFailedError as exc:
            unknown = [name for name in names if name in str(exc)]
            if not unknown:
                raise
            names = [name for name in names if name not in unknown]
            if not set(unknown) <= {*RENAMED, *RENAMED.values()}:
                say(f"  remark: Google knows no permission {', '.join(unknown)}; whether it is held was not checked")
