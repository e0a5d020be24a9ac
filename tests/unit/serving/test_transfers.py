"""Transfers: the textbook case, who is served first, and what suppliers' terms make of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restock.serving.transfers import Transfer, proposed, to_order
from restock.stored.balance import Balance, Idle, Short

NIGHT = datetime(2026, 5, 4, 3, 0, tzinfo=UTC)


def short(missing: float, chance: float = 0.6, **terms: Any) -> Short:
    return Short(**({"part": "oil", "name": "Oil filter", "missing": missing, "chance": chance} | terms))


def idle(spare: float, **about: Any) -> Idle:
    return Idle(**({"part": "oil", "name": "Oil filter", "spare": spare} | about))


def balance(short: Sequence[Short] = (), idle: Sequence[Idle] = (), at: datetime = NIGHT) -> Balance:
    return Balance(at=at, short=short, idle=idle)


def moves(transfers: Sequence[Transfer]) -> list[tuple[str, float, dict[str, float], float]]:
    return [
        (one.shop, one.quantity, {its.shop: its.quantity for its in one.sources}, one.order_after) for one in transfers
    ]


def test_the_textbook_case():
    """Order-up-to levels of 20 everywhere. A has 4, B has 33, C has 25, D has 20, E has 14.

    A misses 16 and is the likelier to run out; E misses 6. B has 13 to spare, C 5. All of them are moved, and one is
    bought where eighteen would have been: A's, for E is served from what C has left.
    """
    chain = {
        "a": balance([short(16, chance=0.8)]),
        "b": balance(idle=[idle(13)]),
        "c": balance(idle=[idle(5)]),
        "d": balance(),
        "e": balance([short(6, chance=0.3)]),
    }

    transfers = proposed(chain)

    assert moves(transfers) == [("a", 16.0, {"b": 13.0, "c": 3.0}, 0.0), ("e", 2.0, {"c": 2.0}, 4.0)]
    assert [one.order_before for one in transfers] == [16.0, 6.0]


def test_what_is_still_ordered_honours_the_suppliers_minimum_and_no_more_is_moved_than_that_leaves_room_for():
    seven_idle = {"south": balance(idle=[idle(7)])}

    assert moves(proposed({"north": balance([short(10, minimum_order=5)])} | seven_idle)) == [
        ("north", 5.0, {"south": 5.0}, 5.0)
    ]
    assert moves(proposed({"north": balance([short(10, pack=6)])} | seven_idle)) == [
        ("north", 4.0, {"south": 4.0}, 6.0)
    ]


def test_a_transfer_that_saves_no_purchase_is_not_proposed():
    chain = {"north": balance([short(4, minimum_order=10)]), "south": balance(idle=[idle(3)])}

    assert proposed(chain) == []
    assert moves(proposed(chain | {"west": balance(idle=[idle(1)])})) == [
        ("north", 4.0, {"south": 3.0, "west": 1.0}, 0.0)
    ]


def test_the_likeliest_to_run_out_comes_first_and_nothing_is_given_twice():
    chain = {
        "a": balance([short(5, chance=0.2)]),
        "b": balance([short(5, chance=0.9)]),
        "c": balance(idle=[idle(6)]),
    }

    assert moves(proposed(chain)) == [("b", 5.0, {"c": 5.0}, 0.0), ("a", 1.0, {"c": 1.0}, 4.0)]


def test_parts_are_the_same_by_their_number_else_by_their_name():
    chain = {
        "north": balance([short(2, sku="OC-47", name="Oil filter"), short(3, part="belt", name="Belt")]),
        "south": balance(idle=[idle(9, sku="oc-47", name="Filter, oil", part="x"), idle(9, sku="B-1", name="Belt")]),
        "west": balance(idle=[idle(9, name="BELT ", part="b")]),
    }

    found = {one.short.part: [(its.shop, its.part) for its in one.sources] for one in proposed(chain)}

    assert found == {"oil": [("south", "x")], "belt": [("west", "b")]}


def test_a_shop_gives_nothing_to_itself():
    assert proposed({"north": balance([short(2)], [idle(9, part="other")])}) == []


def test_what_nobody_sells_any_more_is_moved_as_far_as_it_goes():
    chain = {"north": balance([short(5, can_be_ordered=False, minimum_order=10)]), "south": balance(idle=[idle(2)])}

    assert moves(proposed(chain)) == [("north", 2.0, {"south": 2.0}, 0.0)]


def test_parts_of_a_unit_move_only_where_they_are_used_so():
    south = {"south": balance(idle=[idle(1.5)])}

    assert moves(proposed({"north": balance([short(1.5, step=0.5)])} | south)) == [("north", 1.5, {"south": 1.5}, 0.0)]
    assert moves(proposed({"north": balance([short(2)])} | south)) == [("north", 1.0, {"south": 1.0}, 1.0)]


def test_a_proposal_is_as_old_as_the_oldest_thing_it_rests_on():
    earlier = NIGHT - timedelta(days=1)
    (transfer,) = proposed({"north": balance([short(2)]), "south": balance(idle=[idle(2)], at=earlier)})

    assert transfer.as_of == earlier


amounts = st.integers(1, 40).map(float)
terms = st.fixed_dictionaries(
    {"missing": amounts, "chance": st.floats(0, 1), "minimum_order": st.integers(0, 20).map(float)}
    | {"pack": st.sampled_from([0.0, 3.0, 6.0]), "room": st.none() | amounts, "can_be_ordered": st.booleans()}
)


@settings(deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(terms, max_size=4), st.lists(amounts, max_size=4))
def test_nobody_gives_more_than_it_has_to_spare_nor_gets_more_than_it_misses(wanted, spare):
    chain = {f"short-{k}": balance([short(**one)]) for k, one in enumerate(wanted)}
    chain |= {f"idle-{k}": balance(idle=[idle(many)]) for k, many in enumerate(spare)}

    transfers = proposed(chain)

    given_away = {f"idle-{k}": 0.0 for k in range(len(spare))}
    for one in transfers:
        for source in one.sources:
            given_away[source.shop] += source.quantity
        its = one.short
        assert 0 < one.quantity <= its.missing
        assert its.room is None or one.quantity <= its.room
        assert one.order_before == to_order(its)
        if its.can_be_ordered:
            assert one.order_after < one.order_before
            assert one.order_after == 0 or one.order_after >= its.minimum_order or its.room is not None
    assert all(given_away[f"idle-{k}"] <= many for k, many in enumerate(spare))
