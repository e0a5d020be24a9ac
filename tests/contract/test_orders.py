"""Orders and what is known of parts, through the door: once per id, nobody's change lost, nothing from elsewhere."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from restock.errors import StoreUnavailableError
from restock.gcp.firestore_reader import FirestoreReader
from restock.stored.artifact import Part
from tests.published import artifact
from tests.waiting import wait_until

OIL, BELT = {"part": "oil-1", "quantity": 24}, {"part": "belt", "quantity": 2, "unit_cost": 7.5}


@pytest.fixture
def catalogue(monkeypatch):
    """The ``spare_parts`` collection as Firestore gives it out."""
    parts = {"oil-1": {"name": "Oil Filter", "stock": 3}, "belt": {"name": "Belt", "stock": 0}}
    monkeypatch.setattr(FirestoreReader, "collection", lambda self, name, fields: list(parts.items()))
    return parts


@pytest.fixture
def client(forecast_door, shelf, catalogue):
    shelf.publish(artifact([(Part("oil-1", "Oil Filter"), 1.3), (Part("belt", "Belt"), 0.25)]))
    return forecast_door(ORDERS="callers", STOCK_CACHE_SECONDS="0")


def new_id() -> str:
    return str(uuid.uuid4())


def post(client, path, expected=200, /, headers=None, **body):
    answer = client.post(path, json=body, headers=headers or {})
    assert answer.status_code == expected, answer.data
    return answer.json


def make(client, *lines, status="ordered", **body):
    body = {"id": new_id(), "lines": list(lines or [OIL]), "status": status, "supplier": "Miller"} | body
    return post(client, "/v1/orders", **body)["order"]


def change(client, order, expected=200, /, **body):
    return post(client, f"/v1/orders/{order['id']}", expected, **({"version": order["version"]} | body))


def listed(client, **query):
    answer = client.get("/v1/orders", query_string=query)
    assert answer.status_code == 200, answer.data
    return answer.json["orders"]


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


def test_what_is_known_of_a_part_is_said_field_by_field(client):
    nothing = client.get("/v1/parts/Oil Filter").json["facts"]
    first = post(client, "/v1/parts/oil-1", version=nothing["version"], supplier="Miller", pack=6, unit_cost=3.2)
    second = post(
        client, "/v1/parts/oil-1", version=first["facts"]["version"], snoozed_until="2026-06-01", pack=None, note=""
    )["facts"]

    assert (nothing["part"], nothing["version"], nothing["supplier"]) == ("oil-1", "", None)
    assert (second["supplier"], second["pack"], second["unit_cost"]) == ("Miller", None, 3.2)
    assert (second["snoozed_until"], second["note"], second["edited_by"]) == ("2026-06-01", None, "anyone")
    assert client.get("/v1/parts/oil-1").json["facts"] == second


def test_of_two_who_change_a_part_the_second_is_shown_what_the_first_wrote(client):
    theirs = post(client, "/v1/parts/oil-1", version="", pack=6)["facts"]

    mine = post(client, "/v1/parts/oil-1", 409, version="", pack=12)
    same = post(client, "/v1/parts/oil-1", version="", pack=6)["facts"]

    assert (mine["field"], mine["facts"]) == ("version", theirs)
    assert same == theirs


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"pack": 0}, "pack"), ({"pack": "6"}, "pack"), ({"lead_time_days": 366}, "lead_time_days"),
        ({"lead_time_days": 1.5}, "lead_time_days"), ({"unit_cost": -1}, "unit_cost"), ({"maximum": 1e9}, "maximum"),
        ({"snoozed_until": "soon"}, "snoozed_until"), ({"note": 1}, "note"), ({"stock": 5}, "stock"),
    ],
)  # fmt: skip
def test_mistakes_about_a_part_are_refused(client, body, field):
    answer = post(client, "/v1/parts/oil-1", 400, version="", **body)

    assert answer["field"] == field


def test_a_part_that_is_not_known_is_a_404(client):
    assert client.get("/v1/parts/nothing").status_code == 404
    assert post(client, "/v1/parts/nothing", 404, version="", pack=1)["field"] == "key"


@pytest.mark.parametrize("key", ["1/2 inch hose", "50% mix", "parts", "v1/orders/x", "__x__"])
def test_a_part_may_be_called_anything(forecast_door, shelf, catalogue, key):
    shelf.publish(artifact([(Part(key, key.title()), 1.0)]))
    client = forecast_door(ORDERS="callers")

    facts = post(client, f"/v1/parts/{key.replace('%', '%25')}", version="", pack=2)["facts"]

    assert (facts["part"], facts["pack"]) == (key, 2)


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://[", "Content-Type": "application/json"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("path", ["/v1/orders", "/v1/orders/some-order", "/v1/parts/oil-1"])
def test_no_other_page_may_write(client, path, headers):
    answer = client.post(path, json={"id": new_id(), "lines": [OIL]}, headers=headers)

    assert answer.status_code == 403
    assert listed(client) == []


@pytest.mark.parametrize("headers", [{"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}, {}], ids=str)
def test_its_own_page_and_programs_may_write(client, headers):
    answer = client.post("/v1/orders", json={"id": new_id(), "lines": [OIL]}, headers=headers)

    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_write_is_json_which_no_form_can_send(client, kind):
    body = json.dumps({"id": new_id(), "lines": [OIL]})

    assert client.post("/v1/orders", data=body, content_type=kind).status_code == 415


MODES = [
    ({"ORDERS": "off"}, 403),
    ({"ORDERS": "admins"}, 403),
    ({}, 403),
    ({"ORDERS": "callers"}, 200),
    ({"ORDERS": "callers", "K_CONFIGURATION": "forecast"}, 403),
    ({"ORDERS": "off", "FORECAST_AUTH": "iam"}, 403),
    ({"ORDERS": "admins", "FORECAST_AUTH": "iam"}, 200),
    ({"FORECAST_AUTH": "iam", "K_CONFIGURATION": "forecast"}, 200),
]


@pytest.mark.parametrize(("settings", "status"), MODES, ids=str)
def test_who_may_write_without_a_token_of_ours(forecast_door, catalogue, settings, status):
    """In public mode nobody is known: only a local Restock takes anybody's word."""
    client = forecast_door(**settings)

    answer = client.post("/v1/orders", json={"id": new_id(), "lines": [OIL]})

    assert answer.status_code == status
    assert client.get("/v1/orders").json["may_write"] == (status == 200)


def test_in_iam_mode_orders_bear_the_e_mail_address_of_the_platforms_token(forecast_door, catalogue):
    client = forecast_door(FORECAST_AUTH="iam")
    claims = base64.urlsafe_b64encode(json.dumps({"email": "anna@shop.example"}).encode()).decode().rstrip("=")
    body = {"id": new_id(), "lines": [OIL]}

    token = {"Authorization": f"Bearer x.{claims}.SIGNATURE_REMOVED_BY_GOOGLE"}
    named = post(client, "/v1/orders", headers=token, **body)
    unnamed = post(client, "/v1/orders", **(body | {"id": new_id()}))

    assert named["order"]["created_by"] == "anna@shop.example"
    assert unnamed["order"]["created_by"] == "a caller the platform let in"


def advised(client, part="oil-1", **query):
    answer = client.get("/v1/restock", query_string=query)
    assert answer.status_code == 200, answer.data
    return next(one for one in answer.json["parts"] if one["part"] == part)


def test_what_was_ordered_is_on_order_at_once_and_not_advised_again(client):
    before = advised(client)
    order = make(client, OIL | {"quantity": before["order_quantity"]})
    after = advised(client)
    change(client, order, status="cancelled")

    assert before["order_quantity"] > 0
    assert (after["order_quantity"], after["open_quantity"]) == (0, before["order_quantity"])
    assert [(one["id"], one["delivered"]) for one in after["orders"]] == [(order["id"], None)]
    assert advised(client) == before


def test_the_tag_of_the_list_follows_orders_and_what_is_said_of_parts(forecast_door, shelf, catalogue):
    shelf.publish(artifact([(Part("oil-1", "Oil Filter"), 1.3), (Part("belt", "Belt"), 0.25)]))
    client = forecast_door(ORDERS="callers", STOCK_CACHE_SECONDS="3600")
    tags = [client.get("/v1/restock").headers["ETag"]]
    again = client.get("/v1/restock", headers={"If-None-Match": tags[0]})
    make(client)
    tags.append(client.get("/v1/restock").headers["ETag"])
    post(client, "/v1/parts/belt", version="", pack=6)
    tags.append(client.get("/v1/restock").headers["ETag"])

    assert again.status_code == 304
    assert len(set(tags)) == 3


def test_a_callers_word_replaces_what_is_known_else_the_greater_counts_and_both_are_shown(client, catalogue):
    catalogue["oil-1"]["onOrder"] = 5
    make(client, OIL | {"quantity": 3})
    catalogues = advised(client)
    make(client, OIL | {"quantity": 6}, confirmed=True)
    ours, told = advised(client), advised(client, on_order="oil-1:1")

    assert [(one["on_order"], one["open_quantity"], one["catalogue_on_order"]) for one in (catalogues, ours, told)] == [
        (5, 3, 5), (9, 9, 5), (1, 9, 5),
    ]  # fmt: skip


def test_goods_on_the_shelf_that_nobody_clicked_are_asked_about_first_and_count_no_more(client, catalogue):
    order = make(client, BELT | {"quantity": 4})
    catalogue["belt"]["stock"] = 4

    answer = client.get("/v1/restock").json

    first = answer["parts"][0]
    assert (first["part"], first["on_order"]) == ("belt", 0)
    assert first["orders"][0]["id"] == order["id"]
    assert "stock has risen by 4" in first["orders"][0]["delivered"]
    assert first["reasons"][0].startswith("Delivered? 4 of an order are not counted as coming")


def test_goods_that_were_clicked_and_are_not_on_the_shelf_yet_go_on_counting(client, catalogue):
    order = make(client, OIL | {"quantity": 40})
    change(client, order, status="received")
    unshelved = advised(client)
    catalogue["oil-1"]["stock"] = 43
    shelved = advised(client)

    assert (unshelved["on_order"], unshelved["order_quantity"]) == (40, 0)
    assert "40 were received and are not in the stock yet" in unshelved["reasons"]
    assert (shelved["on_order"], shelved["on_hand"], shelved["order_quantity"]) == (0, 43, 0)


def test_an_order_under_another_document_or_name_of_the_part_counts_for_it(forecast_door, shelf, catalogue):
    shelf.publish(artifact([(Part("oil-1", "Oil Filter", documents=("oil-2",)), 1.3)]))
    client = forecast_door(ORDERS="callers", STOCK_CACHE_SECONDS="0")

    make(
        client, {"part": "oil-2", "quantity": 5}, {"part": "OIL filter", "quantity": 2}, {"part": "gone", "quantity": 9}
    )

    assert advised(client)["open_quantity"] == 7


def test_what_the_owner_says_of_a_part_shapes_what_is_advised(client):
    plain = advised(client)
    facts = {"pack": 10, "minimum_order": 15, "unit_cost": 2.5, "supplier": "Miller", "lead_time_days": 20, "note": "n"}
    version = post(client, "/v1/parts/oil-1", version="", **facts)["facts"]["version"]
    packed = advised(client)
    post(client, "/v1/parts/oil-1", version=version, maximum=26, snoozed_until="2099-01-01")
    bounded = advised(client)

    assert (packed["lead_time_days"], packed["supplier"], packed["note"]) == (20, "Miller", "n")
    assert packed["order_quantity"] >= plain["order_quantity"]
    assert packed["order_quantity"] % 10 == 0
    assert packed["cost"] == packed["order_quantity"] * 2.5
    assert (bounded["order_quantity"], bounded["snoozed_until"]) == (20, "2099-01-01")  # 3 are there: 23 of 26
    assert "No more than 26" in " ".join(bounded["reasons"])
    assert client.get("/v1/restock").json["suppliers"][-1] == {
        "supplier": "Miller", "parts": 1, "cost": 50.0, "parts_without_cost": 0,
    }  # fmt: skip


def test_five_deliveries_teach_how_long_a_supplier_takes(client, orders):
    post(client, "/v1/parts/oil-1", version="", supplier="miller", lead_time_days=3)
    before = advised(client)
    for days in (2, 9, 9, 9, 30):
        order = change(client, make(client, BELT, confirmed=True), status="received")["order"]
        stored = orders._documents[f"restock_orders/{order['id']}"]
        ordered_at = stored.fields["received_at"] - timedelta(days)
        orders._documents[f"restock_orders/{order['id']}"] = type(stored)(
            stored.id, dict(stored.fields) | {"ordered_at": ordered_at}, stored.version + "x"
        )

    after = advised(client)

    assert (before["lead_time_days"], before["lead_time_learnt"]) == (3, None)
    assert (after["lead_time_days"], after["lead_time_learnt"]) == (9, {"receipts": 5, "late_days": 30})
    assert after["reorder_point"] > before["reorder_point"]
    assert "miller took 2 to 30 days, 5 times" in after["reasons"]


def test_a_long_list_comes_in_the_body_and_parts_that_nobody_knows_are_told(client):
    thousands = [{"part": f"part-{n}", "quantity": n} for n in range(5000)]
    body = {
        "on_order": [*thousands, {"part": "oil-1", "quantity": 30}],
        "parts": ["oil-1", "Nobody's"],
        "review_days": 3,
    }

    answer = post(client, "/v1/restock", **body)

    assert [part["part"] for part in answer["parts"]] == ["oil-1"]
    assert (answer["parts"][0]["on_order"], answer["review_days"]) == (30, 3)
    assert answer["unknown_parts"][:2] == ["Nobody's", "part-0"]
    assert len(answer["unknown_parts"]) == 5001
    same = client.get("/v1/restock?part=oil-1&on_order=oil-1:30&review_days=3").json
    assert same["parts"] == answer["parts"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"on_order": [{"part": "oil-1", "quantity": -1}]}, "on_order[0].quantity"),
        ({"on_order": [{"part": "", "quantity": 1}]}, "on_order[0].part"),
        ({"service_level": 1}, "service_level"),
        ({"lead_time": [{"part": "oil-1", "days": 91}]}, "lead_time[0].days"),
        ({"budget": -1}, "budget"),
        ({"parts": "oil-1"}, "parts"),
    ],
)
def test_mistakes_in_a_long_list_are_refused_with_their_place(client, body, path):
    assert post(client, "/v1/restock", 400, **body)["field"] == path


def test_within_a_budget_what_avoids_most_stock_outs_is_bought_and_the_rest_is_told(client):
    post(client, "/v1/parts/oil-1", version="", unit_cost=4)
    post(client, "/v1/parts/belt", version="", unit_cost=9)
    whole = client.get("/v1/restock").json
    part = client.get("/v1/restock?budget=40").json
    none = client.get("/v1/restock?budget=0").json

    assert part["budget"] == 40
    assert 0 < part["totals"]["cost"] <= 40 < whole["totals"]["cost"]
    assert {one["part"]: one["wanted_quantity"] for one in part["parts"]} == {
        one["part"]: one["order_quantity"] for one in whole["parts"]
    }
    assert all(one["order_quantity"] <= one["wanted_quantity"] for one in part["parts"])
    assert none["totals"] == {"parts": 0, "cost": 0.0, "parts_without_cost": 0}
    assert client.get("/v1/restock?budget=1000000").json["totals"] == whole["totals"]


def test_what_has_no_cost_is_bought_by_no_budget_and_says_so(client):
    part = advised(client, budget="1000")

    assert (part["order_quantity"], part["cost"]) == (0, None)
    assert part["wanted_quantity"] > 0
    assert part["reasons"] == ["Its cost is not known: not within the budget"]


def test_without_orders_to_be_read_the_list_says_when_to_come_back(client, orders):
    def down(effect):
        raise StoreUnavailableError("down")

    orders.before = down
    never_read = client.get("/v1/restock")

    assert (never_read.status_code, never_read.headers["Retry-After"]) == (503, "5")
    orders.before = lambda effect: None
    wait_until(lambda: client.get("/v1/restock").status_code == 200)
    orders.before = down
    assert client.get("/v1/restock").status_code == 200  # what was read last goes on
    assert client.get("/v1/orders").status_code == 503
