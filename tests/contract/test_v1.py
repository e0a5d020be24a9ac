"""API v1: its answers, its refusals, its caching, and that it is what /openapi.json says it is."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest

from restock.errors import StoreUnavailableError
from restock.gcp.firestore_reader import FirestoreReader
from restock.serving.inventory import Policy, advise
from restock.stored.artifact import ForecastArtifact
from restock.stored.header import Since, Surprise
from restock.stored.hindsight import WEEKS, Hindsight
from tests.contract.answers import get, refused
from tests.published import artifact, many_parts, saying
from tests.waiting import wait_until

MONDAY = date(2026, 5, 4)


def test_forecast_gives_mean_per_day_and_quantiles_of_the_cumulative_demand(client, published):
    answer = get(client, "/v1/forecast", days=3, quantiles="0.5,0.95", **{"from": "2026-05-04"})

    assert (answer["from"], answer["through"], answer["days"]) == ("2026-05-04", "2026-05-06", 3)
    assert [part["name"] for part in answer["parts"]] == ["Belt", "Oil Filter"]
    oil = answer["parts"][1]
    row = [part.key for part in published.parts].index("oil-1")
    assert oil["mean"] == [1.3, 1.3, 1.3]
    assert oil["total"] == 3.9
    paths = published.quantile_paths(MONDAY, 3, (0.5, 0.95))[row]
    assert oil["quantiles"] == {"0.5": paths[0].tolist(), "0.95": paths[1].tolist()}
    assert answer["model"]["version"] == 4


@pytest.mark.parametrize("word", ["oil-1", "Oil Filter", " oil filter "])
def test_a_part_is_named_by_key_or_by_name_as_the_app_compares_names(client, word):
    assert [part["part"] for part in get(client, "/v1/forecast", part=word)["parts"]] == ["oil-1"]


def test_several_parts_come_in_the_order_asked_and_once(client):
    answer = get(client, "/v1/forecast", part=["oil-1", "gone", "Oil Filter"])

    assert [(part["part"], part["active"]) for part in answer["parts"]] == [("oil-1", True), ("gone", False)]


def test_recent_demand_comes_when_asked(client, published):
    answer = get(client, "/v1/forecast", part="oil-1", recent="true")

    assert answer["recent_from"] == "2026-01-31"
    assert answer["parts"][0]["recent"] == published.recent[2].tolist()
    assert "recent" not in get(client, "/v1/forecast", part="oil-1")["parts"][0]


def test_past_weeks_stand_beside_what_came(client, shelf, published):
    expected = np.full((len(published.parts), WEEKS), np.nan, np.float32)
    expected[2, -3:-1] = 8.5  # of the part, two weeks; the last column's is not over
    shelf.publish(saying(published, version=5, hindsight=Hindsight(expected)))
    wait_until(lambda: get(client, "/v1/forecast", part="oil-1")["model"]["version"] == 5)

    oil, belt = get(client, "/v1/forecast", part=["oil-1", "Belt"], recent="true")["parts"]

    first = (date(2026, 4, 13) - published.recent_start).days
    came = [float(published.recent[2, at : at + 7].sum()) for at in (first, first + 7)]
    assert oil["past_weeks"] == [
        {"from": "2026-04-13", "expected": 8.5, "came": came[0]},
        {"from": "2026-04-20", "expected": 8.5, "came": came[1]},
    ]
    assert belt["past_weeks"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("days=0", "days"), ("days=91", "days"), ("days=7.0", "days"), ("days=", "days"), ("days=1&days=2", "days"),
        ("from=2026-02-30", "from"), ("from=9999-12-31&days=2", "from"), ("from=", "from"), ("quantiles=", "quantiles"),
        ("quantiles=1", "quantiles"), ("quantiles=0.5,,0.9", "quantiles"), ("quantiles=nan", "quantiles"),
        ("quantiles=" + ",".join(["0.5"] * 10), "quantiles"), ("recent=yes", "recent"), ("part=", "part"),
        ("part=" + "x" * 501, "part"), ("&".join(["part=belt"] * 101), "part"), ("dyas=7", "dyas"), ("Days=7", "Days"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_and_its_field_named(client, query, field):
    answer = client.get(f"/v1/forecast?{query}")

    assert answer.status_code == 400
    assert answer.json["field"] == field
    assert field in answer.json["message"]


@pytest.mark.parametrize("query", ["%ff=1", "part=%ff", "a&" * 600, "part=" + "x" * 20_000])
def test_an_unreadable_query_is_a_400(client, query):
    assert client.get(f"/v1/forecast?{query}").status_code == 400


def test_an_unknown_part_is_a_404(client):
    assert refused(client, "/v1/forecast", 404, part="nothing")["field"] == "part"


def test_restock_says_what_to_order_the_likeliest_to_run_out_first(client, published):
    answer = get(client, "/v1/restock", lead_time_days=7, review_days=7, service_level=0.95)

    oil, belt = answer["parts"]
    assert (oil["part"], oil["on_hand"], oil["on_order"], oil["lead_time_days"]) == ("oil-1", 5.0, 0.0, 7)
    assert (belt["part"], belt["on_hand"], belt["on_order"], belt["lead_time_days"]) == ("belt", 100.0, 2.0, 3)
    assert oil["stock_out_chance"] > 0.8
    assert belt["stock_out_chance"] < 0.01
    assert oil["days_of_cover"] == 3
    assert oil["order_quantity"] == oil["order_up_to"] - 5
    assert belt["order_quantity"] == 0
    advice = advise(published, date.fromisoformat("2026-05-04"), Policy(7, 7, 0.95), on_hand=5)
    assert oil["order_up_to"] == advice.order_up_to[2]
    assert oil["reorder_point"] == advice.reorder_point[2]


def test_restock_says_when_stock_was_read_on_which_day_it_starts_and_what_people_call_the_part(client, catalogue):
    catalogue["belt"] |= {"sku": " BE-7 ", "brand": "Gates"}
    before = datetime.now(UTC)

    answer = get(client, "/v1/restock", part="belt")

    assert before <= datetime.fromisoformat(answer["stock_read_at"]) <= datetime.now(UTC)
    assert abs((date.fromisoformat(answer["from"]) - before.date()).days) <= 1
    assert (answer["parts"][0]["sku"], answer["parts"][0]["brand"]) == ("BE-7", "Gates")


def test_what_the_caller_says_of_a_part_wins_over_the_catalogue(client, catalogue):
    catalogue["belt"]["stock"] = 0
    before = get(client, "/v1/restock", part="belt")["parts"][0]

    after = get(client, "/v1/restock", part="belt", lead_time="belt:9", on_order="Belt:1", minimum_order="belt:40")
    after = after["parts"][0]

    assert (before["lead_time_days"], before["on_order"]) == (3, 2.0)
    assert (after["lead_time_days"], after["on_order"], after["order_quantity"]) == (9, 1.0, 40.0)


def test_new_stock_changes_the_answer_and_its_tag(client, catalogue):
    first = client.get("/v1/restock?part=oil-1")
    catalogue["oil-1"] = {"stock": 400}

    second = client.get("/v1/restock?part=oil-1", headers={"If-None-Match": first.headers["ETag"]})

    assert second.status_code == 200
    assert second.json["parts"][0]["on_hand"] == 400.0
    assert second.json["parts"][0]["days_of_cover"] == 307


def test_without_any_stock_to_be_had_restock_says_when_to_come_back(client, monkeypatch):
    def down(*_):
        raise StoreUnavailableError("Firestore could not be read: status 503")

    monkeypatch.setattr(FirestoreReader, "collection", down)

    answer = client.get("/v1/restock")

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert b"Firestore" not in answer.data
    assert client.post("/forecast_restock_demand", json={"forecast_days": 1}).status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("lead_time_days=-1", 400, "lead_time_days"), ("lead_time_days=91", 400, "lead_time_days"),
        ("review_days=0", 400, "review_days"), ("service_level=1", 400, "service_level"), ("measure=x", 400, "measure"),
        ("service_level=nan", 400, "service_level"), ("lead_time=belt", 400, "lead_time"),
        ("lead_time=:3", 400, "lead_time"), ("on_order=belt:-1", 400, "on_order"),
        ("on_order=nothing:1", 404, "on_order"), ("from=2026-05-04", 400, "from"),
    ],
)  # fmt: skip
def test_mistakes_about_ordering_are_refused(client, query, status, field):
    answer = client.get(f"/v1/restock?{query}")

    assert (answer.status_code, answer.json["field"]) == (status, field)


def test_model_tells_its_age_its_data_and_its_scores(client):
    answer = get(client, "/v1/model")

    assert answer["model"]["version"] == 4
    assert answer["parts"] == {"active": 2, "known": 3}
    assert answer["trained_through"] == "2026-04-30"
    assert answer["scores"]["challenger"]["spl_7"] == 0.31
    assert answer["problem"] is None


@pytest.fixture
def retrain_state(monkeypatch):
    """``restock_state/retrain`` and the completions that wait, as Firestore gives them out."""
    state = {"failures": 3, "last_error": "not published: 31 % worse", "retry_at": datetime(2026, 5, 4, tzinfo=UTC)}
    monkeypatch.setattr(FirestoreReader, "document", lambda self, path, fields: state)
    monkeypatch.setattr(FirestoreReader, "count_true", lambda self, collection, field: 815)
    return state


def test_model_tells_that_trainings_are_refused_while_completions_wait(client, retrain_state):
    assert get(client, "/v1/model")["training"] == {
        "completions_waiting": 815,
        "setbacks_in_a_row": 3,
        "last_setback": "not published: 31 % worse",
        "retry_at": "2026-05-04T00:00:00+00:00",
        "last_success_at": None,
    }


def test_model_answers_without_the_state_of_training_while_firestore_is_down(client):
    assert get(client, "/v1/model")["training"] is None


def test_a_state_that_cannot_be_read_is_no_reason_to_answer_nothing(client, retrain_state):
    retrain_state["failures"] = "three"

    assert get(client, "/v1/model")["training"] is None


def test_the_age_of_the_model_is_never_kept(client):
    first = client.get("/v1/model")

    assert "ETag" not in first.headers
    assert first.headers["Cache-Control"] == "no-store"


def test_changes_tell_what_moved_since_the_version_before(client):
    answer = get(client, "/v1/changes", days=10, **{"from": "2026-05-04"})

    assert answer["since"]["version"] == 3
    assert answer["parts"] == [{"part": "belt", "name": "Belt", "before": 10.0, "after": 2.5, "change": -7.5}]
    assert answer["added"] == ["Oil Filter"]
    assert answer["removed"] == ["Seal"]


def test_changes_are_as_many_as_asked_for_and_say_how_many_there_are(client):
    answer = get(client, "/v1/changes", days=10, most=0)

    assert (answer["parts"], answer["added"], answer["removed"]) == ([], [], [])
    assert answer["counts"] == {"parts": 1, "added": 1, "removed": 1}


def test_changes_follow_what_the_artifact_says_it_followed(forecast_door, shelf, published):
    shelf.publish(artifact({"belt": 2.0}, version=1))
    shelf.publish(artifact({"belt": 1.0}, version=3))
    surprise = Surprise(key="belt", name="Belt", days=7, expected=3.5, came=40.0, chance=0.0001)
    shelf.publish(saying(published, since=Since(version=1, unusual=(surprise,))))

    answer = get(forecast_door(), "/v1/changes", days=1)

    assert answer["since"]["version"] == 1
    assert answer["unusual"] == [{"part": "belt", "name": "Belt", "days": 7, "expected": 3.5, "came": 40.0}]


def test_changes_of_a_swapped_model_are_against_what_was_served(client, shelf):
    get(client, "/v1/model")
    shelf.publish(artifact({"belt": 3.0, "Oil Filter": 1.3}, version=9))
    wait_until(lambda: get(client, "/v1/model")["model"]["version"] == 9)

    assert get(client, "/v1/changes", days=1)["since"]["version"] == 4


def test_the_first_version_has_no_changes(forecast_door, shelf):
    shelf.publish(artifact({"Belt": 1.0}))

    answer = get(forecast_door(), "/v1/changes")

    assert (answer["since"], answer["parts"]) == (None, [])


def test_a_forecast_of_too_many_numbers_is_refused_before_it_is_computed(forecast_door, shelf, monkeypatch):
    shelf.publish(many_parts(600))
    client = forecast_door()
    monkeypatch.setattr(ForecastArtifact, "quantile_paths", lambda *_: pytest.fail("it was computed"))

    answer = client.get("/v1/forecast?days=90&quantiles=0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9")

    assert answer.status_code == 400
    assert "fewer days, parts or quantiles" in answer.json["message"]


def test_prepared_answers_are_those_computed_anew(client, published):
    first = client.get("/v1/forecast?days=9&from=2026-05-04").json["parts"]
    second = client.get("/v1/forecast?days=9&from=2026-05-04").json["parts"]

    assert first == second
    np.testing.assert_allclose(
        [part["total"] for part in first], published.mean(MONDAY, 9).sum(axis=1)[[0, 2]], atol=1e-4
    )
