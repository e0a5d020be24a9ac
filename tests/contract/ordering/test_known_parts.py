"""What an owner says of parts, through the door."""

from __future__ import annotations

import pytest

from restock.stored.artifact import Part
from tests.contract.ordering.calls import post
from tests.published import artifact


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
