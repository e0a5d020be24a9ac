"""/v1/bookings, and what it does to /v1/restock: the parts of the jobs that are booked, against the stock."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from restock.errors import StoreUnavailableError
from restock.gcp.firestore_reader import FirestoreReader
from restock.stored.service_parts import PartUse, ServiceParts
from tests.contract.answers import get, refused
from tests.published import artifact, saying


def in_days(days: int) -> date:
    return datetime.now(ZoneInfo("Europe/London")).date() + timedelta(days)


def booking(days: int, service: object = "Oil\nChange", **more: object) -> dict[str, object]:
    return {"status": "pending", "service": service, "date": in_days(days).isoformat(), **more}


@pytest.fixture
def published():
    """Oil changes need an oil filter each; Seal is what any job may need."""
    found = artifact({"Belt": 0.1, "Oil Filter": 0.1, "Seal": 0.1}, version=4)
    services = ServiceParts([PartUse(2, 0.4, ((1.0, 1.0),))], {"oil change": [PartUse(1, 1.0, ((1.0, 1.0),))]})
    return saying(found, services=services)


@pytest.fixture
def catalogue(monkeypatch):
    parts = {"oil filter": {"stock": 2, "onOrder": 1}, "belt": {"stock": 100}, "seal": {"stock": None}}
    monkeypatch.setattr(FirestoreReader, "collection", lambda self, name, fields: list(parts.items()))
    return parts


def test_the_parts_of_tomorrow_and_the_day_after_against_the_stock(client, booked):
    booked |= {f"a{number}": booking(1 + number % 2) for number in range(5)} | {"later": booking(3)}

    answer = get(client, "/v1/bookings")

    assert (answer["from"], answer["through"]) == (in_days(1).isoformat(), in_days(2).isoformat())
    assert [one["booking"] for one in answer["bookings"]] == ["a0", "a2", "a4", "a1", "a3"]
    assert answer["services"] == [
        {
            "service": "oil change",
            "jobs": 5,
            "is_known": True,
            "parts": [{"part": "oil filter", "name": "Oil Filter", "chance": 1.0, "quantity": 1.0}],
        }
    ]
    (oil,) = answer["parts"]
    assert (oil["expected"], oil["likely_at_most"], oil["on_hand"], oil["on_order"]) == (5.0, 5.0, 2.0, 1.0)
    assert oil["short_by"] == 3.0
    assert answer["covered"] == 0.95


def test_other_days_can_be_asked_for(client, booked):
    booked |= {"today": booking(0), "far": booking(14)}

    assert get(client, "/v1/bookings", days=14)["bookings"][0]["booking"] == "far"
    assert get(client, "/v1/bookings", days=1, **{"from": in_days(0).isoformat()})["bookings"][0]["booking"] == "today"


def test_a_service_never_seen_is_taken_for_any_job_and_unknown_stock_is_not_short(client, booked):
    booked["a"] = booking(1, "Tyres")

    answer = get(client, "/v1/bookings")

    assert (answer["services"][0]["service"], answer["services"][0]["is_known"]) == ("tyres", False)
    (seal,) = answer["parts"]
    assert (seal["part"], seal["expected"], seal["short_by"]) == ("seal", 0.4, None)


@pytest.mark.parametrize("query", ["days=0", "days=15", "days=x", "from=9999-12-31&days=3", "from=soon"])
def test_a_mistake_is_refused_and_its_field_named(client, query):
    answer = client.get(f"/v1/bookings?{query}")

    assert (answer.status_code, answer.json["field"]) == (400, query.partition("=")[0])


@pytest.mark.parametrize("day", ["0001-01-01", "9998-12-31"])
def test_of_years_in_which_nobody_books_there_is_nothing(client, booked, day):
    booked["a"] = booking(1)

    assert get(client, "/v1/bookings", **{"from": day})["bookings"] == []


def test_documents_that_hold_anything_disturb_nothing(client, booked):
    odd = [None, 7, [], {}, "x" * 100_000, "9999-12-31", True, datetime(9999, 12, 31, tzinfo=ZoneInfo("UTC"))]
    booked |= {f"{field}{number}": booking(1) | {field: value} for field in ("status", "service", "date", "dateTime")
               for number, value in enumerate(odd)}  # fmt: skip

    answer = get(client, "/v1/bookings", days=14)

    assert len(answer["bookings"]) == 3 * len(odd)
    assert not any("xxx" in one["service"] for one in answer["bookings"])


def test_a_version_that_learnt_no_services_knows_no_parts(forecast_door, shelf, published, catalogue, booked):
    booked["a"] = booking(1)
    shelf.publish(saying(published, services=None))

    answer = get(forecast_door(), "/v1/bookings")

    assert len(answer["bookings"]) == 1
    assert answer["parts"] == answer["services"][0]["parts"] == []


def test_a_part_that_booked_jobs_are_short_of_is_ordered_today_and_says_why(client, booked):
    without = {part["part"]: part for part in get(client, "/v1/restock")["parts"]}
    booked |= {f"a{number}": booking(number % 3) for number in range(6)}

    answer = get(client, "/v1/restock")

    first = answer["parts"][0]
    assert (first["part"], first["booked_need"], first["order_today"]) == ("oil filter", 6.0, True)
    assert first["reasons"][-1].startswith("Booked jobs until the day after tomorrow need about 6, likely at most 6")
    assert first["order_quantity"] == max(without["oil filter"]["order_quantity"], 3.0)
    assert answer["totals"]["parts"] == 1
    assert [part["booked_need"] for part in answer["parts"][1:]] == [None]
    assert answer["bookings_read_at"]


def test_bookings_that_cannot_be_read_fail_their_own_answer_alone(client, monkeypatch):
    def unreadable(self, *query):
        raise StoreUnavailableError("Firestore could not be read: status 400")

    monkeypatch.setattr(FirestoreReader, "between", unreadable)

    assert "Bookings" in refused(client, "/v1/bookings", 503)["message"]
    assert get(client, "/v1/restock")["bookings_read_at"] is None
    assert get(client, "/v1/forecast")["parts"]
