"""/openapi.json: the description of the API, made from the declarations that route and validate its requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from restock.serving import operations
from restock.serving.app_contract import DEFAULT_DAYS, MOST_DAYS
from restock.serving.naming import Components
from restock.serving.operations import OPERATIONS, Operation
from restock.serving.ordering.bodies import schema_of
from restock.serving.ordering.requests import CHANGE_OF_ORDER, CHANGE_OF_PART, NEW_ORDER, RESTOCK_LIST
from restock.serving.schemas import ANSWERS, CONFLICT, PROBLEM

REQUEST_BODY = {
    "title": "DemandRequest",
    "type": "object",
    "minProperties": 1,
    "properties": {
        "forecast_days": {"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": DEFAULT_DAYS},
        "current_date": {"type": "string", "format": "date", "description": "The first day; default today in the shop"},
    },
}

BODIES = {
    operations.RESTOCK_DEMAND.id: REQUEST_BODY,
    operations.RESTOCK_LIST.id: schema_of("RestockList", RESTOCK_LIST),
    operations.CREATE_ORDER.id: schema_of("NewOrder", NEW_ORDER),
    operations.CHANGE_ORDER.id: schema_of("ChangeOfOrder", CHANGE_OF_ORDER),
    operations.CHANGE_PART.id: schema_of("ChangeOfPart", CHANGE_OF_PART),
}

EXAMPLES = {
    "budget": 250,
    "days": 7,
    "from": "2026-05-04",
    "lead_time": ["oil-1:5"],
    "lead_time_days": 7,
    "measure": "cycle",
    "minimum_order": ["oil-1:6"],
    "most": 12,
    "on_order": ["oil-1:12"],
    "part": ["oil-1"],
    "quantiles": [0.5, 0.9],
    "recent": True,
    "review_days": 7,
    "service_level": 0.95,
    "status": "ordered",
    "through": "2026-05-03",
}
"""Of parameters."""
WORDS_IN_PATHS = {
    "id": ("The order's id", "1f0e9b1a-52c5-4a0e-9d33-5f9a2f1f7c11"),
    "key": ("The part's key or name, percent-encoded", "oil-1"),
}
REFUSALS = {
    "400": "The request is wrong; the message says how, and field names what to change",
    "401": "No valid token was sent",
    "403": "This account may not see forecasts",
    "404": "A part, an order or a period that is not known",
    "405": "The address does not take this method",
    "413": "The request body is too large",
    "415": "The request body is not sent as JSON",
    "503": "There is no model yet, or no stock to be had; Retry-After says when to come back",
}


def description(*, of_chain: bool = False) -> dict[str, Any]:
    """An OpenAPI 3.1 document. Its server is relative: the function is reached under several addresses.

    That of a chain has what is asked of all shops, too; a shop's own is the same as that of a shop alone.
    """
    components = Components()
    described = (*OPERATIONS, *operations.CHAIN) if of_chain else OPERATIONS
    paths = {
        path: {method: _placed(one, components) for method, one in methods.items()}
        for path, methods in _paths(described).items()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Restock",
            "version": "1",
            "description": "Spare-part demand forecasts, and what to order now.",
        },
        "servers": [{"url": "."}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(components.schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _placed(operation: dict[str, Any], components: Components) -> dict[str, Any]:
    """With every record named and elsewhere."""
    for content in (operation.get("requestBody", {}), *operation["responses"].values()):
        for kind in content.get("content", {}).values():
            kind["schema"] = components.placed(kind["schema"])
    return operation


def _paths(described: Sequence[Operation]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in described:
        paths.setdefault(f"/{operation.path}", {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "security": [] if operation.is_open else [{"token": []}, {}],
        "responses": {"200": {"description": "The answer", **_json(ANSWERS[operation.id])}}
        | {status: {"description": why, **_json(PROBLEM)} for status, why in REFUSALS.items()},
    }
    if operation.parameters:
        described["parameters"] = [
            parameter.openapi() | {"example": EXAMPLES[parameter.name]} for parameter in operation.parameters
        ]
        described["responses"]["304"] = {"description": "Nothing changed since the answer with this ETag"}
    if operation in operations.ORDERING and operation.method == "POST":
        described["responses"]["409"] = {
            "description": "Somebody else came first; what stands in the way is shown",
            **_json(CONFLICT),
        }
    if word := operation.path.partition("{")[2].rstrip("}"):
        schema = {"type": "string", "minLength": 1, "maxLength": operations.LONGEST_WORD}
        words, example = WORDS_IN_PATHS[word]
        described["parameters"] = [
            {"name": word, "in": "path", "required": True, "description": words, "schema": schema, "example": example}
        ]
    if operation.method == "POST":
        described["requestBody"] = {"required": True, **_json(BODIES[operation.id])}
    return described


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
