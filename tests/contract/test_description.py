"""openapi.json describes every operation, and every answer to drawn requests is as it says."""

from __future__ import annotations

import uuid
from collections import Counter
from urllib.parse import urljoin

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from schemathesis import GenerationMode

from restock.serving import operations
from tests.contract.answers import get

CASES_PER_OPERATION = 40


def test_the_description_is_relative_and_names_every_operation(client):
    description = get(client, "/openapi.json")

    assert description["servers"] == [{"url": "."}]
    assert set(description["paths"]) == {f"/{operation.path}" for operation in operations.OPERATIONS}
    for prefix in ("/", "/forecast/", "/demo/region/forecast/"):
        assert client.get(urljoin(prefix, "v1/model")).status_code == 200


def aim(case, client) -> None:
    """Let a generated request be about something that is there: an order, a part, and the version of it."""
    if case.operation.path == "/v1/orders/{id}":
        body = {"id": str(uuid.uuid4()), "lines": [{"part": "oil-1", "quantity": 1}]}
        order = client.post("/v1/orders", json=body).json["order"]
        case.path_parameters["id"], case.body["version"] = order["id"], order["version"]
    elif case.operation.path == "/v1/parts/{key}":
        case.path_parameters["key"] = "oil-1"
        if case.method == "POST":
            case.body["version"] = client.get("/v1/parts/oil-1").json["facts"]["version"]


def names_a_part_twice(body) -> bool:
    """What JSON Schema cannot say of an order's lines."""
    lines = body.get("lines") if isinstance(body, dict) else None
    parts = [line["part"].strip() for line in lines or []]
    return len(set(parts)) < len(parts)


def call_and_check(operation, mode: GenerationMode, client) -> Counter:
    """Statuses of the answers to generated requests, each answer valid as described."""
    statuses: Counter = Counter()

    @settings(
        max_examples=CASES_PER_OPERATION,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case):
        # 45.0 is an integer to JSON Schema and a mistake by the app's contract.
        assume(not (isinstance(case.body, dict) and isinstance(case.body.get("forecast_days"), float)))
        assume(mode is not GenerationMode.POSITIVE or not names_a_part_twice(case.body))
        if mode is GenerationMode.POSITIVE:
            aim(case, client)
        answer = case.call(headers={"Accept-Encoding": "identity"})  # its WSGI client reads no gzip
        statuses[answer.status_code] += 1
        case.validate_response(answer)

    call()
    return statuses


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_as_described(client, mode):
    """schemathesis over all operations, right and wrong requests: every answer is checked against /openapi.json."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", client.application)
    described = [result.ok() for result in schema.get_all_operations()]
    if mode is GenerationMode.NEGATIVE:  # of the others nothing can be wrong
        described = [operation for operation in described if len(operation.query) or len(operation.body)]

    seen = {operation.label: call_and_check(operation, mode, client) for operation in described}

    print(mode.value, {label: dict(statuses) for label, statuses in seen.items()})
    assert not any(status >= 500 for statuses in seen.values() for status in statuses)
    if mode is GenerationMode.POSITIVE:
        assert set(seen) == {f"{one.method} /{one.path}" for one in operations.OPERATIONS}
        assert all(200 in statuses for statuses in seen.values())
