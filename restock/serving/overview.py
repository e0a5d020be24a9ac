"""A chain at a glance, for who runs it: what each shop's last run left, the worst first; and what could be moved.

From the summaries, not from live stock: to read that of a thousand shops costs as much as to train them. So each shop
says how old what it says is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from restock.serving.kept import Kept, Patience, Reading
from restock.serving.transfers import proposed
from restock.stored import names
from restock.stored.balance import Balance
from restock.stored.fields import if_readable
from restock.stored.summary import Summary

KEPT_SECONDS = 60.0
WELL = ("published", "unchanged")
PATIENCE = Patience(seconds=2.0, first_seconds=20.0)
MOST_TRANSFERS = 500
"""Shown; how many there are is told."""
GOOD_FOR = timedelta(days=3)
"""What is known of a shop's stock moves nothing when it is older."""


class ShopDocuments(Protocol):
    """What is needed of Firestore."""

    def collection(self, name: str, fields: tuple[str, ...]) -> Iterable[tuple[str, Mapping[str, Any]]]: ...

    def documents(self, paths: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Those that exist, by path."""


class Overview:
    def __init__(self, documents: ShopDocuments, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._documents = documents
        self._now = now
        self._kept = Kept(self._read, patience=PATIENCE)
        self._kept_transfers = Kept(self._read_transfers, patience=PATIENCE)

    def shops(self) -> Sequence[Mapping[str, Any]]:
        """Raises StoreUnavailableError if they were never read."""
        return self._kept.get()

    def transfers(self) -> Mapping[str, Any]:
        """Raises StoreUnavailableError if what they are made of was never read."""
        return self._kept_transfers.get()

    def _read(self) -> Reading[Sequence[Mapping[str, Any]]]:
        shops = self._names()
        found = self._documents.documents([names.root(id) + names.SUMMARY for id in shops])
        lines = [
            Line(id, name, if_readable(Summary.from_fields, found.get(names.root(id) + names.SUMMARY)))
            for id, name in shops.items()
        ]
        return Reading([line.told() for line in worst_first(lines)], KEPT_SECONDS)

    def _read_transfers(self) -> Reading[Mapping[str, Any]]:
        shops, oldest = self._names(), self._now() - GOOD_FOR
        found = self._documents.documents([names.root(id) + names.BALANCE for id in shops])
        balances = {}
        for id in shops:
            balance = if_readable(Balance.from_fields, found.get(names.root(id) + names.BALANCE))
            if balance is not None and balance.at >= oldest:
                balances[id] = balance
        transfers = proposed(balances)
        told = [one.told(shops) for one in transfers[:MOST_TRANSFERS]]
        return Reading({"shops_known": len(balances), "count": len(transfers), "transfers": told}, KEPT_SECONDS)

    def _names(self) -> dict[str, str]:
        return {id: str(fields.get("name") or id) for id, fields in self._documents.collection(names.SHOPS, ("name",))}


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
            return row | {"message": None, "as_of": None, "swept_on": None, "standing": None}
        standing = known.standing
        return row | {
            "status": known.status,
            "failures": known.failures,
            "message": known.message,
            "as_of": known.at.isoformat(),
            "swept_on": known.swept_on.isoformat() if known.swept_on else None,
            "standing": standing
            and standing.to_fields() | {"at": standing.at.isoformat(), "trained_at": standing.trained_at.isoformat()},
        }


def worst_first(lines: Iterable[Line]) -> list[Line]:
    """Who fails; of whom nothing is known; who was refused; then by the stock-outs to come, by the money that lies
    idle, and by the age of the model.
    """

    def badness(line: Line) -> tuple[Any, ...]:
        known = line.summary
        if known is None:
            return 0, 0, False, 0, 0.0, "", line.shop
        standing = known.standing
        if standing is None:
            return -known.failures, 1, known.status in WELL, 0, 0.0, known.at.isoformat(), line.shop
        worst = -standing.stock_outs, -standing.idle_value, standing.trained_at.isoformat()
        return -known.failures, 1, known.status in WELL, *worst, line.shop

    return sorted(lines, key=badness)
