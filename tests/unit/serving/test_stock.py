"""Stock on hand is read seldom, kept for a stated time, and kept longer while Firestore is down."""

from __future__ import annotations

import threading
import time

import pytest

from restock.errors import StoreUnavailableError
from restock.serving import stock as module
from restock.serving.kept import RETRY_SECONDS, Patience
from restock.serving.stock import FIELDS, Shelf, Stock, shelf_of
from tests.fakes import FakeSeconds
from tests.waiting import wait_until


class Catalogue:
    """The ``spare_parts`` collection."""

    def __init__(self, **parts: dict) -> None:
        self.parts = parts
        self.reads = 0
        self.is_down = False
        self.is_read, self.goes_on = threading.Event(), threading.Event()
        self.goes_on.set()

    def collection(self, name: str, fields: tuple[str, ...]) -> list[tuple[str, dict]]:
        assert (name, fields) == ("spare_parts", FIELDS)
        self.reads += 1
        self.is_read.set()
        assert self.goes_on.wait(10)
        if self.is_down:
            raise StoreUnavailableError("down")
        return list(self.parts.items())


def test_stock_is_kept_for_the_stated_seconds():
    catalogue, clock = Catalogue(oil={"stock": 4}), FakeSeconds(50.0)
    stock = Stock(catalogue, keep_seconds=30, clock=clock, now=clock.moment)

    first = stock.shelves()
    clock.now += 29
    assert stock.shelves() == first
    assert catalogue.reads == 1

    catalogue.parts["oil"] = {"stock": 3}
    clock.now += 1
    assert stock.shelves() == ({"oil": Shelf(on_hand=3.0)}, clock.moment())


def test_while_firestore_is_down_the_last_stock_is_used_and_retried():
    catalogue, clock = Catalogue(oil={"stock": 4}), FakeSeconds(50.0)
    stock = Stock(catalogue, keep_seconds=30, clock=clock, now=clock.moment)
    first = stock.shelves()
    catalogue.is_down = True
    clock.now += 3600

    assert stock.shelves() == first
    assert stock.shelves() == first
    assert catalogue.reads == 2  # not again at once: each try may take long
    clock.now += RETRY_SECONDS
    catalogue.is_down = False
    assert stock.shelves() == (first[0], clock.moment())


def test_promise_5_while_firestore_hangs_requests_use_the_last_stock(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", Patience(seconds=0.01))
    catalogue, clock = Catalogue(oil={"stock": 4}), FakeSeconds(50.0)
    stock = Stock(catalogue, keep_seconds=30, clock=clock, now=clock.moment)
    first = stock.shelves()
    clock.now += 3600
    catalogue.is_read.clear()
    catalogue.goes_on.clear()

    assert [stock.shelves() for _ in range(3)] == [first] * 3
    assert catalogue.is_read.wait(10)
    catalogue.goes_on.set()
    wait_until(lambda: stock.shelves()[1] == clock.moment())
    assert catalogue.reads == 2


def test_without_any_reading_it_says_so():
    catalogue = Catalogue()
    catalogue.is_down = True

    with pytest.raises(StoreUnavailableError):
        Stock(catalogue, keep_seconds=30).shelves()


def test_promise_5_while_the_first_read_hangs_others_are_refused_soon(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", Patience(first_seconds=0.01))
    catalogue = Catalogue(oil={"stock": 4})
    catalogue.goes_on.clear()
    stock = Stock(catalogue, keep_seconds=30)

    for _ in range(3):
        with pytest.raises(StoreUnavailableError):
            stock.shelves()
    assert catalogue.reads == 1
    catalogue.goes_on.set()
    wait_until(lambda: stock._kept._reader is None)
    assert stock.shelves()[0] == {"oil": Shelf(on_hand=4.0)}


def test_who_waited_for_a_read_that_failed_does_not_try_in_turn():
    catalogue, failed = Catalogue(), []
    catalogue.is_down = True
    catalogue.goes_on.clear()
    stock = Stock(catalogue, keep_seconds=30)

    def ask() -> None:
        with pytest.raises(StoreUnavailableError):
            stock.shelves()
        failed.append(True)

    callers = [threading.Thread(target=ask, daemon=True) for _ in range(8)]
    for caller in callers:
        caller.start()
    assert catalogue.is_read.wait(10)
    time.sleep(0.05)  # the others come to wait
    catalogue.goes_on.set()
    for caller in callers:
        caller.join(10)

    assert len(failed) == 8
    assert catalogue.reads == 1


@pytest.mark.parametrize(
    ("stored", "on_hand"),
    [
        (7, 7.0),
        (7.5, 7.5),
        ("7", 7.0),
        (-2, -2.0),
        (0, 0.0),
        (None, None),
        ("many", None),
        ("1_0", None),
        (" 7 ", 7.0),
        (True, None),
        ([], None),
    ],
)
def test_whatever_clerks_store_is_read_or_unknown(stored, on_hand):
    assert shelf_of({"stock": stored}).on_hand == on_hand


@pytest.mark.parametrize("stored", [float("nan"), float("inf"), 10**400, "9" * 500, "nan"])
def test_absurd_numbers_are_unknown(stored):
    assert shelf_of({"stock": stored, "leadTimeDays": stored, "onOrder": stored}) == Shelf()
