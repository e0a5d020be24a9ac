"""What orders and facts do to the list of what to order, its long form and its budget."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.errors import StoreUnavailableError
from restock.stored.artifact import Part
from tests.contract.ordering.calls import BELT, OIL, advised, change, make, post
from tests.published import artifact
from tests.waiting import wait_until


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
