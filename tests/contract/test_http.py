"""What answers of API v1 are as HTTP: kept or not, packed, compared by tags, read by pages of other origins."""

from __future__ import annotations

import gzip
import json
import sys

import pytest

from restock.serving import api
from tests.contract.answers import get
from tests.published import artifact, many_parts
from tests.waiting import wait_until


def test_a_name_may_come_as_it_is_or_percent_encoded(forecast_door, shelf):
    shelf.publish(artifact({"Ölfilter": 1.0}))
    client = forecast_door()

    for query in ("part=%C3%96lfilter", "part=Ölfilter".encode().decode("latin-1")):  # as WSGI hands bytes on
        answer = client.get("/v1/forecast", environ_overrides={"QUERY_STRING": query})
        assert [part["name"] for part in answer.json["parts"]] == ["Ölfilter"]


@pytest.mark.usefixtures("catalogue")
def test_what_is_kept_of_a_request_is_small_however_long_the_request(forecast_door, shelf):
    shelf.publish(artifact({f"p{n}": 1.0 for n in range(100)}))
    client = forecast_door()

    client.get("/v1/restock?" + "&".join(f"part=p{n}&lead_time=p{n}:{n % 60}&on_order=p{n}:1" for n in range(100)))

    ((request, _),) = sys.modules["main"].LIVE.get().answers.latest(9)
    assert len(repr(request)) < 50


def test_an_unchanged_answer_is_a_304(client, shelf):
    first = client.get("/v1/forecast?days=3")
    tag = first.headers["ETag"]

    again = client.get("/v1/forecast?days=3", headers={"If-None-Match": tag})
    other = client.get("/v1/forecast?days=4", headers={"If-None-Match": tag})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == tag
    assert other.status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache"
    shelf.publish(artifact({"Belt": 1.0}, version=5))
    wait_until(lambda: get(client, "/v1/model")["model"]["version"] == 5)
    assert client.get("/v1/forecast?days=3", headers={"If-None-Match": tag}).status_code == 200


@pytest.mark.parametrize("given", ["*", "{tag}", '"x", {tag}', "W/{tag}", '"x",W/{tag},"y"', "  {tag}  "])
@pytest.mark.parametrize("path", ["/v1/forecast?days=3", "/page/app.js", "/"])
def test_if_none_match_is_read_by_the_standard(client, path, given):
    strong = client.get(path).headers["ETag"].removeprefix("W/")

    answer = client.get(path, headers={"If-None-Match": given.format(tag=strong)})

    assert (answer.status_code, answer.data) == (304, b"")


@pytest.mark.parametrize("given", ['"*"', '"x"', "{bare}x", '"{bare}x"', "", "W/", '"'])
def test_another_tag_gets_the_answer(client, given):
    bare = client.get("/v1/forecast?days=3").headers["ETag"].removeprefix("W/").strip('"')

    answer = client.get("/v1/forecast?days=3", headers={"If-None-Match": given.format(bare=bare)})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("given", "is_packed"),
    [
        ("gzip;q=0.0", False), ("gzip;q=0", False), ("gzip; q=0.000", False), ("*;q=0", False), ("gzip;q=0, *", False),
        ("identity", False), ("br", False), ("gzip;q=1.5", False), ("", False), ("xgzip", False),
        ("GZip", True), ("gzip;q=0.001", True), ("*", True), ("br;q=1.0, gzip;q=0.5", True), ("*;q=0, gzip", True),
    ],
)  # fmt: skip
def test_accept_encoding_is_read_by_the_standard(client, given, is_packed):
    answer = client.get("/v1/forecast?days=90&recent=true", headers={"Accept-Encoding": given})

    assert (answer.headers.get("Content-Encoding") == "gzip") == is_packed


@pytest.mark.parametrize("path", ["/v1//restock", "//v1/restock", "/v1/restock//", "//forecast///v1//restock/"])
def test_slashes_that_stand_together_are_one(client, path):
    assert client.get("/", environ_overrides={"PATH_INFO": path}).status_code == 200


def test_head_is_get_without_a_body(client):
    whole, head = client.get("/v1/forecast?days=3"), client.head("/v1/forecast?days=3")

    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["ETag"] == whole.headers["ETag"]
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


def test_answers_are_compressed_for_those_who_read_gzip(client):
    plain = client.get("/v1/forecast?days=90&recent=true")
    packed = client.get("/v1/forecast?days=90&recent=true", headers={"Accept-Encoding": "gzip, deflate"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.data) < len(plain.data) / 3
    assert json.loads(gzip.decompress(packed.data))["parts"] == plain.json["parts"]


def test_an_answer_too_large_for_the_platform_says_how_to_ask_for_less(forecast_door, shelf, monkeypatch):
    monkeypatch.setattr(api, "LARGEST_ANSWER_BYTES", 20_000)
    shelf.publish(many_parts(100))
    client = forecast_door()

    plain = client.get("/v1/forecast?days=90")
    packed = client.get("/v1/forecast?days=30", headers={"Accept-Encoding": "gzip"})

    assert plain.status_code == 400
    assert "fewer days, parts or quantiles" in plain.json["message"]
    assert packed.status_code == 200


def test_every_answer_carries_the_security_headers(client):
    for path in ("/v1/forecast", "/v1/nothing", "/health", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["X-Frame-Options"] == "DENY"


def test_listed_origins_and_no_others_may_read_answers(forecast_door, shelf):
    shelf.publish(artifact({"Belt": 1.0}))
    client = forecast_door(CORS_ORIGINS="https://app.example, https://desk.example")

    allowed = client.get("/v1/model", headers={"Origin": "https://desk.example"}).headers
    refused = client.get("/v1/model", headers={"Origin": "https://evil.example"}).headers

    assert allowed["Access-Control-Allow-Origin"] == "https://desk.example"
    assert "Origin" in allowed["Vary"]
    assert refused["Access-Control-Allow-Origin"] == "https://app.example"


def test_in_iam_mode_no_page_of_another_origin_may_read_answers_unless_one_is_named(forecast_door, shelf):
    """An operator's ``gcloud run services proxy`` answers on 127.0.0.1 with the operator's rights."""
    shelf.publish(artifact({"Belt": 1.0}))
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"}
    client = forecast_door(FORECAST_AUTH="iam")

    for answer in (client.get("/v1/model", headers=origin), client.options("/v1/model", headers=origin)):
        assert answer.status_code in (200, 204)
        assert [name for name, _ in answer.headers if name.startswith("Access-Control")] == []
    sys.modules.pop("main").LIVE.stop()
    named = forecast_door(FORECAST_AUTH="iam", CORS_ORIGINS="https://desk.example")
    assert named.get("/health", headers=origin).headers["Access-Control-Allow-Origin"] == "https://desk.example"


def test_a_preflight_allows_the_headers_that_are_asked_for_and_answers_show_theirs(client):
    asked = {
        "Origin": "https://app.example",
        "Access-Control-Request-Headers": "authorization,baggage,x-requested-with",
    }

    preflight = client.options("/v1/restock", headers=asked).headers
    answer = client.get("/v1/restock", headers=asked).headers

    assert preflight["Access-Control-Allow-Headers"] == "authorization,baggage,x-requested-with"
    assert "Access-Control-Request-Headers" in preflight["Vary"]
    assert {"ETag", "Retry-After"} <= set(answer["Access-Control-Expose-Headers"].split(", "))


@pytest.mark.parametrize("wanted", ["", "x" * 1001, "a\x7f", "<script>", "naïve"])
def test_a_preflight_that_asks_for_no_list_of_names_gets_the_usual_ones(client, wanted):
    answer = client.options("/v1/model", headers={"Access-Control-Request-Headers": wanted})

    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type, If-None-Match"


def test_a_mistake_of_ours_shows_no_internal_name(client, monkeypatch):
    def broken(*_):
        raise RuntimeError("/srv/secret.py exploded")

    monkeypatch.setattr("restock.serving.v1.forecast", broken)

    answer = client.get("/v1/forecast?days=5")

    assert answer.status_code == 500
    assert b"secret" not in answer.data
    assert answer.json["status"] == "error"
