"""Whatever is sent, reading a request ends in its values or in an error for the caller, in bounded time."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from restock.serving.app_contract import parse_request
from restock.serving.demand_request import DemandRequest
from restock.serving.http import HttpError
from restock.serving.operations import FORECAST, OPERATIONS
from restock.serving.parameters import read_query

TODAY = date(2026, 5, 4)
FIELDS = st.text() | st.sampled_from(["forecast_days", "current_date"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(FIELDS, inner),
)
VALUES = st.tuples(st.sampled_from([one.name for one in FORECAST.parameters]), st.text(st.characters(codec="utf-8")))


def outcome(read: Callable[..., Any], *arguments: Any) -> Any:
    """What was read, or the caller's mistake; anything else is ours."""
    try:
        return read(*arguments)
    except HttpError as error:
        return error


def assert_is_request_or_400(found: Any) -> None:
    assert isinstance(found, DemandRequest) or (found.status == 400 and str(found))


@given(st.binary(max_size=2000))
def test_any_bytes_are_a_request_or_a_400(body):
    assert_is_request_or_400(outcome(parse_request, body, TODAY))


@given(JSON)
def test_any_json_is_a_request_or_a_400(content):
    assert_is_request_or_400(outcome(parse_request, json.dumps(content).encode(), TODAY))


@given(st.integers(), st.dates().map(date.isoformat) | st.text())
def test_a_request_that_is_accepted_is_within_the_contract(days, day):
    body = json.dumps({"forecast_days": days, "current_date": day}).encode()

    found = outcome(parse_request, body, TODAY)

    assert_is_request_or_400(found)
    if isinstance(found, DemandRequest):
        assert 1 <= found.days == days <= 90
        assert found.start.isoformat() == day


@given(st.text(st.characters(max_codepoint=255), max_size=500), st.sampled_from(OPERATIONS))
def test_any_query_is_read_whole_or_a_400(query, operation):
    found = outcome(read_query, query, operation.parameters)

    assert set(found) == {one.name for one in operation.parameters} if isinstance(found, dict) else found.status == 400


@given(st.lists(VALUES, max_size=6))
def test_a_refused_value_is_named(pairs):
    found = outcome(read_query, urlencode(pairs), FORECAST.parameters)

    if isinstance(found, HttpError):
        assert found.field in dict(pairs)
    else:
        assert 1 <= found["days"] <= 90
