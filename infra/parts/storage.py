"""The bucket of history and models: versioned, never public, old copies gone after a stated number of days."""

from __future__ import annotations

from typing import Any

from infra.command import Change, file_flag, gcloud
from infra.grants import ON_BUCKET, binding_flags, missing
from infra.settings import InfraSettings
from infra.standing import Standing

NONCURRENT_DAYS = 30
SOFT_DELETE_SECONDS = 7 * 86_400
LIFECYCLE = {
    "rule": [
        {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": NONCURRENT_DAYS}},
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
    ]
}


def bucket(settings: InfraSettings, standing: Standing) -> list[Change]:
    place = f"gs://{settings.bucket}"
    lifecycle, files = file_flag("--lifecycle-file", "lifecycle.json", LIFECYCLE)
    guards = (
        "--uniform-bucket-level-access",
        "--public-access-prevention",
        f"--soft-delete-duration={SOFT_DELETE_SECONDS}s",
    )
    changes: list[Change] = []
    words: tuple[str, ...]
    if not standing.bucket:
        words = ("storage", "buckets", "create", place, f"--location={settings.region}", *guards)
        changes.append(
            gcloud(settings.project, *words, reason="makes the bucket of history and models", changes=("bucket",))
        )
    if not _is_as_wanted(standing.bucket):
        words = ("storage", "buckets", "update", place, "--versioning", lifecycle, *guards)
        reason = f"keeps overwritten and deleted objects {NONCURRENT_DAYS} days, then lets them go"
        changes.append(gcloud(settings.project, *words, reason=reason, files=files, changes=("bucket",)))
    return changes


def _is_as_wanted(bucket: dict[str, Any]) -> bool:
    access = bucket.get("iamConfiguration", {})
    return (
        bucket.get("versioning", {}).get("enabled") is True
        and bucket.get("lifecycle") == LIFECYCLE
        and access.get("publicAccessPrevention") == "enforced"
        and access.get("uniformBucketLevelAccess", {}).get("enabled") is True
        and int(bucket.get("softDeletePolicy", {}).get("retentionDurationSeconds", 0)) == SOFT_DELETE_SECONDS
    )


def bucket_roles(settings: InfraSettings, standing: Standing) -> list[Change]:
    return [
        gcloud(
            settings.project,
            *("storage", "buckets", "add-iam-policy-binding", f"gs://{settings.bucket}"),
            *binding_flags(member, grant.role, condition, says_none=True),
            reason=f"{grant.account} {grant.reason}",
            changes=("bucket_policy",),
        )
        for grant, member, condition in missing(settings, standing.bucket_policy, ON_BUCKET)
    ]
