"""Firestore's side of Restock's own collections: what expires by itself, and what needs no index.

Only fields of ``restock_*`` are ever touched; the app's rules, indexes and documents are the app's.
"""

from __future__ import annotations

from infra.command import Change, gcloud
from infra.settings import InfraSettings
from infra.standing import Standing

EXPIRES = ("restock_changes", "restock_runs")
"""Collections whose ``expire_at`` says when a document may go."""

NOT_QUERIED = {
    "restock_changes": ("usage", "rejected", "source_time", "trained_time", "completed_time", "expire_at"),
    "restock_runs": ("scores", "rejected"),
}
"""Fields no query names: an index entry for each would be written, stored and paid for nothing."""


def time_to_live(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = {_group_and_field(field["name"]) for field in standing.ttls}
    return [
        gcloud(
            settings.project,
            *("firestore", "fields", "ttls", "update", "expire_at", f"--collection-group={group}"),
            *("--database=(default)", "--enable-ttl", "--async"),
            reason=f"lets documents of {group} go once their expire_at has passed",
            changes=("ttls",),
        )
        for group in EXPIRES
        if (group, "expire_at") not in found
    ]


def exemptions(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = {_group_and_field(field["name"]) for field in standing.exemptions}
    return [
        gcloud(
            settings.project,
            *("firestore", "indexes", "fields", "update", name, f"--collection-group={group}"),
            *("--database=(default)", "--disable-indexes", "--async"),
            reason=f"no query names {group}.{name}: no index is written for it",
            changes=("exemptions",),
        )
        for group, names in NOT_QUERIED.items()
        for name in names
        if (group, name) not in found
    ]


def _group_and_field(name: str) -> tuple[str, str]:
    """The collection group and the field in projects/P/databases/D/collectionGroups/G/fields/F."""
    parts = name.split("/")
    return parts[5], parts[7]
