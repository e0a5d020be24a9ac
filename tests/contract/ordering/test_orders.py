"""Orders, through the door: once per id, nobody's change lost, a mistake writes nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from restock.errors import StoreUnavailableError
from tests.contract.ordering.calls import BELT, OIL, change, listed, make, new_id, post


def test_a_draft_is_edited_ordered_received_in_parts_and_stays_on_record(client):
    draft = make(client, OIL, BELT, status="draft", note="soon")
    edited = change(client, draft, lines=[OIL | {"quantity": 30}, BELT], note="now")["order"]
    ordered = change(client, edited, status="ordered", expected_on="2026-06-01")["order"]
    half = change(client, ordered, received=[{"part": "oil-1", "received": 12}])["order"]
    done = change(client, half, received=[{"part": "oil-1", "received": 30}, {"part": "belt", "received": 2}])["order"]

    assert [one["status"] for one in (draft, edited, ordered, half, done)] == [
        "draft", "draft", "ordered", "ordered", "received",
    ]  # fmt: skip
    assert (ordered["note"], ordered["expected_on"], ordered["supplier"]) == ("now", "2026-06-01", "Miller")
    assert [(line["received"], line["open"]) for line in half["lines"]] == [(12, 18), (0, 2)]
    assert [line["stock_at_order"] for line in ordered["lines"]] == [3, 0]
    assert [line["stock_at_receipt"] for line in half["lines"]] == [3, None]
    assert (done["cost"], done["lines_without_cost"]) == (15.0, 1)
    assert all(done[f"{what}_by"] == "anyone" and done[f"{what}_at"] for what in ("created", "ordered", "received"))
    assert listed(client, status="received") == [done]
    assert listed(client, status="ordered") == []
    assert listed(client) == [done]


def test_received_without_totals_means_all_and_fewer_can_close_an_order(client):
    whole = change(client, make(client, OIL, BELT), status="received")["order"]
    fewer = make(client, OIL, BELT, known_orders=[])
    fewer = change(client, fewer, status="received", received=[{"part": "oil-1", "received": 20}])["order"]

    assert [line["received"] for line in whole["lines"]] == [24, 2]
    assert (fewer["status"], [(line["received"], line["open"]) for line in fewer["lines"]]) == (
        "received", [(20, 0), (0, 0)],
    )  # fmt: skip


def test_a_receipt_of_more_than_was_ordered_is_kept_and_one_too_many_can_be_put_right(client):
    order = make(client)
    more = change(client, order, received=[{"part": "oil-1", "received": 30}])["order"]
    right = change(client, more, received=[{"part": "oil-1", "received": 13}])["order"]

    assert (more["status"], more["lines"][0]["received"], more["lines"][0]["open"]) == ("received", 30, 0)
    assert (right["status"], right["lines"][0]["open"]) == ("ordered", 11)


def test_the_same_post_twice_is_one_order_whatever_has_become_of_it(client):
    body = {"id": new_id(), "lines": [OIL], "status": "ordered"}
    first = post(client, "/v1/orders", **body)["order"]
    again = post(client, "/v1/orders", **body)["order"]
    change(client, first, status="received")
    later = post(client, "/v1/orders", **body)["order"]

    assert first == again
    assert later["status"] == "received"
    assert len(listed(client)) == 1


def test_another_order_under_an_id_that_is_taken_shows_what_is_there(client):
    first = make(client)

    answer = post(client, "/v1/orders", 409, id=first["id"], lines=[BELT])

    assert (answer["field"], answer["orders"]) == ("id", [first])
    assert listed(client) == [first]


def test_a_change_of_an_order_that_somebody_else_changed_is_refused_and_shows_it(client):
    seen = make(client, status="draft")
    theirs = change(client, seen, note="theirs")["order"]

    answer = change(client, seen, 409, note="mine")

    assert (answer["field"], answer["orders"]) == ("version", [theirs])
    assert listed(client) == [theirs]


def test_a_change_that_is_done_already_is_done(client):
    seen = make(client)
    receipt = {"received": [{"part": "oil-1", "received": 10}]}
    first = change(client, seen, **receipt)["order"]

    assert change(client, seen, **receipt)["order"] == first


def test_of_two_who_order_a_part_at_once_the_second_is_shown_the_first_ones_order(client, orders):
    """Both have read that nothing is open; neither has written yet."""
    both_read = threading.Barrier(2)
    waits = {"left": 2}

    def meet(effect: str) -> None:
        if effect.startswith("commit") and waits["left"]:
            waits["left"] -= 1
            both_read.wait(timeout=30)

    orders.before = meet
    bodies = [{"id": new_id(), "lines": [OIL], "status": "ordered", "known_orders": []} for _ in range(2)]

    with ThreadPoolExecutor(2) as people:
        answers = list(people.map(lambda body: client.application.test_client().post("/v1/orders", json=body), bodies))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer.json for answer in answers if answer.status_code == 409)
    assert refused["field"] == "known_orders"
    assert [order["id"] for order in refused["orders"]] == [order["id"] for order in listed(client)]


def test_an_open_order_of_the_same_part_must_be_known_or_confirmed(client):
    first = make(client)
    again = {"lines": [OIL], "status": "ordered"}

    refused = post(client, "/v1/orders", 409, id=new_id(), **again)
    known = post(client, "/v1/orders", id=new_id(), known_orders=[first["id"]], **again)["order"]
    confirmed = post(client, "/v1/orders", id=new_id(), confirmed=True, **again)["order"]
    draft = make(client, status="draft")
    placed = change(client, draft, 409, status="ordered", known_orders=[first["id"]])

    assert refused["orders"] == [first]
    assert {order["id"] for order in placed["orders"]} == {known["id"], confirmed["id"]}
    assert make(client, BELT)["status"] == "ordered"


@pytest.mark.parametrize("fault", ["before", "after"])
def test_after_a_lost_answer_what_was_written_is_found_and_nothing_is_written_twice(client, orders, fault):
    failures = iter([True])

    def fail(effect: str) -> None:
        if effect.startswith("commit") and next(failures, False):
            raise StoreUnavailableError("reset")

    setattr(orders, fault, fail)
    body = {"id": new_id(), "lines": [OIL], "status": "ordered"}
    answer = client.post("/v1/orders", json=body)

    if fault == "before":  # it never arrived: the caller asks again
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
        answer = client.post("/v1/orders", json=body)
    assert answer.status_code == 200
    assert listed(client) == [answer.json["order"]]


def test_a_receipt_whose_answer_was_lost_can_be_sent_again(client, orders):
    order = make(client)
    failures = iter([True])

    def fail(effect: str) -> None:
        if effect.startswith("commit") and next(failures, False):
            raise StoreUnavailableError("reset")

    orders.after = fail
    receipt = {"received": [{"part": "oil-1", "received": 5}]}
    once = change(client, order, **receipt)["order"]
    twice = change(client, order, **receipt)["order"]

    assert once == twice
    assert once["lines"][0]["received"] == 5


def test_a_line_of_a_part_that_vanished_is_kept_and_says_so(client, shelf):
    order = make(client, OIL, {"part": "of 1990", "name": "Old hose", "quantity": 1})

    lines = listed(client)[0]["lines"]

    assert [(line["part"], line["listed_as"], line["name"]) for line in lines] == [
        ("oil-1", "oil-1", "Oil Filter"), ("of 1990", None, "Old hose"),
    ]  # fmt: skip
    assert change(client, order, status="received")["order"]["status"] == "received"


@pytest.mark.parametrize(
    ("change_of", "path"),
    [
        ({"lines": [OIL | {"quantity": -1}]}, "lines[0].quantity"),
        ({"lines": [OIL | {"quantity": 0}]}, "lines[0].quantity"),
        ({"lines": [OIL, BELT | {"quantity": 1e9}]}, "lines[1].quantity"),
        ({"lines": [OIL | {"quantity": "24"}]}, "lines[0].quantity"),
        ({"lines": [OIL | {"quantity": True}]}, "lines[0].quantity"),
        ({"lines": [OIL | {"unit_cost": -1}]}, "lines[0].unit_cost"),
        ({"lines": [OIL | {"price": 1}]}, "lines[0].price"),
        ({"lines": [OIL, OIL]}, "lines"),
        ({"lines": []}, "lines"),
        ({"lines": [{"quantity": 1}]}, "lines[0].part"),
        ({"lines": None}, "lines"),
        ({"id": "../spare_parts/x"}, "id"),
        ({"id": "short"}, "id"),
        ({"supplier": 7}, "supplier"),
        ({"note": "\ud800"}, "note"),
        ({"note": "x" * 2001}, "note"),
        ({"expected_on": "2026-02-30"}, "expected_on"),
        ({"status": "received"}, "status"),
        ({"known_orders": "all"}, "known_orders"),
        ({"confirmed": 1}, "confirmed"),
        ({"shop": "another"}, "shop"),
    ],
    ids=str,
)  # fmt: skip
def test_a_mistake_is_refused_with_the_place_and_writes_nothing(client, change_of, path):
    answer = post(client, "/v1/orders", 400, **({"id": new_id(), "lines": [OIL]} | change_of))

    assert answer["field"] == path
    assert path in answer["message"]
    assert listed(client) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"id": NaN}', b"[" * 5000, b'"x"'])
def test_a_body_that_is_no_object_is_a_400(client, body):
    assert client.post("/v1/orders", data=body, content_type="application/json").status_code == 400


@pytest.mark.parametrize(
    ("status", "body", "field"),
    [
        (409, {"received": [{"part": "belt", "received": 1}]}, "received"),
        (400, {"received": [{"part": "oil-1", "received": -1}]}, "received[0].received"),
        (409, {"lines": [BELT]}, "lines"),
        (409, {"supplier": "another"}, "supplier"),
        (400, {"status": "draft"}, "status"),
        (400, {"version": 7}, "version"),
    ],
    ids=str,
)
def test_what_cannot_become_of_an_order_is_refused_and_the_order_kept(client, status, body, field):
    order = make(client)

    answer = change(client, order, status, **body)

    assert answer["field"] == field
    assert listed(client) == [order]


def test_a_cancelled_order_stays_and_can_become_nothing_else(client):
    cancelled = change(client, make(client), status="cancelled")["order"]

    refused = change(client, cancelled, 409, status="ordered")

    assert refused["orders"] == [cancelled]
    assert listed(client, status="cancelled") == [cancelled]
    assert make(client)["status"] == "ordered"  # what was cancelled stands in nobody's way


def test_an_order_that_is_not_here_is_a_404(client):
    answer = post(client, f"/v1/orders/{new_id()}", 404, version="2026-05-04T09:00:00Z", status="ordered")

    assert answer["field"] == "id"


def test_a_script_in_a_note_and_a_supplier_like_a_formula_are_text_and_come_back_as_they_were(client):
    order = make(client, supplier="=cmd|' /C calc'!A0", note="<script>alert(1)</script>\n\u202e")

    raw = client.get("/v1/orders")

    assert raw.headers["Content-Type"].startswith("application/json")
    assert raw.headers["X-Content-Type-Options"] == "nosniff"
    assert (order["supplier"], order["note"]) == ("=cmd|' /C calc'!A0", "<script>alert(1)</script>\n\u202e")


def test_a_stored_order_that_cannot_be_read_hides_no_other(client, orders):
    order = make(client)
    broken = orders._documents[f"restock_orders/{order['id']}"]
    orders._documents["restock_orders/broken-1"] = type(broken)(
        "broken-1", dict(broken.fields) | {"lines": [{"part": 7}]}, broken.version
    )

    answer = client.get("/v1/orders").json

    assert ([one["id"] for one in answer["orders"]], answer["unreadable"]) == ([order["id"]], ["broken-1"])


def test_orders_are_known_without_a_model(forecast_door, catalogue):
    client = forecast_door(ORDERS="callers")

    order = make(client)

    assert (order["lines"][0]["listed_as"], order["lines"][0]["name"]) == (None, "oil-1")
