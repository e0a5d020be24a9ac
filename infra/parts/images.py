"""Where the functions' images are kept: a repository of our own, so that its clean-up touches nobody else's images."""

from __future__ import annotations

from infra.command import Change, file_flag, gcloud
from infra.grants import ON_REPOSITORY, binding_flags, missing
from infra.settings import InfraSettings
from infra.standing import Standing

CLEAN_UP = [
    {"name": "keep-latest", "action": {"type": "Keep"}, "mostRecentVersions": {"keepCount": 2}},
    {"name": "delete-old", "action": {"type": "Delete"}, "condition": {"tagState": "any", "olderThan": "604800s"}},
]


def repository(settings: InfraSettings, standing: Standing) -> list[Change]:
    changes: list[Change] = []
    found = standing.named("repositories", settings.repository)
    words = ("artifacts", "repositories")
    place = (settings.repository, f"--location={settings.region}")
    if not found:
        create = (
            *words,
            "create",
            *place,
            "--repository-format=docker",
            "--description=Images of the Restock functions",
        )
        changes.append(
            gcloud(settings.project, *create, reason="keeps the functions' images", changes=("repositories",))
        )
    if set(found.get("cleanupPolicies", {})) != {policy["name"] for policy in CLEAN_UP}:
        flag, files = file_flag("--policy", "cleanup.json", CLEAN_UP)
        clean = (*words, "set-cleanup-policies", *place, flag, "--no-dry-run")
        reason = "keeps two images of each function, deletes older ones after a week: storage is paid for"
        changes.append(gcloud(settings.project, *clean, reason=reason, files=files, changes=("repositories",)))
    return changes


def repository_roles(settings: InfraSettings, standing: Standing) -> list[Change]:
    return [
        gcloud(
            settings.project,
            *(
                "artifacts",
                "repositories",
                "add-iam-policy-binding",
                settings.repository,
                f"--location={settings.region}",
            ),
            *binding_flags(member, grant.role, condition),
            reason=f"{grant.account} {grant.reason}",
            changes=("repository_policy",),
        )
        for grant, member, condition in missing(settings, standing.repository_policy, ON_REPOSITORY)
    ]
