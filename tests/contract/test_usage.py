"""/v1/usage: what was used most in a period, without a document read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from restock.gcp.firestore_reader import FirestoreReader
from restock.stored.artifact import Part
from tests.contract.answers import get, refused
from tests.published import artifact


@pytest.fixture
def client(forecast_door, shelf, monkeypatch):
    """Through 30 April: oil on each of the last ten days, a belt 80 days ago, a seal never."""
    monkeypatch.setattr(FirestoreReader, "collection", lambda *_: pytest.fail("the catalogue was read"))
    forecast = artifact([(Part("belt", "Belt"), 0.1), (Part("oil-1", "Oil Filter"), 1.3), (Part("seal", "Seal"), 0.1)])
    recent = np.zeros_like(forecast.recent)
    recent[1, -10:] = 1.5
    recent[0, 9] = 40
    jobs = {"oil change": [0] * 80 + [2] * 10, "brakes": [3] + [0] * 88 + [1], "tyres": [0] * 90}
    shelf.publish(replace(forecast, recent=recent, header=replace(forecast.header, recent_jobs=jobs)))
    return forecast_door()


def test_the_parts_and_services_of_a_period_come_the_most_used_first(client):
    whole, lately = get(client, "/v1/usage", days=90), get(client, "/v1/usage")

    assert (whole["from"], whole["through"], lately["from"], lately["days"]) == (
        "2026-01-31", "2026-04-30", "2026-04-01", 30,
    )  # fmt: skip
    assert whole["parts"] == [
        {"part": "belt", "name": "Belt", "used": 40.0, "days_used": 1},
        {"part": "oil-1", "name": "Oil Filter", "used": 15.0, "days_used": 10},
    ]
    assert whole["services"] == [{"service": "oil change", "jobs": 20}, {"service": "brakes", "jobs": 4}]
    assert [part["part"] for part in lately["parts"]] == ["oil-1"]
    assert lately["services"] == [{"service": "oil change", "jobs": 20}, {"service": "brakes", "jobs": 1}]


def test_an_earlier_period_ends_on_the_day_that_is_named(client):
    answer = get(client, "/v1/usage", days=5, through="2026-04-23")

    assert (answer["from"], answer["parts"][0]["used"]) == ("2026-04-19", 4.5)
    assert answer["services"] == [{"service": "oil change", "jobs": 6}]


def test_a_list_is_cut_where_asked_and_says_how_many_there_are(client):
    answer = get(client, "/v1/usage", days=90, most=1)

    assert answer["counts"] == {"parts": 2, "services": 2}
    assert [part["part"] for part in answer["parts"]] == ["belt"]


@pytest.mark.parametrize(
    "query",
    [
        {"through": "2026-05-01"},
        {"through": "2026-02-28"},
        {"days": 90, "through": "2026-04-29"},
        {"through": "0001-01-01"},
    ],
)
def test_what_is_not_known_here_is_refused_with_the_days_that_are(client, query):
    answer = refused(client, "/v1/usage", 404, **query)

    assert answer["field"] == "through"
    assert "2026-04-30" in answer["message"]


def test_models_of_before_know_no_services(forecast_door, shelf):
    shelf.publish(artifact({"Belt": 1.0}))

    assert get(forecast_door(), "/v1/usage")["services"] == []
