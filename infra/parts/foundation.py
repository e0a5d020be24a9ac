"""What everything else stands on: the APIs, a database if there is none, the accounts and their project roles."""

from __future__ import annotations

from infra.command import Change, gcloud
from infra.errors import CommandFailedError
from infra.grants import ACCOUNTS, accounts_of, granted, revoked
from infra.parts import DeployPart, Removal
from infra.reading import EVERYTHING
from infra.settings import InfraSettings
from infra.standing import Standing

APIS = (
    "artifactregistry",
    "billingbudgets",
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
    "sts",
)


def apis(settings: InfraSettings, standing: Standing) -> list[Change]:
    enabled = {service["config"]["name"] for service in standing.services}
    wanted = tuple(f"{api}.googleapis.com" for api in APIS if f"{api}.googleapis.com" not in enabled)
    if not wanted:
        return []
    reason = f"opens {len(wanted)} Google APIs to the project"
    # A just enabled API may have had something standing behind it all along: a database, a function deployed before.
    return [gcloud(settings, "services enable {apis}", reason=reason, changes=EVERYTHING, apis=wanted)]


def database(settings: InfraSettings, standing: Standing) -> list[Change]:
    """A database is made where there is none and the settings say so. One that exists is never changed."""
    if standing.databases:
        return []
    if wrong := wrong_database(settings, standing):  # seen only once the API is open
        raise CommandFailedError(f"step: database\n{wrong[0]}\nThen run this again: it goes on from here.")
    if not settings.make_database:
        return []
    return [
        gcloud(
            settings,
            "firestore databases create --database=(default) --location={region} "
            "--type=firestore-native --delete-protection",
            reason="makes the Firestore database: the project has none, and its place can never be changed later",
            changes=("databases",),
        )
    ]


def wrong_database(settings: InfraSettings, standing: Standing) -> list[str]:
    """What about the project's database keeps Restock from working with it."""
    found = next((db for db in standing.databases if db["name"].endswith("/databases/(default)")), None)
    if found is None:
        is_known = standing.named("services", "firestore.googleapis.com")
        if standing.databases or settings.make_database or not is_known:
            return []
        return [
            "the project has no Firestore database, where the app keeps appointments: is it the right project? "
            f"To have one made in {settings.region}, where it then stays for ever, write make_database = true"
        ]
    if found.get("type", "FIRESTORE_NATIVE") != "FIRESTORE_NATIVE":
        return [f"the database is {found['type']}; Restock needs Firestore in native mode, as Firebase makes it"]
    if found.get("databaseEdition", "STANDARD") not in ("STANDARD", "DATABASE_EDITION_UNSPECIFIED"):
        return [
            f"the database is of the {found['databaseEdition']} edition, which has other queries and prices; "
            "Restock is made for the standard edition, which the Firebase app needs too"
        ]
    return []


def accounts(settings: InfraSettings, standing: Standing) -> list[Change]:
    made: list[Change] = [
        gcloud(
            settings,
            "iam service-accounts create {name} --display-name={purpose}",
            reason=purpose.removeprefix("Restock: "),
            changes=("accounts",),
            name=settings.account(role).split("@")[0],
            purpose=purpose,
        )
        for role, purpose in accounts_of(settings).items()
        if not _stands(settings, standing, role)
    ]
    enabled: list[Change] = [
        gcloud(
            settings,
            "iam service-accounts enable {email}",
            reason="it was disabled by hand, and what it runs or calls stands still",
            changes=("accounts",),
            email=account["email"],
        )
        for account in standing.accounts
        if account.get("disabled") and account["email"] in {settings.account(role) for role in ACCOUNTS}
    ]
    return [*made, *enabled, *granted("project", settings, standing)]


def without_accounts(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    """Roles go before the accounts that hold them, or the policy would keep naming deleted accounts."""
    gone: list[Change] = [
        gcloud(
            settings,
            "iam service-accounts delete {account}",
            reason=purpose.removeprefix("Restock: "),
            account=settings.account(role),
        )
        for role, purpose in ACCOUNTS.items()
        if _stands(settings, standing, role)
    ]
    return [*revoked("project", settings, standing), *gone]


def _stands(settings: InfraSettings, standing: Standing, role: str) -> bool:
    return any(account["email"] == settings.account(role) for account in standing.accounts)


APIS_PART = DeployPart("Google APIs", apis)  # others may use them, so they stay
DATABASE = DeployPart("database", database, looks_at=EVERYTHING)  # the app's, so it stays
ACCOUNTS_PART = DeployPart("service accounts and their roles", accounts, without_accounts)
