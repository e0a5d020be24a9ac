"""Where the functions' images are kept: a repository of our own, so that its clean-up touches nobody else's images."""

from __future__ import annotations

from infra.command import Change, file_flag, gcloud
from infra.compare import differences
from infra.grants import granted
from infra.parts import DeployPart, Removal
from infra.settings import InfraSettings
from infra.standing import Standing

CLEAN_UP = [
    {"name": "keep-latest", "action": {"type": "Keep"}, "mostRecentVersions": {"keepCount": 2}},
    {"name": "delete-old", "action": {"type": "Delete"}, "condition": {"tagState": "any", "olderThan": "604800s"}},
]

AS_API_HAS_IT = {
    "cleanupPolicies": {
        "keep-latest": {"mostRecentVersions": {"keepCount": 2}},
        "delete-old": {"condition": {"olderThan": "604800s"}},
    },
    "cleanupPolicyDryRun": False,
}


def repository(settings: InfraSettings, standing: Standing) -> list[Change]:
    changes: list[Change] = []
    found = standing.named("repositories", settings.repository)
    if not found:
        line = (
            "artifacts repositories create {repository} --location={region} --repository-format=docker "
            "--description='Images of the Restock functions'"
        )
        changes.append(gcloud(settings, line, reason="keeps the functions' images", changes=("repositories",)))
    if differences(found, AS_API_HAS_IT):
        policy, files = file_flag("--policy", "cleanup.json", CLEAN_UP)
        line = "artifacts repositories set-cleanup-policies {repository} --location={region} {policy} --no-dry-run"
        reason = "keeps two images of each function, deletes older ones after a week: storage is paid for"
        changes.append(gcloud(settings, line, reason=reason, files=files, changes=("repositories",), policy=policy))
    return [*changes, *granted("repository", settings, standing)]


def undo(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    if not standing.named("repositories", settings.repository):
        return []
    line = "artifacts repositories delete {repository} --location={region}"
    return [gcloud(settings, line, reason="the functions' images")]


PART = DeployPart("image repository", repository, undo)
