"""16 KB of the worst, in every place that a caller's bytes reach: answered at once, and never with a 5xx."""

from __future__ import annotations

import time
from functools import partial

import pytest

from restock.gcp.firestore_reader import FirestoreReader
from restock.serving.operations import OPERATIONS, Parameter
from tests.published import artifact, many_parts

SIZE = 16_000
MOST_SECONDS = 0.5
"""Of this process's own time. What backtracks takes seconds; what is read once takes some milliseconds."""
WORST = [
    "1", "9", ".", "0.", "1.", "1e", "e1", "-", "+", "-1", " ", "\t", "a", "a:", ":", ":1", "1:", "a:1.", ",", "0.5,",
    ",0.5", ";", "a;", "a=", "a=b;", '"', '\\"', "\\", 'W/"', 'W/"a",', "*", "*,", "gzip;q=", "q=0.", "/", "//", "../",
    "[", "{", '{"a":', "[1,", "%", "%ff", "&", "Bearer ", ".a", "é", "\u0661", "0", "2026-", "--",
]  # fmt: skip
ENDS = ["", "x", "!"]
PARAMETERS = {(one.path, parameter.name): parameter for one in OPERATIONS for parameter in one.parameters}
HEADERS = [
    *(
        "Accept",
        "Accept-Encoding",
        "Accept-Language",
        "Access-Control-Request-Headers",
        "Access-Control-Request-Method",
    ),
    *("Authorization", "Content-Type", "Cookie", "If-Match", "If-None-Match", "Origin", "Referer", "User-Agent"),
    *("X-Cloud-Trace-Context", "X-Forwarded-For", "X-Forwarded-Host", "Traceparent", "Range"),
]


def worst(start: str = "") -> list[str]:
    return [start + (word * SIZE)[:SIZE] + end for word in WORST for end in ENDS]


def as_sent(text: str) -> str:
    """Bytes as WSGI hands them on."""
    return text.encode().decode("latin-1")


def seconds_of(ask: partial) -> float:
    started = time.thread_time()
    answer = ask()
    took = time.thread_time() - started
    assert answer.status_code < 500, answer.data[:300]
    return took


@pytest.fixture
def client(forecast_door, shelf, monkeypatch):
    monkeypatch.setattr(FirestoreReader, "collection", lambda *_: [])
    shelf.publish(artifact({"Oil": 1.0}))
    client = forecast_door()
    assert client.get("/parts").status_code == 200
    return client


@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_every_parameter_refuses_it_before_it_costs_anything(path, name):
    """Through the parameter itself, so that no limit before it hides what it would do."""
    parameter: Parameter = PARAMETERS[path, name]

    for text in [*worst(), *worst("0.9"), *worst("a:1")]:
        started = time.thread_time()
        with pytest.raises(ValueError, match=r"must|takes"):
            parameter.kind.parse(text)
        assert time.thread_time() - started < MOST_SECONDS / 10, text[:20]


@pytest.mark.parametrize(("path", "name"), PARAMETERS)
def test_every_parameter_is_refused_through_the_door(client, path, name):
    for text in ("1" * SIZE + "x", "0." + "9" * SIZE, "a:" * (SIZE // 2), "0.5," * (SIZE // 4)):
        assert seconds_of(partial(client.get, f"/{path}?{name}={text}")) < MOST_SECONDS


@pytest.mark.parametrize("header", HEADERS)
def test_every_header(client, header):
    for text in worst():
        value = as_sent(text)
        for method in ("GET", "OPTIONS"):
            ask = partial(client.open, "/v1/model", method=method, headers={header: value})
            assert seconds_of(ask) < MOST_SECONDS, text[:20]


def test_every_header_in_firebase_mode(forecast_door, shelf):
    shelf.publish(artifact({"Oil": 1.0}))
    client = forecast_door(FORECAST_AUTH="firebase", K_SERVICE="forecast")

    for text in worst("Bearer "):
        value = as_sent(text)
        ask = partial(client.get, "/v1/model", headers={"Authorization": value})
        assert seconds_of(ask) < MOST_SECONDS, text[:20]


BODIES = [
    "%s",
    '"%s"',
    "[%s]",
    '{"forecast_days": %s}',
    '{"forecast_days": "%s"}',
    '{"current_date": "%s"}',
    '{"%s": 1}',
]


@pytest.mark.parametrize("body", BODIES)
def test_every_field_of_the_body(client, body):
    for text in worst():
        ask = partial(client.post, "/forecast_restock_demand", data=body.replace("%s", text))
        assert seconds_of(ask) < MOST_SECONDS, text[:20]


def test_every_address(client):
    for text in worst("/")[:: len(ENDS)]:
        assert seconds_of(partial(client.get, "/", environ_overrides={"PATH_INFO": as_sent(text)})) < MOST_SECONDS, (
            text[:20]
        )


def test_as_many_parts_as_may_be_named_cost_a_large_shop_one_look_at_its_catalogue(forecast_door, shelf, monkeypatch):
    monkeypatch.setattr(FirestoreReader, "collection", lambda *_: [])
    shelf.publish(many_parts(5000))
    client = forecast_door()
    assert client.get("/v1/model").status_code == 200
    query = "&".join(f"lead_time=part-{number:04d}:1&on_order=spare part no. {number:04d}:1" for number in range(100))

    took = seconds_of(partial(client.get, f"/v1/restock?part=part-0001&{query}"))

    assert took < MOST_SECONDS / 4
