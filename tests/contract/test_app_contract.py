"""The contract existing apps rely on, row by row, through the door and the framework.

docs/promises.md lists which test holds which row.
"""

from __future__ import annotations

import json
import math
import re
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from restock.stored.artifact import ForecastArtifact, Part
from tests.published import BUSY_MONDAY_CLOSED_SUNDAY, artifact, many_parts
from tests.waiting import wait_until

RECORDED = Path(__file__).parent / "recorded"
PATH = "/forecast_restock_demand"
MONDAY = date(2026, 5, 4)
NO_DATES = [
    '"2026-13-01"', '"2026-02-30"', '"2026-5-4"', '"20260504"', '"2026-W19-1"', '" 2026-05-04"', '"2026-05-04 "', '""',
    '"2026-05-04T00:00"', '"04/05/2026"', '"tomorrow"', '"0000-01-01"', '"٢٠٢٦-٠٥-٠٤"', '"2026-05-04\\n"', '"\\ud800"',
    "null", "20260504", "true", "[]", '{"a": 1}',
]  # fmt: skip
NONSENSE = [
    b"{", b"{'forecast_days': 7}", b'{"forecast_days": 7,}', b'{"forecast_days": 7} x', b"[1]", b'"text"', b"7",
    b"true", b"NaN", b'{"forecast_days": NaN}', b'{"forecast_days": Infinity}', b'{"forecast_days": -Infinity}',
    b'{"forecast_days": 1e999}', b"\xff\xfe\x00", b"\x00" * 100, b"<xml/>", b"a=b&c=d", b"1" * 60_000,
    b"[" * 60_000, b'{"a":' * 12_000, b"[" * 30_000 + b"]" * 30_000,
    b'{"forecast_days": ' + b"9" * 60_000 + b"}", b'{"forecast_days": 0.' + b"1" * 60_000 + b"}",
]  # fmt: skip
CONTENT_TYPES = [
    "application/json", "application/json; charset=latin-1", "application/json; charset=\x01", "text/plain",
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/octet-stream", "nonsense", "",
]  # fmt: skip


@pytest.fixture
def client(forecast_door, shelf):
    shelf.publish(artifact({"Oil Filter": 1.3, "Brake Pad": 0.25, "Åkerström Ölschlauch": 2.0}))
    return forecast_door()


def strict(data: bytes):
    def refuse(word: str):
        raise AssertionError(f"{word} is not JSON")

    return json.loads(data, parse_constant=refuse)


def forecast(client, **body):
    answer = client.post(PATH, json=body or {"forecast_days": 7})
    assert answer.status_code == 200, answer.data
    return strict(answer.data)


def test_a_forecast_has_every_field_the_app_reads(client):
    answer = forecast(client, forecast_days=3, current_date="2026-05-04")

    assert answer["status"] == "success"
    assert type(answer["forecast_period_days"]) is int
    assert answer["forecast_period_days"] == 3
    assert answer["start_date"] == "2026-05-04"
    assert answer["end_date"] == "2026-05-06"
    assert [day["date"] for day in answer["daily_breakdown"]] == ["2026-05-04", "2026-05-05", "2026-05-06"]
    assert all(type(amount) is int and amount >= 0 for amount in answer["total_restock_demand"].values())
    for day in answer["daily_breakdown"]:
        assert set(day) == {"date", "total_usage", "parts"}
        assert isinstance(day["total_usage"], float)
        assert all(amount >= 0 for amount in day["parts"].values())
    assert datetime.fromisoformat(answer["timestamp"]).tzinfo is not None
    assert set(answer["model"]) == {"version", "generation", "trained_at", "age_seconds"}


def test_without_days_seven_are_forecast(client):
    assert forecast(client, current_date="2026-05-04")["forecast_period_days"] == 7


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_without_a_date_it_begins_today_in_the_shops_zone(forecast_door, shelf, zone):
    from zoneinfo import ZoneInfo

    shelf.publish(artifact({"Oil Filter": 1}))
    client = forecast_door(SHOP_TIME_ZONE=zone)
    before = datetime.now(ZoneInfo(zone)).date()

    answer = forecast(client, forecast_days=1)

    assert answer["start_date"] in {before.isoformat(), datetime.now(ZoneInfo(zone)).date().isoformat()}


def test_every_active_part_is_forecast_and_no_other(forecast_door, shelf):
    parts = [(Part("a", "Axle"), 1.0), (Part("gone", "Gone", active=False), 9.0), (Part("never", "Never sold"), 0.0)]
    shelf.publish(artifact(parts))

    answer = forecast(forecast_door(), forecast_days=2)

    assert answer["total_restock_demand"] == {"Axle": 2, "Never sold": 0}
    assert all(set(day["parts"]) == {"Axle", "Never sold"} for day in answer["daily_breakdown"])


def test_parts_of_one_name_are_one_line(forecast_door, shelf):
    shelf.publish(artifact([(Part("a1", "Axle"), 0.25), (Part("a2", "Axle"), 0.5), (Part("b", "Belt"), 0.1)]))
    client = forecast_door()

    answer = forecast(client, forecast_days=2, current_date="2026-05-04")

    assert answer["total_restock_demand"] == {"Axle": 2, "Belt": 0}
    assert answer["daily_breakdown"][0]["parts"] == {"Axle": 0.75, "Belt": 0.1}
    assert client.get("/parts").json["parts"] == ["Axle", "Belt"]


@pytest.mark.parametrize(
    ("daily", "days", "total"), [(0.5, 1, 1), (0.25, 2, 1), (0.5, 7, 4), (0.4, 1, 0), (0.125, 4, 1), (2.5, 1, 3)]
)
def test_totals_are_rounded_half_up_after_summing(forecast_door, shelf, daily, days, total):
    shelf.publish(artifact({"Oil Filter": daily}))

    answer = forecast(forecast_door(), forecast_days=days)

    assert answer["total_restock_demand"] == {"Oil Filter": total}


def test_failing_6_fractions_are_not_cut_off_day_by_day(forecast_door, shelf):
    shelf.publish(artifact({"Oil Filter": 0.9}))

    assert forecast(forecast_door(), forecast_days=10)["total_restock_demand"] == {"Oil Filter": 9}


def test_shown_days_add_up(forecast_door, shelf):
    published = many_parts(50)
    shelf.publish(published)

    answer = forecast(forecast_door(), forecast_days=90, current_date="2026-05-04")

    means = published.mean(MONDAY, 90)
    for index, (part, total) in enumerate(answer["total_restock_demand"].items()):
        assert total == math.floor(means[index].sum() + 0.5), part
    for day in answer["daily_breakdown"]:
        assert all(re.fullmatch(r"\d+\.\d{1,3}", repr(amount)) for amount in day["parts"].values())
        assert round(sum(day["parts"].values()), 3) == day["total_usage"]


def test_keys_are_sorted_by_name(client):
    answer = forecast(client)

    assert list(answer["total_restock_demand"]) == sorted(answer["total_restock_demand"])
    assert all(list(day["parts"]) == sorted(day["parts"]) for day in answer["daily_breakdown"])


def refusal(client, data, message=None, content_type="application/json"):
    answer = client.post(PATH, data=data, content_type=content_type)
    assert 400 <= answer.status_code < 500, answer.data
    assert answer.json["status"] == "error"
    if message is not None:
        assert (answer.status_code, answer.json["message"]) == (400, message)
    return answer


@pytest.mark.parametrize("data", ["", "  ", "{}", "null", "[]", "0", "false", '""', "0.0"])
def test_no_json_data(client, data):
    refusal(client, data, "No JSON data provided")


@pytest.mark.parametrize("days", ["7.0", '"7"', "null", "true", "false", "0", "-1", "[]", "{}", "1e1", "-" + "9" * 30])
def test_days_that_are_no_positive_integer(client, days):
    refusal(client, f'{{"forecast_days": {days}}}', "forecast_days must be a positive integer")


@pytest.mark.parametrize("days", ["91", "365", "9" * 30])
def test_more_than_90_days(client, days):
    refusal(client, f'{{"forecast_days": {days}}}', "forecast_days cannot exceed 90 days")


@pytest.mark.parametrize("day", NO_DATES)
def test_dates_that_are_no_dates(client, day):
    refusal(client, f'{{"current_date": {day}}}', "current_date must be in YYYY-MM-DD format")


def test_checks_come_in_the_contracts_order(client):
    refusal(client, "{}", "No JSON data provided")
    refusal(client, '{"forecast_days": "x", "current_date": "x"}', "forecast_days must be a positive integer")
    refusal(client, '{"forecast_days": 91, "current_date": "x"}', "forecast_days cannot exceed 90 days")
    refusal(client, '{"forecast_days": 90, "current_date": "x"}', "current_date must be in YYYY-MM-DD format")


def test_mistakes_are_named_before_the_missing_model(forecast_door):
    client = forecast_door()

    refusal(client, "", "No JSON data provided")
    refusal(client, '{"forecast_days": 0}', "forecast_days must be a positive integer")
    refusal(client, '{"current_date": "x"}', "current_date must be in YYYY-MM-DD format")


@pytest.mark.parametrize("data", NONSENSE)
def test_whatever_is_sent_is_a_4xx_in_json(client, data):
    refusal(client, data)


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_every_content_type_is_read(client, content_type):
    answer = client.post(PATH, data=b'{"forecast_days": 1}', content_type=content_type)

    assert answer.status_code == 200
    refusal(client, b"{", content_type=content_type)


def test_oversized_bodies_are_refused(client):
    answer = client.post(PATH, data=b" " * 70_000 + b'{"forecast_days": 1}')

    assert answer.status_code == 413
    assert answer.json["status"] == "error"


def test_a_body_of_undeclared_length_is_read_no_further_than_the_limit(client):
    class Endless:
        given = 0

        def read(self, size: int = -1) -> bytes:
            assert 0 <= size < 1_000_000
            self.given += size
            return b" " * size

        def readinto(self, buffer) -> int:
            self.given += len(buffer)
            buffer[:] = b" " * len(buffer)
            return len(buffer)

    body = Endless()

    answer = client.post(PATH, environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True})

    assert answer.status_code == 413
    assert body.given < 200_000


@pytest.mark.parametrize(("day", "days"), [("9999-12-31", 2), ("9999-10-04", 90), ("9999-12-01", 60)])
def test_a_period_that_leaves_the_calendar(client, day, days):
    refusal(client, json.dumps({"forecast_days": days, "current_date": day}))


@pytest.mark.parametrize(
    ("day", "days"), [("9999-12-31", 1), ("9999-10-03", 90), ("0001-01-01", 90), ("1970-01-01", 7)]
)
def test_absurd_days_within_the_calendar_are_answered(client, day, days):
    assert forecast(client, forecast_days=days, current_date=day)["start_date"] == day


def test_without_a_model_it_says_so_and_when_to_come_back(forecast_door):
    client = forecast_door()

    for answer in (client.post(PATH, json={"forecast_days": 7}), client.get("/parts")):
        assert answer.status_code == 503
        assert answer.json["status"] == "error"
        assert "no forecast model yet" in answer.json["message"]
        assert int(answer.headers["Retry-After"]) >= 1


def test_health_without_a_model_is_degraded_and_200(forecast_door):
    answer = forecast_door().get("/health")

    assert answer.status_code == 200
    assert answer.json["status"] == "degraded"
    assert answer.json["model_loaded"] is False
    assert answer.json["parts_loaded"] is False
    assert answer.json["num_parts"] == 0


def test_a_missing_bucket_is_told_as_such_and_not_as_a_shop_without_a_model(forecast_door, shelf):
    shelf.has_bucket = False
    client = forecast_door()

    for answer in (client.post(PATH, json={"forecast_days": 7}), client.get("/parts"), client.get("/v1/model")):
        assert answer.status_code == 503
        assert "bucket" in answer.json["message"]
        assert "no forecast model yet" not in answer.json["message"]
        assert int(answer.headers["Retry-After"]) >= 1
    assert client.get("/health").json["problem"] == "the bucket of models does not exist"


def test_a_bucket_that_vanishes_is_named_by_health_while_forecasts_go_on(client, shelf):
    assert client.get("/health").json["status"] == "healthy"
    shelf.objects.clear()
    shelf.has_bucket = False

    wait_until(lambda: client.get("/health").json.get("problem") == "the bucket of models does not exist")

    assert client.post(PATH, json={"forecast_days": 7}).status_code == 200


def test_health_with_a_model_is_healthy(client):
    answer = client.get("/health")

    assert answer.status_code == 200
    assert answer.json["status"] == "healthy"
    assert answer.json["model_loaded"] is True
    assert answer.json["parts_loaded"] is True
    assert answer.json["num_parts"] == 3
    assert answer.json["model"]["version"] == 1
    assert isinstance(answer.json["timestamp"], str)


def test_parts_are_sorted_distinct_names(client):
    answer = client.get("/parts")

    assert answer.status_code == 200
    assert answer.json["status"] == "success"
    assert answer.json["parts"] == ["Brake Pad", "Oil Filter", "Åkerström Ölschlauch"]
    assert answer.json["count"] == 3


def test_an_empty_catalogue_is_forecast_as_nothing(forecast_door, shelf):
    shelf.publish(artifact([(Part("gone", "Gone", active=False), 9.0)]))
    client = forecast_door()

    answer = forecast(client, forecast_days=2)

    assert answer["total_restock_demand"] == {}
    assert [day["parts"] for day in answer["daily_breakdown"]] == [{}, {}]
    assert client.get("/parts").json["parts"] == []


def test_every_answer_may_be_read_from_other_origins(client):
    answers = [
        client.post(PATH, json={"forecast_days": 1}),
        client.post(PATH, data="{"),
        client.get("/health"),
        client.get("/parts"),
        client.get("/nothing/here"),
        client.delete("/health"),
        client.options(PATH, headers={"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 400, 200, 200, 404, 405, 204]
    assert all(answer.headers["Access-Control-Allow-Origin"] == "*" for answer in answers)
    assert "Content-Type" in answers[-1].headers["Access-Control-Allow-Headers"]
    assert "POST" in answers[-1].headers["Access-Control-Allow-Methods"]


def test_answers_are_strict_json_in_utf_8(client):
    for answer in (client.post(PATH, json={"forecast_days": 1}), client.get("/parts"), client.get("/health")):
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        strict(answer.data)


@pytest.mark.parametrize("prefix", ["", "/forecast", "/demo-shop/europe-west1/forecast"])
def test_the_contract_stands_under_any_path_prefix(client, prefix):
    assert client.get(prefix + "/health").status_code == 200
    assert client.get(prefix + "/parts/").status_code == 200
    assert client.post(prefix + PATH, json={"forecast_days": 1}).status_code == 200


def test_the_recorded_exchange_of_the_app(forecast_door, shelf):
    """What the app's client sends, in its order, and every expectation it checks before it shows an answer."""
    shelf.publish(artifact({"Oil Filter": 1.3, "Brake Pad": 0.25, "Åkerström Ölschlauch": 2.0}))
    client = forecast_door()

    for exchange in json.loads((RECORDED / "app_client.json").read_text(encoding="utf-8")):
        sent, expected = exchange["request"], exchange["response"]
        answer = client.open(sent["path"], method=sent["method"], headers=sent["headers"], data=sent.get("body"))

        assert answer.status_code == expected["status"], exchange["name"]
        content = strict(answer.data)
        for name, value in expected["fields"].items():
            assert content[name] == value, (exchange["name"], name)
        for name, kind in expected.get("kinds", {}).items():
            assert type(content[name]).__name__ == kind, (exchange["name"], name)


def test_failing_12_a_swap_never_mixes_names_and_numbers(forecast_door, shelf):
    """Each version gives all its parts the version's own number; a neighbour's number would show."""
    shelf.publish(artifact({f"Part {i:02d}": 1 for i in range(30)}, version=1))
    client = forecast_door()
    forecast(client)
    mixed, seen, stop = [], set(), threading.Event()

    def ask():
        while not stop.is_set():
            answer = forecast(client, forecast_days=1)
            version = answer["model"]["version"]
            expected = {f"Part {i:02d}": version for i in range(30 - version)}
            seen.add(version)
            if answer["total_restock_demand"] != expected and version > 1:
                mixed.append(answer)

    callers = [threading.Thread(target=ask) for _ in range(4)]
    for caller in callers:
        caller.start()
    for version in range(2, 9):
        shelf.publish(artifact({f"Part {i:02d}": version for i in range(30 - version)}, version=version))
        assert _served(client, version)
    stop.set()
    for caller in callers:
        caller.join()

    assert mixed == []
    assert len(seen) > 3


def _served(client, version: int) -> bool:
    return any(forecast(client)["model"]["version"] == version or threading.Event().wait(0.05) for _ in range(100))


def test_failing_13_equal_requests_have_equal_bytes(client):
    def body() -> bytes:
        answer = client.post(PATH, json={"forecast_days": 30, "current_date": "2026-05-04"})
        clocks = rb'"timestamp":"[^"]*"|"age_seconds":\d+'
        return re.sub(clocks, b"", answer.data)

    bodies = []
    threads = [threading.Thread(target=lambda: bodies.append(body())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(bodies) == 8
    assert len(set(bodies)) == 1


def test_failing_14_strangers_are_refused_by_default(forecast_door, shelf):
    shelf.publish(artifact({"Oil Filter": 1}))
    client = forecast_door(FORECAST_AUTH="")

    for answer in (client.post(PATH, json={"forecast_days": 90}), client.get("/parts")):
        assert answer.status_code == 401
        assert answer.json["status"] == "error"


def test_failing_14_a_repeated_90_day_request_computes_nothing(client, monkeypatch):
    forecast(client, forecast_days=90, current_date="2026-05-04")
    monkeypatch.setattr(ForecastArtifact, "mean", lambda *_: pytest.fail("computed again"))

    again = forecast(client, forecast_days=90, current_date="2026-05-04")
    within = forecast(client, forecast_days=30, current_date="2026-06-01")

    assert again["forecast_period_days"] == 90
    assert within["end_date"] == "2026-06-30"


def test_age_is_told_in_seconds_since_training(client):
    model = forecast(client)["model"]

    trained = datetime.fromisoformat(model["trained_at"])
    assert abs((datetime.now(UTC) - trained) / timedelta(seconds=1) - model["age_seconds"]) < 5


def test_a_closed_weekday_is_forecast_as_nothing(forecast_door, shelf):
    shelf.publish(artifact({"Oil Filter": 1.0}, weekday=BUSY_MONDAY_CLOSED_SUNDAY))

    week = forecast(forecast_door(), forecast_days=7, current_date="2026-05-04")["daily_breakdown"]

    assert [day["total_usage"] for day in week] == [1.6, 1.0, 1.0, 1.0, 0.9, 0.5, 0.0]
