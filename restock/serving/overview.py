"""A chain at a glance, for who runs it: what each shop's last run left, the worst first.

From the summaries, not from live stock: to read that of a thousand shops costs as much as to train them. So each shop
says how old what it says is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from restock.errors import DamagedError
from restock.serving.kept import Kept, Patience, Reading
from restock.stored import names
from restock.stored.summary import Summary, summary_of

KEPT_SECONDS = 60.0
WELL = ("published", "unchanged")
PATIENCE = Patience(seconds=2.0, first_seconds=20.0)


class ShopDocuments(Protocol):
    """What is needed of Firestore."""

    def collection(self, name: str, fields: tuple[str, ...]) -> Iterable[tuple[str, Mapping[str, Any]]]: ...

    def documents(self, paths: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Those that exist, by path."""


class Overview:
    def __init__(self, documents: ShopDocuments) -> None:
        self._documents = documents
        self._kept = Kept(self._read, patience=PATIENCE)

    def shops(self) -> Sequence[Mapping[str, Any]]:
        """Raises StoreUnavailableError if they were never read."""
        return self._kept.get()

    def _read(self) -> Reading[Sequence[Mapping[str, Any]]]:
        shops = dict(self._documents.collection(names.SHOPS, ("name",)))
        found = self._documents.documents([names.root(id) + names.SUMMARY for id in shops])
        lines = [
            Line(id, str(fields.get("name") or id), readable(found.get(names.root(id) + names.SUMMARY)))
            for id, fields in shops.items()
        ]
        return Reading([line.told() for line in worst_first(lines)], KEPT_SECONDS)


@dataclass(frozen=True, slots=True)
class Line:
    """One shop at a glance."""

    shop: str
    name: str
    summary: Summary | None

    def told(self) -> dict[str, Any]:
        row: dict[str, Any] = {"shop": self.shop, "name": self.name, "status": "never learnt", "failures": 0}
        known = self.summary
        if known is None:
            return row | {"message": None, "as_of": None, "swept_on": None}
        return row | {
            "status": known.status,
            "failures": known.failures,
            "message": known.message,
            "as_of": known.at.isoformat(),
            "swept_on": known.swept_on.isoformat() if known.swept_on else None,
        }


def readable(summary: Mapping[str, Any] | None) -> Summary | None:
    """One that cannot be read says as much as none."""
    try:
        return summary_of(summary)
    except DamagedError:
        return None


def worst_first(lines: Iterable[Line]) -> list[Line]:
    """Who fails, then who was refused or never learnt, then whose word is the oldest."""

    def badness(line: Line) -> tuple[Any, ...]:
        known = line.summary
        if known is None:
            return 0, False, "", line.shop
        return -known.failures, known.status in WELL, known.at.isoformat(), line.shop

    return sorted(lines, key=badness)
