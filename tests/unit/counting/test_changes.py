"""Merging deliveries: any order, any number, the same document."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restock.counting import changes
from restock.counting.appointments import NOTHING, Rejection
from restock.counting.changes import Delivery, merged, trained
from restock.errors import DamagedError
from restock.stored.change import SCHEMA, Change
from tests.builders import NOON, change, usage

MINUTE = timedelta(minutes=1)
ONE, TWO = usage(1), usage(2)


def delivery(minute, before, after):
    return Delivery("a1", NOON + minute * MINUTE, before, after)


def merge(deliveries, existing=None):
    return reduce(lambda found, one: merged(found, one, "r"), deliveries, existing)


def test_a_completion_awaits_training():
    found = merge([delivery(1, NOTHING, ONE)])

    assert found.is_pending
    assert found.is_awaiting
    assert found.completed_time == found.source_time == NOON + MINUTE


def test_an_edit_is_pending_but_does_not_count():
    found = merge([delivery(1, ONE, TWO)])

    assert found.is_pending
    assert not found.is_awaiting


def test_an_edit_after_a_completion_still_counts_as_one():
    found = merge([delivery(1, NOTHING, ONE), delivery(2, ONE, TWO)])

    assert found.usage == TWO
    assert found.is_awaiting


def test_a_withdrawn_completion_no_longer_awaits():
    found = merge([delivery(1, NOTHING, ONE), delivery(2, ONE, NOTHING)])

    assert found.is_pending
    assert not found.is_awaiting


def test_a_completion_after_training_counts_again():
    first = trained(merge([delivery(1, NOTHING, ONE)]), NOON + MINUTE, NOON)
    found = merge([delivery(2, ONE, NOTHING), delivery(3, NOTHING, TWO)], first)

    assert found.is_awaiting


def test_an_edit_after_training_is_pending_and_does_not_count():
    first = trained(merge([delivery(1, NOTHING, ONE)]), NOON + MINUTE, NOON)

    found = merge([delivery(2, ONE, TWO)], first)

    assert found.is_pending
    assert not found.is_awaiting


def test_promise_2_a_completion_redelivered_after_training_changes_nothing():
    done = trained(merge([delivery(1, NOTHING, ONE)]), NOON + MINUTE, NOON)

    assert merge([delivery(1, NOTHING, ONE)], done) == done
    assert not done.is_awaiting


def test_a_trained_change_expires_and_a_pending_one_does_not():
    done = trained(merge([delivery(1, NOTHING, ONE)]), NOON + MINUTE, NOON)
    again = merge([delivery(2, ONE, TWO)], done)

    assert done.expire_at == NOON + changes.TRAINED_CHANGES_STAY
    assert again.expire_at is None


def test_a_change_trained_only_in_part_does_not_expire():
    partly = trained(merge([delivery(2, ONE, TWO)]), NOON + MINUTE, NOON)

    assert partly.is_pending
    assert partly.expire_at is None


def test_trained_time_never_shrinks():
    done = trained(trained(change(), NOON, NOON), NOON - MINUTE, NOON)

    assert done.trained_time == NOON


def test_rejections_belong_to_the_version_that_counts():
    bad = replace(delivery(2, ONE, TWO), rejections=(Rejection("date", "is not a date"),))

    assert merge([delivery(1, NOTHING, ONE), bad]).rejected == bad.rejections
    assert merge([bad, delivery(1, NOTHING, ONE)]).rejected == bad.rejections


versions = st.lists(st.sampled_from([NOTHING, ONE, TWO]), min_size=2, max_size=6)


@given(versions, st.data())
def test_promise_1_any_order_and_any_number_of_deliveries_give_the_same_change(used, data):
    deliveries = [delivery(n, before, after) for n, (before, after) in enumerate(itertools.pairwise(used))]
    deliveries = [one for one in deliveries if one.before != one.after]
    repeated = data.draw(st.lists(st.sampled_from(deliveries), max_size=6)) if deliveries else []
    shuffled = data.draw(st.permutations(deliveries + repeated))

    assert merge(shuffled) == merge(deliveries)


@given(versions, st.data())
def test_promise_1_training_in_between_changes_neither_usage_nor_what_counts_afterwards(used, data):
    """Whatever was delivered before the training is settled by it; the rest counts as if nothing had come before."""
    deliveries = [delivery(n, before, after) for n, (before, after) in enumerate(itertools.pairwise(used))]
    deliveries = [one for one in deliveries if one.before != one.after]
    cut = data.draw(st.integers(0, len(deliveries)))
    done = merge(deliveries[:cut])
    done = trained(done, done.source_time, NOON) if done else None
    late = data.draw(st.permutations(deliveries))

    found = merge(late, done)

    assert (found.usage if found else None) == (deliveries[-1].after if deliveries else None)
    completed_later = any(one.is_completion for one in deliveries[cut:])
    assert bool(found and found.is_awaiting) == (completed_later and not found.usage.is_empty)


@pytest.mark.parametrize(
    "one",
    [
        change(),
        change(used=NOTHING, completed_time=None),
        trained(change(), NOON, NOON),
        change(rejected=(Rejection("date", "is not a date"),)),
        change(used=usage(0.1, 2.5, 1e6)),
    ],
)
def test_a_change_comes_back_from_its_stored_fields(one):
    stored = {name: value for name, value in one.to_fields().items() if value is not None}

    assert Change.from_fields("a1", stored) == one


def test_what_is_queried_is_stored():
    assert change().to_fields()["pending"] is True
    assert change().to_fields()["awaiting"] is True
    assert trained(change(), NOON, NOON).to_fields()["pending"] is False
    assert trained(change(), NOON, NOON).to_fields()["awaiting"] is False
    assert change().to_fields()["schema"] == SCHEMA


@pytest.mark.parametrize(
    "spoiled",
    [{"schema": 99}, {"schema": None}, {"usage": None}, {"usage": [{}]}, {"day": "soon"}, {"source_time": "noon"}],
)
def test_a_change_that_is_none_is_damaged_not_fatal(spoiled):
    with pytest.raises(DamagedError, match="restock_changes/a1"):
        Change.from_fields("a1", change().to_fields() | spoiled)
