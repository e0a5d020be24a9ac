"""Who may write orders and facts: no other page, no form, and whoever the setting lets in."""

from __future__ import annotations

import base64
import json

import pytest

from tests.contract.ordering.calls import OIL, listed, new_id, post

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
