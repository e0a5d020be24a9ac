"""openapi.json describes every operation, and every answer to drawn requests is as it says."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from urllib.parse import urljoin

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from schemathesis import GenerationMode

from restock.serving import operations
from tests.contract.answers import get

CASES_PER_OPERATION = 24


def test_the_description_is_relative_and_names_every_operation(client):
    description = get(client, "/openapi.json")

    assert description["servers"] == [{"url": "."}]
    assert set(description["paths"]) == {f"/{operation.path}" for operation in operations.OPERATIONS}
    for prefix in ("/", "/forecast/", "/demo/region/forecast/"):
        assert client.get(urljoin(prefix, "v1/model")).status_code == 200


def fields_of(description: dict) -> list[tuple[str, dict]]:
    return [
        (f"{name}.{field}", schema)
        for name, component in description["components"]["schemas"].items()
        for field, schema in component["properties"].items()
    ]


def test_every_record_is_a_named_component_and_none_shadows_a_word_of_the_languages(client):
    description = get(client, "/openapi.json")
    schemas = description["components"]["schemas"]

    without = json.dumps([description["paths"], [one["properties"] for one in schemas.values()]])
    assert '"properties"' not in without  # no record stands inline, where generators make up names
    assert '"const"' not in json.dumps(description)
    assert not {"Error", "Exception", "Object", "List", "Map", "String"} & set(schemas)
    assert {"Order", "OrderLine", "PartFacts", "AdvisedPart", "RestockAdvice", "Problem", "Conflict"} <= set(schemas)


def test_every_field_and_parameter_has_words_and_an_example_that_is_one(client):
    description = get(client, "/openapi.json")
    referred = {"components": description["components"]}
    parameters = [
        parameter
        for methods in description["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", [])
    ]

    wordless = [place for place, schema in fields_of(description) if not schema.get("description")]
    wrong = [
        (place, example)
        for place, schema in fields_of(description)
        for example in schema.get("examples", [])
        if not jsonschema_rs.is_valid(schema | referred, example)
    ]
    without = [
        place
        for place, schema in fields_of(description)
        if not schema.get("examples") and "$ref" not in json.dumps(schema)
    ]

    assert (wordless, wrong, without) == ([], [], [])
    assert [one["name"] for one in parameters if not (one["description"] and "example" in one)] == []
    assert all(jsonschema_rs.is_valid(one["schema"], one["example"]) for one in parameters)


@pytest.mark.parametrize("prefix", ["", "/forecast", "/demo/region/forecast"])
def test_the_rendition_for_generators_is_3_0_3_names_its_address_and_says_the_same(client, prefix):
    newer = get(client, "/openapi.json")
    older = client.get(f"{prefix}/openapi-3.0.json", headers={"X-Forwarded-Proto": "https"}).json

    text = json.dumps(older)
    assert (older["openapi"], older["servers"]) == ("3.0.3", [{"url": f"https://localhost{prefix}"}])
    assert not re.search(r'"(const|examples)":|"type": "null"|"type": \[', text)
    assert set(older["paths"]) == set(newer["paths"])
    assert {name: set(one["properties"]) for name, one in older["components"]["schemas"].items()} == {
        name: set(one["properties"]) for name, one in newer["components"]["schemas"].items()
    }
    assert older["components"]["schemas"]["AdvisedPart"]["properties"]["cost"]["nullable"] is True
    quantity = older["components"]["schemas"]["NewOrderLine"]["properties"]["quantity"]
    assert (quantity["minimum"], quantity["exclusiveMinimum"]) == (0, True)
    assert len(list(schemathesis.openapi.from_dict(older).get_all_operations())) > 10


@pytest.mark.parametrize("host", ["", "a b", 'x"><script>', "a/b"])
def test_a_host_that_is_none_is_not_repeated(client, host):
    answer = client.get("/openapi-3.0.json", headers={"Host": host})

    assert answer.json["servers"] == [{"url": "."}]


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
