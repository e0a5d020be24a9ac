"""The bucket of history and models: versioned, never public, old copies gone after a stated number of days."""

from __future__ import annotations

from typing import Any

from infra.command import Change, file_flag, gcloud
from infra.errors import CommandFailedError
from infra.grants import SOURCES, granted, revoked
from infra.parts import DeployPart, Removal
from infra.settings import InfraSettings
from infra.standing import Standing
from restock.stored import names

NONCURRENT_DAYS = 30
SOFT_DELETE_SECONDS = 7 * 86_400
LIFECYCLE = {
    "rule": [
        {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": NONCURRENT_DAYS}},
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
    ]
}
OLD_SOURCES = {"action": {"type": "Delete"}, "condition": {"age": 7, "matchesPrefix": [f"{SOURCES}/"]}}
"""What a chain's job was built from: nobody asks for it again."""
GUARDS = f"--uniform-bucket-level-access --public-access-prevention --soft-delete-duration={SOFT_DELETE_SECONDS}s"
COLLECTIONS = (names.CHANGES, names.RUNS, names.STATES)


def bucket(settings: InfraSettings, standing: Standing) -> list[Change]:
    changes: list[Change] = []
    if wrong := deleted_bucket(settings, standing):  # seen only once the API is open
        raise CommandFailedError(f"step: bucket\n{wrong[0]}\nThen run this again: it goes on from here.")
    if not standing.bucket:
        line = "storage buckets create gs://{bucket} --location={region} " + GUARDS
        changes.append(gcloud(settings, line, reason="makes the bucket of history and models", changes=("bucket",)))
    if not _is_as_wanted(standing.bucket, settings):
        lifecycle, files = file_flag("--lifecycle-file", "lifecycle.json", lifecycle_of(settings))
        line = "storage buckets update gs://{bucket} --versioning {lifecycle} " + GUARDS
        reason = f"keeps overwritten and deleted objects {NONCURRENT_DAYS} days, then lets them go"
        changes.append(gcloud(settings, line, reason=reason, files=files, changes=("bucket",), lifecycle=lifecycle))
    return [*changes, *granted("bucket", settings, standing)]


def deleted_bucket(settings: InfraSettings, standing: Standing) -> list[str]:
    """A bucket of this name that Google still keeps: it comes back only while no other of its name stands."""
    if standing.bucket or settings.new_bucket:
        return []
    mine = [one["metadata"] for one in standing.deleted_buckets if one["metadata"].get("name") == settings.bucket]
    if not mine:
        return []
    times = (mine[-1].get("softDeleteTime", "?"), mine[-1].get("hardDeleteTime", "?"))
    return [
        f"the bucket {settings.bucket} was deleted at {times[0]} with history and models. Google gives it back until "
        f"{times[1]}, and only while no other of its name stands: docs/runbook.md, 'The whole bucket deleted'. "
        "To begin with an empty one: python3 -m infra deploy --new-bucket"
    ]


def lifecycle_of(settings: InfraSettings) -> dict[str, Any]:
    return {"rule": [*LIFECYCLE["rule"], OLD_SOURCES]} if settings.chain else LIFECYCLE


def _is_as_wanted(bucket: dict[str, Any], settings: InfraSettings) -> bool:
    access = bucket.get("iamConfiguration", {})
    return (
        bucket.get("versioning", {}).get("enabled") is True
        and bucket.get("lifecycle") == lifecycle_of(settings)
        and access.get("publicAccessPrevention") == "enforced"
        and access.get("uniformBucketLevelAccess", {}).get("enabled") is True
        and int(bucket.get("softDeletePolicy", {}).get("retentionDurationSeconds", 0)) == SOFT_DELETE_SECONDS
    )


def undo(settings: InfraSettings, standing: Standing, removal: Removal) -> list[Change]:
    """The bucket last: while it stands, the documents are still due."""
    if not removal.with_data:
        return revoked("bucket", settings, standing)
    if not standing.bucket:
        return []
    return [
        gcloud(
            settings,
            "firestore bulk-delete --collection-ids={collections} --database=(default)",
            reason="Restock's own documents",
            collections=",".join(COLLECTIONS),
        ),
        gcloud(
            settings,
            "storage rm --recursive --all-versions gs://{bucket}",
            reason="history and models, for good",
        ),
    ]


PART = DeployPart("bucket", bucket, undo, ("bucket", "deleted_buckets"))
