"""Firestore's side of Restock's own collections: what expires by itself, and what needs no index.

Only fields of ``restock_*`` are ever touched; the app's rules, indexes and documents are the app's.
"""

from __future__ import annotations

from collections.abc import Iterator

from infra.command import Change, gcloud
from infra.parts import DeployPart, Removal
from infra.settings import InfraSettings
from infra.standing import Body, Standing
from restock.stored import names

EXPIRES = (names.CHANGES, names.RUNS)
"""Collections whose ``expire_at`` says when a document may go."""

NOT_QUERIED = {
    names.CHANGES: ("usage", "rejected", "source_time", "trained_time", "completed_time", "expire_at"),
    names.RUNS: ("scores", "rejected"),
    names.ORDERS: ("lines", "note"),
    names.LEVELS: ("parts", "policy"),
}
"""Fields no query names: an index entry for each would be written, stored and paid for nothing."""

EXPIRY = "firestore fields ttls update expire_at --collection-group={group} --database=(default) --async"
EXEMPTION = "firestore indexes fields update {name} --collection-group={group} --database=(default) --async"


def time_to_live(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = _found(standing.ttls)
    return [
        gcloud(
            settings,
            f"{EXPIRY} --enable-ttl",
            reason=f"lets documents of {group} go once their expire_at has passed",
            changes=("ttls",),
            group=group,
        )
        for group in EXPIRES
        if (group, "expire_at") not in found
    ]


def exemptions(settings: InfraSettings, standing: Standing) -> list[Change]:
    found = _found(standing.exemptions)
    return [
        gcloud(
            settings,
            f"{EXEMPTION} --disable-indexes",
            reason=f"no query names {group}.{name}: no index is written for it",
            changes=("exemptions",),
            group=group,
            name=name,
        )
        for group, name in _not_queried()
        if (group, name) not in found
    ]


def without_expiry(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    found = _found(standing.ttls)
    return [
        gcloud(settings, f"{EXPIRY} --disable-ttl", reason=f"expiry of {group}", group=group)
        for group in EXPIRES
        if (group, "expire_at") in found
    ]


def without_exemptions(settings: InfraSettings, standing: Standing, _removal: Removal) -> list[Change]:
    found = _found(standing.exemptions)
    return [
        gcloud(
            settings, f"{EXEMPTION} --clear-exemption", reason=f"exemption of {group}.{name}", group=group, name=name
        )
        for group, name in _not_queried()
        if (group, name) in found
    ]


def _not_queried() -> Iterator[tuple[str, str]]:
    return ((group, name) for group, fields in NOT_QUERIED.items() for name in fields)


def _found(listed: list[Body]) -> set[tuple[str, str]]:
    """Collection group and field of each projects/P/databases/D/collectionGroups/G/fields/F."""
    return {(parts[5], parts[7]) for parts in (one["name"].split("/") for one in listed)}


TIME_TO_LIVE = DeployPart("expiry of Restock's documents", time_to_live, without_expiry, ("databases",))
EXEMPTIONS = DeployPart("indexes Restock does not need", exemptions, without_exemptions)
