"""What everything else stands on: the APIs, a database if there is none, the accounts and their project roles."""

from __future__ import annotations

from infra.command import Change, gcloud
from infra.grants import ACCOUNTS, ON_PROJECT, binding_flags, missing
from infra.settings import InfraSettings
from infra.standing import Standing

APIS = (
    "artifactregistry",
    "cloudbuild",
    "cloudfunctions",
    "cloudresourcemanager",
    "cloudscheduler",
    "cloudtasks",
    "eventarc",
    "firestore",
    "iam",
    "iamcredentials",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "storage",
)


def apis(settings: InfraSettings, standing: Standing) -> list[Change]:
    enabled = {service["config"]["name"] for service in standing.services}
    wanted = [f"{api}.googleapis.com" for api in APIS if f"{api}.googleapis.com" not in enabled]
    if not wanted:
        return []
    reason = f"opens {len(wanted)} Google APIs to the project"
    return [gcloud(settings.project, "services", "enable", *wanted, reason=reason, changes=EVERYTHING)]


# A just enabled API may have had something standing behind it all along: a database, a function deployed before.
EVERYTHING = tuple(name for name in Standing.__dataclass_fields__ if name != "project")


def database(settings: InfraSettings, standing: Standing) -> list[Change]:
    """A database is made where there is none. One that exists is never changed, whatever it is set to."""
    if standing.databases:
        return []
    words = (
        "firestore", "databases", "create", "--database=(default)", f"--location={settings.region}",
        "--type=firestore-native", "--delete-protection",
    )  # fmt: skip
    reason = "makes the Firestore database: the project has none, and its place can never be changed later"
    return [gcloud(settings.project, *words, reason=reason, changes=("databases",))]


def accounts(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = {account["email"] for account in standing.accounts}
    return [
        gcloud(
            settings.project,
            *("iam", "service-accounts", "create", settings.account(role).split("@")[0], f"--display-name={purpose}"),
            reason=purpose.removeprefix("Restock: "),
            changes=("accounts",),
        )
        for role, purpose in ACCOUNTS.items()
        if settings.account(role) not in found
    ]


def project_roles(settings: InfraSettings, standing: Standing) -> list[Change]:
    return [
        gcloud(
            settings.project,
            *("projects", "add-iam-policy-binding", settings.project),
            *binding_flags(member, grant.role, condition, says_none=True),
            reason=f"{grant.account} {grant.reason}",
            changes=("project_policy",),
        )
        for grant, member, condition in missing(settings, standing.project_policy, ON_PROJECT)
    ]
