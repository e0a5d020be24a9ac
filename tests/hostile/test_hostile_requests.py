"""Malformed requests to retrain and malformed events to on_appointment, through the real doors."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restock.errors import BadRequestError
from restock.stored.retrain_request import RetrainRequest, parse_request
from tests.functions.doors import open_door

BODIES = [
    b"",
    b" ",
    b"null",
    b"[]",
    b"0",
    b'"threshold"',
    b"{",
    b"\xff\xfe",
    b"\x00" * 1000,
    b"{}",
    b'{"reason": null}',
    b'{"reason": "THRESHOLD"}',
    b'{"reason": ["threshold"]}',
    b'{"reason": {"a": 1}}',
    b'{"reason": "manual", "rebuild": 1}',
    b'{"reason": "manual", "force": "true"}',
    b'{"reason": "manual", "rebuild": null}',
    b'{"reason": "manual", "more": true}',
    b'{"reason": "manual", "": true}',
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"reason": ' + b"9" * 10_000 + b"}",
    b'{"reason": NaN}',
    b'{"reason": "' + b"x" * 1_000_000 + b'"}',
    '{"reason": "\ud800"}'.encode("utf-8", "surrogatepass"),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
def test_a_body_that_is_no_request_is_refused_with_words(body):
    with pytest.raises(BadRequestError) as caught:
        parse_request(body)

    assert 0 < len(str(caught.value)) < 500


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_a_request_or_refused(body):
    with contextlib.suppress(BadRequestError):
        assert isinstance(parse_request(body), RetrainRequest)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(
        {}, optional={"reason": json_values | st.just("manual"), "rebuild": json_values, "force": json_values}
    )
)
def test_any_object_is_a_request_or_refused(fields):
    try:
        asked = parse_request(json.dumps(fields).encode())
    except BadRequestError:
        return
    assert asked.reason in ("schedule", "threshold", "manual")
    assert isinstance(asked.rebuild, bool)
    assert isinstance(asked.force, bool)


@pytest.fixture(scope="module")
def retrain():
    with pytest.MonkeyPatch.context() as monkeypatch:
        client, main = open_door("retrain", monkeypatch, TASKS_EMULATOR_HOST="127.0.0.1:1")
        monkeypatch.setattr(main, "run", lambda *_: pytest.fail("a refused request was run"))
        yield client


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:40]))
def test_the_door_of_retrain_answers_400_in_json(retrain, body):
    answer = retrain.post("/", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.get_json()["status"] == "error"


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "head"])
def test_other_methods_are_not_allowed(retrain, method):
    assert getattr(retrain, method)("/").status_code in (404, 405)
