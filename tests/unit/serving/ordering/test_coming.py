"""What counts as coming: what was ordered and received beside what the app's stock shows, sooner or later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.serving.ordering.coming import Today, coming
from restock.serving.ordering.orders import changed
from restock.serving.ordering.requests import OrderChange
from restock.stored.order import CANCELLED, DRAFT, RECEIVED
from tests.unit.serving.ordering.cases import NOON, line, order


def of(*orders, stock=0.0, late_days=7):
    found = coming(orders, Today(NOON, lambda part: part, lambda part: stock, lambda supplier, part: late_days))
    return found.get("oil")


def test_an_open_order_counts_what_has_not_come():
    found = of(order(line(20, received=5, stock_at_order=0)), stock=5)

    assert found.quantity == 15
    assert [(one.line.open, one.delivered) for one in found.lines] == [(15, "")]


@pytest.mark.parametrize("status", [DRAFT, CANCELLED])
def test_drafts_and_cancelled_orders_count_nothing(status):
    assert of(order(line(20), status=status)) is None


@pytest.mark.parametrize(("stock", "counts"), [(3, 20), (3 + 14, 20), (3 + 15, 0), (3 + 20, 0), (None, 20), (0, 20)])
def test_an_open_line_whose_stock_rose_by_about_its_quantity_is_asked_about_and_counts_no_more(stock, counts):
    """Goods put on the shelf and never clicked would net for ever."""
    found = of(order(line(20, stock_at_order=3)), stock=stock)

    assert found.quantity == counts
    assert bool(found.lines[0].delivered) == (counts == 0)


def test_what_is_later_than_its_supplier_ever_is_counts_no_more():
    assert of(order(line(20), days_ago=7)).quantity == 20
    late = of(order(line(20), days_ago=8))
    assert (late.quantity, late.lines[0].delivered) == (0, "it should have come by 2026-05-19")


def test_a_day_it_is_expected_on_is_waited_for():
    expected = (NOON + timedelta(1)).date()

    assert of(order(line(20), days_ago=30, expected_on=expected)).quantity == 20


@pytest.mark.parametrize(("stock", "counts"), [(3, 20), (10, 13), (18, 0), (23, 0)])
def test_what_was_received_counts_until_the_stock_has_risen_by_about_it(stock, counts):
    """Else 20 are advised again between receipt and stocktaking."""
    came = line(20, received=20, stock_at_receipt=3)
    found = of(order(came, status=RECEIVED, received_days_ago=1), stock=stock)

    assert (found.quantity if found else 0) == counts


def test_what_was_received_counts_two_days_and_no_longer():
    came = line(20, received=20, stock_at_receipt=3)

    assert of(order(came, status=RECEIVED, received_days_ago=1.9), stock=3).quantity == 20
    assert of(order(came, status=RECEIVED, received_days_ago=2.1), stock=3) is None


def test_a_rise_that_another_delivery_explains_is_no_sign_of_this_one():
    open_line = order(line(20, stock_at_order=0), days_ago=3)
    other = line(20, received=20, stock_at_receipt=0)

    assert of(open_line, order(other, days_ago=5, status=RECEIVED, received_days_ago=1), stock=20).quantity == 20
    assert of(open_line, order(other, days_ago=9, status=RECEIVED, received_days_ago=4), stock=20).quantity == 0


def test_one_rise_is_taken_for_one_delivery_the_oldest():
    first, second = order(line(10, stock_at_order=0), days_ago=5), order(line(10, stock_at_order=0), days_ago=3)

    found = of(second, first, stock=10)

    assert found.quantity == 10
    assert [(one.order.ordered_at, bool(one.delivered)) for one in found.lines] == [
        (first.ordered_at, True), (second.ordered_at, False),
    ]  # fmt: skip


def test_two_receipts_before_anybody_counts_are_waited_for_together():
    stock = {"oil": 3.0}
    now = NOON - timedelta(1)

    def received(was, total):
        change = OrderChange.of({"version": "", "received": ({"part": "oil", "received": total},)})
        return changed(was, change, now=now, who="anna", stock_of=stock.get)

    half = received(order(line(20, stock_at_order=3)), 8)
    both = received(half, 20)
    stock["oil"] = 11.0  # the eight are counted before the rest comes
    in_turn = received(half, 20)

    assert of(half, stock=3).unshelved == 8
    assert [of(both, stock=shown).unshelved for shown in (3, 11)] == [20, 12]
    assert of(in_turn, stock=11).unshelved == 12
    assert of(in_turn, stock=23) is None
