"""/v1/restock over catalogues as shops keep them: doubled, superseded, discontinued, half filled in.

Each case goes the whole way: usage and catalogue are trained on, the artifact is stored, and the door is asked.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from restock.counting.appointments import Usage, UsedPart
from restock.forecasting.demand import Demand
from restock.forecasting.fitting import Fitter, items
from restock.forecasting.train import train
from restock.gcp.firestore_reader import FirestoreReader
from restock.history.history import CountedAppointment, History
from restock.history.stock_seen import StockSeen
from restock.stored.artifact import ForecastArtifact, Part
from tests.published import TRAINED_THROUGH, artifact
from tests.unit.forecasting.shops import a_lesson, say_nothing

DAYS = 60
OIL = {"name": "Oil Filter", "stock": 0}
BELT = {"name": "Belt", "stock": 100}


@pytest.fixture
def ask(forecast_door, shelf, monkeypatch):
    """``ask(catalogue, used, **query)``: train on so much of each document a day, then ask what to order."""
    catalogue: dict = {}

    def read(self, name, fields):
        return [(id, {field: doc[field] for field in fields if field in doc}) for id, doc in catalogue.items()]

    monkeypatch.setattr(FirestoreReader, "collection", read)

    def answer(docs, used, /, path="/v1/restock", status=200, **query):
        catalogue.clear()
        catalogue.update(docs)
        if "client" not in door:
            shelf.publish(trained(docs, used))
            door["client"] = forecast_door(STOCK_CACHE_SECONDS="0")
        got = door["client"].get(path, query_string=query)
        assert got.status_code == status, got.data
        return got.json

    door: dict = {}
    return answer


def trained(catalogue: dict, used: dict) -> ForecastArtifact:
    usage = pd.DataFrame(
        [
            (
                pd.Timestamp(TRAINED_THROUGH - timedelta(days)),
                id,
                catalogue.get(id, {}).get("name", ""),
                float(quantity),
            )
            for id, per_day in used.items()
            for days, quantity in (enumerate([per_day] * DAYS) if not isinstance(per_day, dict) else per_day.items())
        ],
        columns=["day", "key", "name", "quantity"],
    ).astype({"day": "datetime64[ns]", "quantity": float})
    demand = Demand.from_usage(
        usage, items([{"id": id, **doc} for id, doc in catalogue.items()]), through=TRAINED_THROUGH
    )
    found = train(demand, budget_seconds=0)
    return found.artifact(version=1, trained_at=datetime(2026, 5, 1, tzinfo=UTC), time_zone="Europe/London")


@pytest.mark.parametrize("docs", [{"oil-1": OIL}, {"oil-1": OIL, "oil-2": OIL | {"name": "oil filter "}}])
def test_a_stock_out_is_no_lack_of_demand_and_the_part_says_so(shelf, forecast_door, monkeypatch, docs):
    """Two a day, then four weeks without any: trained by the run's own fitter on the stock that its runs saw."""
    docs = docs | {"belt": BELT}
    used = [(TRAINED_THROUGH - timedelta(back), "oil-1", "Oil Filter") for back in range(28, 148)]
    used += [(TRAINED_THROUGH - timedelta(back), "belt", "Belt") for back in range(148)]  # the shop is open
    seen, catalogue = StockSeen(), [{"id": id, **doc} for id, doc in docs.items()]
    for back in range(150, -2, -1):
        now = datetime(2026, 4, 30, tzinfo=UTC) - timedelta(back)
        seen = seen.sighted([doc | {"stock": 0 if back < 28 and doc["id"] != "belt" else 9} for doc in catalogue], now)
    counted = [
        CountedAppointment(f"a{number}", Usage(day, (UsedPart(id, name, 2.0),)), now)
        for number, (day, id, name) in enumerate(used)
    ]

    def published(stock_seen):
        history, today = History.of(counted, "rules", now), TRAINED_THROUGH + timedelta(1)
        lesson = a_lesson(history, today, catalogue=catalogue, seen=stock_seen)
        fitted = Fitter("UTC", frozenset())(lesson, say_nothing)
        return ForecastArtifact.from_bytes(fitted.forecast(1 if stock_seen is seen else 2, now, None))

    monkeypatch.setattr(FirestoreReader, "collection", lambda self, name, fields: list(docs.items()))
    shelf.publish(published(seen))
    oil = only(forecast_door(STOCK_CACHE_SECONDS="0").get("/v1/restock").json, "oil-1")
    naive = published(StockSeen())
    row = [part.key for part in naive.parts].index("oil-1")

    assert oil["expected_demand"] == pytest.approx(28, abs=1)
    assert naive.mean(TRAINED_THROUGH + timedelta(1), 14)[row].sum() < 14
    assert oil["order_quantity"] >= 28
    assert "Out of stock on 28 of the last 90 days" in oil["reasons"][0]


def only(answer: dict, key: str) -> dict:
    (part,) = [part for part in answer["parts"] if part["part"] == key]
    return part


DOUBLED = {"oil-1": OIL, "oil-2": {"name": "Oil Filter ", "stock": 25, "onOrder": 4}}


def test_two_documents_of_one_name_are_one_shelf(ask):
    answer = ask(DOUBLED | {"belt": BELT}, {"oil-1": 1, "oil-2": 1, "belt": 1})

    assert [part["part"] for part in answer["parts"]] == ["oil-1", "belt"]
    oil = answer["parts"][0]
    assert oil["expected_demand"] == pytest.approx(28, abs=0.5)  # two a day for a fortnight
    assert (oil["on_hand"], oil["on_order"], oil["documents"]) == (25, 4, ["oil-1", "oil-2"])
    assert oil["order_quantity"] == max(oil["order_up_to"] - 29, 0)


@pytest.mark.parametrize("path", ["/v1/restock", "/v1/forecast"])
@pytest.mark.parametrize("word", ["oil-1", "oil-2", "OIL filter", "oil-of-1990"])
def test_every_document_leads_to_its_line(ask, path, word):
    docs = DOUBLED | {"oil-2": DOUBLED["oil-2"] | {"supersedes": "oil-of-1990"}}

    answer = ask(docs, {"oil-1": 1}, path=path, part=[word, "oil-1"])

    assert [part["part"] for part in answer["parts"]] == ["oil-1"]


def test_what_a_caller_gives_of_several_documents_of_a_line_is_joined(ask):
    oil = only(
        ask(
            DOUBLED,
            {"oil-1": 1},
            on_order=["oil-1:2", "oil-2:30", "oil-1:3"],
            lead_time=["oil-2:20", "oil-1:5"],
            minimum_order=["oil-2:8", "oil-1:6"],
        ),
        "oil-1",
    )

    assert (oil["on_order"], oil["lead_time_days"], oil["minimum_order"]) == (33, 20, 8)


def test_of_two_lead_times_and_minimum_orders_the_stricter_holds_and_is_shown(ask):
    docs = {
        "oil-1": OIL | {"leadTimeDays": 3, "minOrderQuantity": 500},
        "oil-2": OIL | {"leadTimeDays": 21, "minOrderQuantity": 2},
    }

    oil = only(ask(docs, {"oil-1": 1}), "oil-1")

    assert (oil["lead_time_days"], oil["minimum_order"], oil["order_quantity"]) == (21, 500, 500)
    assert oil["expected_demand"] == pytest.approx(28, abs=0.5)


def test_a_superseded_part_is_on_its_successors_line(ask):
    docs = {
        "pad-1": {"name": "Pad v1", "stock": 20, "onOrder": 1},
        "pad-2": {"name": "Pad v2", "stock": 0, "supersedes": "pad-1"},
    }

    answer = ask(docs, {"pad-1": 1})

    assert [part["part"] for part in answer["parts"]] == ["pad-2"]
    pad = answer["parts"][0]
    assert (pad["on_hand"], pad["on_order"], pad["documents"]) == (20, 1, ["pad-2", "pad-1"])
    assert pad["order_quantity"] == max(pad["order_up_to"] - 21, 0)
    for word in ("pad-1", "Pad v1"):
        assert ask(docs, {}, part=word, on_order=f"{word}:7")["parts"][0]["on_order"] == 7
    assert ask(docs, {}, path="/parts")["parts"] == ["Pad v1", "Pad v2"]  # the app knows both


def test_a_document_added_since_training_joins_the_line_of_its_name(ask):
    ask({"oil-1": OIL}, {"oil-1": 1})

    oil = only(ask(DOUBLED, {}), "oil-1")

    assert (oil["on_hand"], oil["documents"]) == (25, ["oil-1", "oil-2"])


def test_artifacts_of_before_know_no_documents_and_are_served_by_name(shelf, forecast_door, monkeypatch):
    shelf.publish(artifact([(Part("oil-1", "Oil Filter"), 2.0), (Part("seal", "Seal"), 0.0001)]))
    docs = DOUBLED | {"seal": {"name": "Seal", "stock": 0}}
    monkeypatch.setattr(FirestoreReader, "collection", lambda self, name, fields: list(docs.items()))

    answer = forecast_door().get("/v1/restock").json

    assert only(answer, "oil-1")["on_hand"] == 25
    assert only(answer, "seal")["out_of_stock"] is True


@pytest.mark.parametrize("flag", [{"isActive": False}, {"discontinued": True}, {"isActive": "false"}])
def test_what_is_discontinued_is_shown_and_not_ordered(ask, flag):
    docs = {"oil-1": OIL | flag, "belt": BELT}

    answer = ask(docs, {"oil-1": 1, "belt": 1})

    oil = only(answer, "oil-1")
    assert (oil["discontinued"], oil["order_quantity"]) == (True, 0)
    assert oil["order_up_to"] > 0
    assert only(answer, "belt")["discontinued"] is False
    assert ask(docs, {}, path="/parts")["parts"] == ["Belt", "Oil Filter"]


def test_a_line_is_discontinued_when_all_documents_of_its_name_are(ask):
    gone = {"isActive": False}
    docs = {
        "oil-1": OIL | gone,
        "oil-2": OIL,
        "pad-1": {"name": "Pad v1", "stock": 0} | gone,
        "pad-2": {"name": "Pad v2", "stock": 0, "supersedes": "pad-1"},
        "tube-1": {"name": "Tube v1", "stock": 0},
        "tube-2": {"name": "Tube v2", "stock": 0, "supersedes": "tube-1"} | gone,
    }

    answer = ask(docs, {"oil-1": 1, "pad-1": 1, "tube-1": 1})

    assert {part["part"]: part["discontinued"] for part in answer["parts"]} == {
        "oil-1": False, "pad-2": False, "tube-2": True,
    }  # fmt: skip


@pytest.mark.parametrize("stock", [2.5, "2.5", 0.001, -0.5])
def test_whole_parts_are_ordered_whole_whatever_is_in_stock(ask, stock):
    oil = only(ask({"oil-1": OIL | {"stock": stock}}, {"oil-1": 1}), "oil-1")

    missing = oil["order_up_to"] - float(stock)
    assert oil["order_up_to"] == int(oil["order_up_to"])
    assert oil["order_quantity"] == int(oil["order_quantity"])
    assert missing <= oil["order_quantity"] < missing + 1


UNREADABLE = [{}, {"stock": None}, {"stock": "many"}, {"stock": True}, {"stock": float("nan")}]


@pytest.mark.parametrize("stock", UNREADABLE, ids=str)
def test_unknown_stock_is_listed_apart_and_is_not_zero(ask, stock):
    answer = ask({"oil-1": {"name": "Oil Filter"} | stock, "belt": BELT}, {"oil-1": 1, "belt": 1})

    assert [part["part"] for part in answer["parts"]] == ["belt"]
    (oil,) = answer["unknown_stock"]
    assert (oil["part"], oil["on_hand"]) == ("oil-1", None)
    assert oil["order_up_to"] >= oil["expected_demand"] > 0
    assert not {"order_quantity", "stock_out_chance", "days_of_cover"} & set(oil)


def test_a_line_of_which_one_document_is_not_counted_is_unknown(ask):
    answer = ask({"oil-1": {"name": "Oil Filter"}, "oil-2": OIL | {"stock": 25}}, {"oil-1": 1})

    assert answer["parts"] == []
    assert answer["unknown_stock"][0]["documents"] == ["oil-1", "oil-2"]


def test_a_part_without_a_document_has_unknown_stock(ask):
    answer = ask({"oil-1": OIL}, {"oil-1": 1, "belt": 1}, part="belt")

    assert (answer["parts"], answer["unknown_stock"][0]["documents"]) == ([], [])


def test_an_empty_shelf_of_anything_ever_used_says_so_however_rare_it_is(ask):
    docs = {
        "rare": {"name": "Fork", "stock": 0},
        "never": {"name": "Horn", "stock": 0},
        "there": {"name": "Bell", "stock": 1},
        "belt": BELT,
    }

    answer = ask(docs, {"belt": 1, "rare": {400: 1.0}, "there": {400: 1.0}})

    assert only(answer, "rare")["order_quantity"] == 0  # so rare that none is advised
    assert {part["part"]: part["out_of_stock"] for part in answer["parts"]} == {
        "rare": True, "never": False, "there": False, "belt": False,
    }  # fmt: skip
