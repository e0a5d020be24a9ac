"""A chain at a glance: one line a shop, the worst first, from what its last run left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from restock.serving.overview import Overview
from restock.stored.summary import Summary

NIGHT = datetime(2026, 3, 2, 3, tzinfo=UTC)


def a_summary(**changed: Any) -> dict[str, Any]:
    given = {"at": NIGHT, "status": "published", "message": "version 7 published", "swept_on": date(2026, 3, 2)}
    return Summary(**(given | changed)).to_fields()


class Documents:
    def __init__(self, **shops: Mapping[str, Any] | None) -> None:
        self.shops = shops

    def collection(self, name: str, fields: tuple[str, ...]) -> Iterable[tuple[str, Mapping[str, Any]]]:
        return [(id, {"name": f"{id} street"}) for id in self.shops]

    def documents(self, paths: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        found = {f"shops/{id}/restock_state/summary": fields for id, fields in self.shops.items() if fields}
        return {path: found[path] for path in paths if path in found}


def test_the_worst_come_first():
    overview = Overview(
        Documents(
            well=a_summary(),
            older=a_summary(at=NIGHT.replace(day=1)),
            new=None,
            refused=a_summary(status="refused"),
            failing=a_summary(status="failed", failures=2),
            damaged={"schema": 99},
        )
    )

    assert [row["shop"] for row in overview.shops()] == ["failing", "damaged", "new", "refused", "older", "well"]


def test_each_says_how_old_what_it_says_is():
    (row,) = Overview(Documents(north=a_summary())).shops()

    assert row == {
        "shop": "north",
        "name": "north street",
        "status": "published",
        "failures": 0,
        "message": "version 7 published",
        "as_of": "2026-03-02T03:00:00+00:00",
        "swept_on": "2026-03-02",
    }
