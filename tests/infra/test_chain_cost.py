"""A chain's night: its operations are those that a sweep over a chain in memory is counted to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.__main__ import main
from infra.chain_cost import SWEEP, night
from infra.cost import OPERATIONS, SHOPS
from tests.infra.test_settings import ROOT
from tests.unit.sweeping.test_sweep import Chain

NOTHING_NEW = replace(SHOPS["small"], parts=1, completions_a_day=0, appointments=0)


def counted(*shops: str) -> tuple[int, int, int]:
    """Documents read by a night's learning, by a look at an hour without a turn, and written by the learning."""
    chain = Chain(*shops)
    for night_before in ("e0", "e1"):  # the first reads everything, and the second once more
        chain.sweep(execution=night_before)
        chain.clock.advance(hours=24)
    chain.documents.reads = chain.documents.writes = 0
    swept = chain.sweep(execution="e2")
    assert sum(swept.ended.values()) == len(shops) == swept.ended["published"]
    learning, written = chain.documents.reads, chain.documents.writes
    chain.sweep(execution="e3")
    return learning, chain.documents.reads - learning, written


def test_what_a_shop_adds_to_a_night_is_what_the_model_says() -> None:
    one, three = counted("a"), counted("a", "b", "c")
    learning, look, written = ((more - less) / 2 for more, less in zip(three, one, strict=True))

    assert look == SWEEP.reads_a_look
    # How the shop stands is told to the sweep here; the model has its second reading of the catalogue beside.
    assert learning == OPERATIONS.retrain_reads_fixed + NOTHING_NEW.parts + SWEEP.reads_a_look + SWEEP.reads_a_turn
    assert written == OPERATIONS.retrain_writes_fixed + SWEEP.writes_a_turn


def test_a_night_costs_a_shop_the_same_however_many_there_are() -> None:
    few, many = night(1000, SHOPS["small"]), night(10_000, SHOPS["small"])

    for item in few.keys() - {"reads"}:  # every task looks at every shop: those grow with both
        assert many[item] / 10 == pytest.approx(few[item], rel=0.1), item
    assert night(1000, NOTHING_NEW)["reads"] < few["reads"]


def test_the_table_in_the_docs_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--shops", "1000"]) == 0
    rows = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    text = (ROOT / "docs/cost.md").read_text(encoding="utf-8")

    assert len(rows) == 10
    assert [row for row in rows if row not in text] == []
    assert main(["cost"]) == 0
    assert rows[-1] in capsys.readouterr().out
