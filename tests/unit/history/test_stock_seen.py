"""What runs saw of the stock, and which days it proves to be without any."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from restock.errors import DamagedError
from restock.history.stock_seen import Interval, StockSeen

LONDON = ZoneInfo("Europe/London")
FIRST = date(2026, 3, 1)
DAYS = 20


def at(day: int, hour: int = 3) -> datetime:
    return datetime(2026, 3, 1, hour, tzinfo=UTC) + timedelta(day - 1)


def seen(*sightings: tuple[datetime, dict], updated: datetime | None = None) -> StockSeen:
    """Of (when, stock by document)."""
    found = StockSeen()
    for now, stocks in sightings:
        found = found.sighted([{"id": id, "stock": stock, "updatedAt": updated} for id, stock in stocks.items()], now)
    return found


def unseen(found: StockSeen, *documents: str, used: tuple[int, ...] = ()) -> list[int]:
    """The days of March on which the documents' line was without stock, given the days on which it was used."""
    quantities = np.zeros((1, DAYS))
    quantities[0, [day - 1 for day in used]] = 1
    days = found.without_stock([documents or ("p",)], quantities, FIRST, LONDON)
    return [int(day) + 1 for day in np.flatnonzero(days[0])]


def daily(days: range, stock: object = 0) -> list[tuple[datetime, dict]]:
    return [(at(day), {"p": stock}) for day in days]


def test_whole_days_between_sightings_of_nothing_are_without_stock():
    assert unseen(seen(*daily(range(5, 10)))) == [5 + k for k in range(1, 4)]


def test_midnight_is_the_shops():
    kolkata = ZoneInfo("Asia/Kolkata")
    found = seen(
        (datetime(2026, 3, 4, 18, 30, tzinfo=UTC), {"p": 0}), (datetime(2026, 3, 6, 18, 30, tzinfo=UTC), {"p": 0})
    )

    days = found.without_stock([("p",)], np.zeros((1, DAYS)), FIRST, kolkata)

    assert [int(day) + 1 for day in np.flatnonzero(days[0])] == [5, 6]


def test_more_than_three_days_between_sightings_prove_nothing():
    near = seen((at(5), {"p": 0}), (at(8), {"p": 0}))
    far = seen((at(5), {"p": 0}), (at(8, hour=4), {"p": 0}))

    assert unseen(near) == [6, 7]
    assert unseen(far) == []


def test_stock_at_either_end_ends_the_interval():
    found = seen(*daily(range(2, 5)), (at(5), {"p": 3}), (at(6), {"p": 0}), (at(7), {"p": 0}), (at(8), {"p": 0}))

    assert unseen(found) == [3, 7]


def test_the_last_change_of_the_document_bounds_the_first_stretch():
    assert unseen(seen((at(9), {"p": 0}), updated=at(4, hour=15))) == [5, 6, 7, 8]
    assert unseen(seen((at(9), {"p": 0}), updated=at(12))) == []  # a clock that goes before


def test_the_last_change_tells_when_what_was_there_went():
    found = seen((at(3), {"p": 8}), (at(9), {"p": 0}), updated=at(4, hour=15))

    assert unseen(found) == [5, 6, 7, 8]


def test_what_was_used_had_been_there_until_then():
    found = seen(*daily(range(2, 12)))

    assert unseen(found, used=(6,)) == [7, 8, 9, 10]
    assert unseen(found, used=(2, 11)) == list(range(3, 11))


def test_of_a_part_that_is_used_at_stock_zero_again_and_again_nobody_keeps_the_stock():
    assert unseen(seen(*daily(range(2, 18))), used=(4, 7, 9)) == []


@pytest.mark.parametrize("stock", [None, "many", True, "", 0.5, "1", float("nan")])
def test_what_is_not_readable_as_nothing_is_not_out_of_stock(stock):
    assert unseen(seen(*daily(range(5, 10), stock))) == []


@pytest.mark.parametrize("stock", [0, -2, "0", 0.0])
def test_nothing_and_less_than_nothing_are_out_of_stock(stock):
    assert unseen(seen(*daily(range(5, 8), stock))) == [6]


def test_a_line_is_out_of_stock_when_all_its_documents_are():
    found = seen(*((at(day), {"p": 0, "q": 0 if day > 8 else 4}) for day in range(3, 13)))

    assert unseen(found, "p", "q") == [10, 11]
    assert unseen(found, "p", "never seen") == list(range(4, 12))


def test_a_document_has_a_say_only_while_the_catalogue_has_it():
    added = seen(*((at(day), {"p": 0} if day < 8 else {"p": 0, "q": 5}) for day in range(3, 13)))
    deleted = seen(*((at(day), {"p": 0} if day > 8 else {"p": 0, "q": 5}) for day in range(3, 13)))

    assert unseen(added, "p", "q") == [4, 5, 6, 7]
    assert unseen(deleted, "p", "q") == [9, 10, 11]


def test_before_the_first_look_every_document_of_a_line_must_have_been_out():
    found = seen((at(9), {"p": 0, "q": 5}), updated=at(4))

    assert unseen(found, "p", "q") == []


def test_it_is_stored_and_read_back():
    found = seen(*daily(range(5, 8)), (at(8), {"p": 0, "q": "x"}), updated=at(2))

    again = StockSeen.from_bytes(found.to_bytes())

    assert again == found
    assert again.to_bytes() == found.to_bytes()
    assert again.documents["p"].out == (Interval(at(2), at(8)),)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b'{"schema": 9, "documents": {}}', b'{"schema": 1, "documents": {"p": {}}}']
)
def test_anything_else_is_damaged(data):
    with pytest.raises(DamagedError):
        StockSeen.from_bytes(data)


def test_what_is_older_than_three_years_is_forgotten():
    old = seen(*daily(range(1, 5)))
    later = at(5) + timedelta(days=3 * 365 + 2)

    assert old.sighted([{"id": "q", "stock": 0}], later).documents.keys() == {"q"}
    assert old.sighted([{"id": "p", "stock": 4}], later).documents["p"].out == ()
