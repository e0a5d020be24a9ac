"""The cost model: idle below a dollar, the same sums as the measurements, every price with its source."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from infra import alerts
from infra.__main__ import main
from infra.cost import CONDITIONS, OPERATIONS, SHOPS, bill, old_system, retrains_a_month, usage
from infra.prices import PRICES
from restock.stored.names import CATALOGUE
from tests.infra.test_settings import ROOT, settings
from tests.unit.retraining.shop import Shop


@pytest.mark.parametrize("size", SHOPS)
def test_an_idle_month_costs_less_than_a_dollar_even_without_free_tiers(size: str) -> None:
    idle = replace(SHOPS[size], completions_a_day=0, forecasts_a_day=0)

    assert sum(bill(usage(idle), free_tier=False).values()) < 1.0


def test_the_old_systems_reads_are_what_was_measured() -> None:
    reads, dollars = old_system(SHOPS["medium"], free_tier=False)

    assert reads / 30 == pytest.approx(4.2e6, rel=0.01)
    assert dollars == pytest.approx(75, rel=0.02)


def test_what_is_billed_follows_what_happens() -> None:
    busy = SHOPS["medium"]
    busier = replace(busy, completions_a_day=2 * busy.completions_a_day)

    assert usage(busier)["writes"] > usage(busy)["writes"]
    assert retrains_a_month(busier) == (30, 2 * retrains_a_month(busy)[1])
    assert usage(replace(busy, appointments=2 * busy.appointments))["writes"] == usage(busy)["writes"]


def test_a_retrain_does_what_the_model_says() -> None:
    shop = Shop()
    shop.complete("old")
    shop.retrain()
    shop.complete(*(f"new-{number}" for number in range(10)))
    did: list[str] = []
    shop.documents.before = shop.objects.before = lambda effect: did.append(effect.split("/")[0])
    reads, writes = shop.documents.reads, shop.documents.writes

    assert shop.retrain("threshold").status == "published"

    of_objects = Counter(one.split()[0] for one in did if one.split()[1] in {"models", "history", "imports"})
    assert shop.documents.reads - reads == OPERATIONS.retrain_reads_fixed + 10 + len(shop.documents.stored(CATALOGUE))
    assert shop.documents.writes - writes == OPERATIONS.retrain_writes_fixed + 10
    assert of_objects["write"] + of_objects["list"] == OPERATIONS.retrain_class_a
    assert of_objects["read"] == OPERATIONS.retrain_class_b


def test_free_tiers_only_take_away() -> None:
    for shop in SHOPS.values():
        full, free = bill(usage(shop), free_tier=False), bill(usage(shop), free_tier=True)

        assert all(0 <= free[item] <= full[item] for item in PRICES)


def test_every_price_says_where_it_comes_from() -> None:
    assert usage(SHOPS["small"]).keys() == PRICES.keys()
    assert all(len(price.source) > 20 for price in PRICES.values())


def test_the_model_counts_the_alerts_that_are_billed() -> None:
    conditions = [condition for policy in alerts.alerts(settings(), "c") for condition in policy["conditions"]]

    assert len([one for one in conditions if "conditionMatchedLog" not in one]) == CONDITIONS


def test_the_command_prints_every_size_idle_and_busy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost"]) == 0
    table = capsys.readouterr().out
    assert main(["cost", "--size", "large", "--completions-a-day", "500"]) == 0
    one = capsys.readouterr().out

    assert all(f"{size}, {state}" in table for size in SHOPS for state in ("idle", "busy"))
    assert "500 completions" in one
    assert "Firestore reads" in one


def test_the_table_in_the_docs_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    main(["cost"])
    rows = [line.strip() for line in capsys.readouterr().out.splitlines() if ", idle" in line or ", busy" in line]
    text = (ROOT / "docs/cost.md").read_text(encoding="utf-8")

    assert len(rows) == 6
    assert [row for row in rows if row not in text] == []
