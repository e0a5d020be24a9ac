"""A chain at a glance: one line a shop, the worst first, from what its last run left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from restock.serving.overview import GOOD_FOR, Overview
from restock.stored.balance import Balance, Idle, Short
from restock.stored.summary import Standing, Summary

NIGHT = datetime(2026, 3, 2, 3, tzinfo=UTC)


def a_summary(**changed: Any) -> dict[str, Any]:
    given = {"at": NIGHT, "status": "published", "message": "version 7 published", "swept_on": date(2026, 3, 2)}
    return Summary(**(given | changed)).to_fields()


def a_standing(**changed: Any) -> Standing:
    given = {"stock_outs": 1, "order_today": 2, "stock_value": 90.0, "idle_value": 10.0, "parts_without_cost": 0}
    return Standing(**({"at": NIGHT, "trained_at": NIGHT} | given | changed))


class Documents:
    balances: Mapping[str, Mapping[str, Any]] = {}

    def __init__(self, **shops: Mapping[str, Any] | None) -> None:
        self.shops = shops

    def collection(self, name: str, fields: tuple[str, ...]) -> Iterable[tuple[str, Mapping[str, Any]]]:
        return [(id, {"name": f"{id} street"}) for id in self.shops]

    def documents(self, paths: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        found = {f"shops/{id}/restock_state/summary": fields for id, fields in self.shops.items() if fields}
        found |= {f"shops/{id}/restock_state/balance": fields for id, fields in self.balances.items()}
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
    (row,) = Overview(Documents(north=a_summary(standing=a_standing()))).shops()

    assert row == {
        "shop": "north",
        "name": "north street",
        "status": "published",
        "failures": 0,
        "message": "version 7 published",
        "as_of": "2026-03-02T03:00:00+00:00",
        "swept_on": "2026-03-02",
        "standing": {
            "at": "2026-03-02T03:00:00+00:00",
            "trained_at": "2026-03-02T03:00:00+00:00",
            "stock_outs": 1,
            "order_today": 2,
            "stock_value": 90.0,
            "idle_value": 10.0,
            "parts_without_cost": 0,
        },
    }


def test_of_shops_that_run_well_the_worst_are_those_with_stock_outs_then_idle_money_then_an_old_model():
    def of(**changed: Any) -> dict[str, Any]:
        return a_summary(standing=a_standing(**changed))

    overview = Overview(
        Documents(
            young=of(),
            old=of(trained_at=NIGHT.replace(day=1)),
            rich=of(idle_value=500.0),
            empty=of(stock_outs=9),
            failing=a_summary(status="failed", failures=1, standing=a_standing(stock_outs=0)),
        )
    )

    assert [row["shop"] for row in overview.shops()] == ["failing", "empty", "rich", "old", "young"]


def test_transfers_are_told_with_the_shops_names_and_what_is_old_moves_nothing():
    short = Short(part="oil", name="Oil", missing=3, chance=0.7)
    documents = Documents(north=None, south=None, away=None, damaged=None)
    documents.balances = {
        "north": Balance(at=NIGHT, short=[short]).to_fields(),
        "south": Balance(at=NIGHT, idle=[Idle(part="o", name="OIL", spare=2)]).to_fields(),
        "away": Balance(at=NIGHT - GOOD_FOR, idle=[Idle(part="o", name="OIL", spare=9)]).to_fields(),
        "damaged": {"schema": 99},
    }

    told = Overview(documents, now=lambda: NIGHT + timedelta(hours=1)).transfers()

    assert (told["shops_known"], told["count"]) == (2, 1)
    assert told["transfers"] == [
        {
            "shop": "north",
            "shop_name": "north street",
            "part": "oil",
            "name": "Oil",
            "sku": "",
            "stock_out_chance": 0.7,
            "quantity": 2.0,
            "sources": [{"shop": "south", "shop_name": "south street", "part": "o", "quantity": 2.0}],
            "order_without": 3.0,
            "order_quantity": 1.0,
            "as_of": "2026-03-02T03:00:00+00:00",
        }
    ]
