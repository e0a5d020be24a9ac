"""How a shop stands after its night, by the advice that its own page gives."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from restock.serving.model import Model
from restock.serving.ordering.book import Entries
from restock.serving.stock import Shelf
from restock.stored.artifact import Part
from restock.stored.balance import Balance
from restock.stored.part_facts import PartFacts
from restock.stored.pointer import Pointer
from restock.stored.summary import Standing, Summary
from restock.sweeping.standing import standing
from tests.published import artifact
from tests.unit.serving.ordering.cases import line, order

NIGHT = datetime(2026, 5, 20, 3, 0, tzinfo=UTC)
POINTER = Pointer(
    version=1, history=1, run=1, forecast_sha256="", manifest_sha256="", history_sha256="", published_by="retrain",
    published_at=NIGHT.isoformat(), trained_at=NIGHT.isoformat(), rules="r",
)  # fmt: skip
MODEL = Model(
    artifact([(Part("oil", "Oil"), 1.0), (Part("belt", "Belt"), 1.0), (Part("horn", "Horn"), 0.1)]), POINTER, 1
)


def stands(entries: Entries | None = None, **shelves: Shelf) -> tuple[Standing, Balance]:
    return standing(MODEL, shelves, entries or Entries((), {}, ""), NIGHT)


def test_what_is_short_and_what_lies_idle_is_told_beside_the_figures():
    figures, balance = stands(
        oil=Shelf("Oil", 1.0, sku="O-1", minimum_order=30.0), belt=Shelf("Belt", 500.0), horn=Shelf("Horn", 9.0)
    )

    (short,) = balance.short
    assert (short.part, short.sku, short.minimum_order, short.can_be_ordered) == ("oil", "O-1", 30.0, True)
    assert 15 < short.missing < 40
    (idle,) = [one for one in balance.idle if one.part == "belt"]
    assert 460 < idle.spare < 490
    assert (figures.stock_outs, figures.order_today, figures.trained_at) == (1, 1, NIGHT)


def test_money_is_told_as_far_as_costs_are_known():
    facts = {"belt": PartFacts(part="belt", unit_cost=2.0)}

    figures, balance = stands(Entries((), facts, ""), belt=Shelf("Belt", 500.0), horn=Shelf("Horn", 9.0))

    (idle,) = [one for one in balance.idle if one.part == "belt"]
    assert figures.stock_value == 1000.0
    assert figures.idle_value == pytest.approx(2 * idle.spare)
    assert figures.parts_without_cost == 1


def test_what_is_on_its_way_is_not_missing_and_what_is_not_there_yet_is_not_idle():
    coming = Entries((order(line(300.0), days_ago=1),), {}, "")

    _, balance = stands(coming, oil=Shelf("Oil", 1.0))

    assert [one.part for one in balance.short] == []
    assert [one.part for one in balance.idle] == []


def test_a_part_that_is_sold_no_more_can_be_moved_and_not_ordered():
    _, balance = stands(oil=Shelf("Oil", 1.0, is_discontinued=True))

    assert [one.can_be_ordered for one in balance.short] == [False]


def test_what_was_reckoned_is_read_as_it_was_written():
    figures, balance = stands(oil=Shelf("Oil", 1.0), belt=Shelf("Belt", 500.0))
    summary = Summary(at=NIGHT, status="published", message="", swept_on=date(2026, 5, 20), standing=figures)

    assert Balance.from_fields(balance.to_fields()) == balance
    assert Summary.from_fields(summary.to_fields()) == summary
