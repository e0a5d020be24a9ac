"""Calls of the operations on orders, as a client makes them."""

from __future__ import annotations

import uuid

OIL, BELT = {"part": "oil-1", "quantity": 24}, {"part": "belt", "quantity": 2, "unit_cost": 7.5}


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


def advised(client, part="oil-1", **query):
    answer = client.get("/v1/restock", query_string=query)
    assert answer.status_code == 200, answer.data
    return next(one for one in answer.json["parts"] if one["part"] == part)
