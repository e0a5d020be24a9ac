"""The simulated day of a chain: the bill of the real counting code."""

import random

import pytest

from bench import chain


def test_the_same_day_costs_the_same_every_time():
    assert chain.simulate(3).bill == chain.simulate(3).bill


def test_events_arrive_in_order_of_time_and_some_come_twice():
    found = chain.deliveries(5, random.Random(1))

    assert [now for now, _, _ in found] == sorted(now for now, _, _ in found)
    assert len(found) > len({id(event) for _, _, event in found}) >= 5 * chain.APPOINTMENTS_A_DAY * 4


def test_a_day_of_irrelevant_writes_costs_no_operation(monkeypatch):
    monkeypatch.setattr(chain, "completed", chain.booking)

    bill = chain.simulate(1).bill

    assert bill["deliveries"] > 0
    assert bill["reads"] == chain.CATALOGUE + chain.STATE_READS  # of the scheduled retrain
    assert bill["writes"] == chain.STATE_WRITES
    assert bill["aggregations"] == bill["task operations"] == 0


def test_without_duplicates_and_second_thoughts_every_completion_costs_the_same(monkeypatch):
    for share in ("EDITED", "UNCOMPLETED", "DELETED", "RATED", "TWICE"):
        monkeypatch.setattr(chain, share, 0.0)

    bill = chain.simulate(1).bill

    completions = chain.APPOINTMENTS_A_DAY
    assert bill["deliveries"] == 4 * completions
    assert bill["aggregations"] == completions
    assert bill["writes"] == 2 * completions + bill["retrains"] * chain.STATE_WRITES  # merged once, marked once


@pytest.mark.parametrize("shared", [False, True])
def test_every_change_is_trained_by_the_end_of_the_day(shared, monkeypatch):
    left = []
    retrain = chain.Deployment.retrain
    monkeypatch.setattr(
        chain.Deployment,
        "retrain",
        lambda self, ended: (retrain(self, ended), left.append(len(self.documents.true["pending"])))[0],
    )

    chain.simulate(4, shared=shared)

    assert set(left) == {0}
