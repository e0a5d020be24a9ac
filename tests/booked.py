"""Bookings as Firestore gives them out: by one field, between two bounds of one kind, the least first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


class BookedDocuments:
    """The collection of appointments in memory; ``reads`` are what Firestore would bill."""

    def __init__(self, documents: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.documents = dict(documents or {})
        self.reads = 0
        self.queries = 0

    def between(
        self, collection: str, field: str, bounds: tuple[Any, Any], fields: Iterable[str], most: int
    ) -> list[tuple[str, dict[str, Any]]]:
        self.queries += 1
        low, high = bounds
        kind = str if isinstance(low, str) else type(low)
        holding = [
            (document[field], id)
            for id, document in self.documents.items()
            if isinstance(document.get(field), kind) and low <= document[field] < high
        ]
        wanted = sorted(holding)[:most]
        self.reads += len(wanted)
        return [(id, {name: self.documents[id].get(name) for name in fields}) for _, id in wanted]
