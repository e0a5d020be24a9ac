"""The invented shop is the same every time and has the shape it claims."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from local import sample_chain, shop
from restock.counting.bookings import read_booked
from restock.counting.services import read_service
from tests.booked import BookedDocuments
from tests.builders import rules
from tests.recount import as_day, quantities

ENDING = date(2026, 3, 31)


def entries(documents: list[tuple[str, dict[str, Any]]]) -> Counter[str]:
    sold: Counter[str] = Counter()
    for _, document in documents:
        if document.get("status") == "completed":
            sold.update(quantities(document.get("spareParts")).keys())
    return sold


def test_the_same_past_comes_out_every_time() -> None:
    first, second = (list(shop.history(ENDING)) for _ in range(2))

    assert repr(first) == repr(second)
    assert len({document_id for document_id, _ in first}) == len(first)


def test_the_past_has_its_days_and_none_after() -> None:
    days = [
        as_day(document["date"], "Europe/London")
        for _, document in shop.history(ENDING)
        if "userId" in document and document.get("date")
    ]
    usual = [day for day in days if day and date(2025, 10, 2) <= day <= ENDING]

    assert max(usual) == ENDING
    assert min(usual) <= date(2025, 10, 4)
    assert len(usual) > 1000


def test_what_one_sample_shop_is_short_of_lies_idle_in_another() -> None:
    stocks = [{id: fields["stock"] for id, fields in sample_chain.shelves(number)} for number in range(3)]

    assert {id for stock in stocks for id, many in stock.items() if many == 0}
    for number, stock in enumerate(stocks):
        for id, many in stock.items():
            if many == 0:
                assert any(other[id] > 0 for other in stocks[:number] + stocks[number + 1 :])


def test_sundays_are_closed_and_saturdays_busy() -> None:
    weekdays = Counter(
        date.fromisoformat(document["date"]).weekday()
        for document_id, document in (*shop.history(ENDING), *shop.bookings(ENDING))
        if not document_id.startswith("messy")
    )

    assert weekdays[6] == 0
    assert max(weekdays, key=lambda weekday: weekdays[weekday]) == 5


def test_a_few_parts_sell_daily_and_many_hardly_ever() -> None:
    sold = entries(list(shop.history(ENDING)))
    counts = sorted((sold[part.id] for part in shop.parts()), reverse=True)

    assert len(shop.parts()) == 40
    assert counts[0] > 180
    assert sum(count <= 20 for count in counts) >= 15


def test_every_kind_of_mess_is_in_it_once() -> None:
    names = [document_id for document_id, _ in shop.history(ENDING) if document_id.startswith("messy")]

    assert sorted(names) == sorted(shop.messy(ENDING))
    assert len(names) > 45


def usual() -> list[dict[str, Any]]:
    return [document for document_id, document in shop.history(ENDING) if not document_id.startswith("messy")]


def moved(document: dict[str, Any]) -> bool:
    return isinstance(document["dateTime"], str) and document["dateTime"][:10] != document["date"]


def test_jobs_are_booked_as_the_app_books() -> None:
    services = Counter(document["service"] for document in usual())
    ahead = [(as_day(document["dateTime"], "UTC"), document["createdAt"].date()) for document in usual()]
    leads = [(day - made).days for day, made in ahead if day]

    assert len(services) == 2 * len({read_service(spelled)[0] for spelled in services}) == 8
    assert min(leads) == 0
    assert 40 < max(leads) <= 98
    assert 0.2 < sum(lead == 0 for lead in leads) / len(leads) < 0.4, "walk-ins, whom the admin adds on the day"
    assert 0.03 < sum(map(moved, usual())) / len(leads) < 0.08
    assert not {"cancelled", "confirmed"} & {document["status"] for document in usual()}, "the app writes neither"


def test_the_book_holds_ever_less_of_later_days() -> None:
    book = dict(shop.bookings(ENDING, per_day=40.0))

    read = read_booked(BookedDocuments(book), ENDING, 14, rules())

    days = Counter((booking.day - ENDING).days for booking in read.bookings)

    assert len(read.bookings) == len(book)
    assert sum(days[k] for k in range(7)) > 1.2 * sum(days[k] for k in range(7, 14)) > 0
