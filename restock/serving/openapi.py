"""/openapi.json: the description of the API, made from the declarations that route and validate its requests."""

from __future__ import annotations

from typing import Any

from restock.serving import operations
from restock.serving.app_contract import DEFAULT_DAYS, MOST_DAYS
from restock.serving.operations import OPERATIONS, Operation
from restock.serving.ordering.bodies import schema_of
from restock.serving.ordering.requests import CHANGE_OF_ORDER, CHANGE_OF_PART, NEW_ORDER, RESTOCK_LIST
from restock.stored.order import STATUSES

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
AMOUNT = {"type": "number", "minimum": 0}
WHOLE = {"type": "integer"}
COUNT = {"type": "integer", "minimum": 0}
FLAG = {"type": "boolean"}
DAY = {"type": "string", "format": "date"}
MOMENT = {"type": "string", "format": "date-time"}
ANYTHING: dict[str, Any] = {}


def record(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": required | (optional or {})}


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def by_name(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


MODEL = record({"version": WHOLE, "generation": WHOLE, "trained_at": MOMENT, "age_seconds": COUNT})
SUCCESS = {"status": {"const": "success"}, "model": MODEL, "timestamp": MOMENT}
PERIOD = {"from": DAY, "through": DAY, "days": COUNT}
ERROR = record({"status": {"const": "error"}, "message": TEXT}, {"field": TEXT})
PART = {"part": TEXT, "name": TEXT}

LINE: dict[str, Any] = {
    **PART,
    "category": TEXT,
    "sku": TEXT | {"description": "As the catalogue has it; of several documents all, separated by commas"},
    "brand": TEXT,
    "documents": array(TEXT) | {"description": "The catalogue's documents of this part, whose stock is summed"},
    "discontinued": FLAG | {"description": "It is still forecast, and not ordered"},
    "on_hand": or_null(NUMBER) | {"description": "null in unknown_stock: the catalogue doesn't say how many there are"},
    "on_order": AMOUNT | {"description": "What counts as coming: the caller's word, else the greater of the next two"},
    "open_quantity": AMOUNT | {"description": "Of orders kept here, as far as the stock does not show it yet"},
    "catalogue_on_order": AMOUNT | {"description": "What the app's catalogue says"},
    "orders": array(
        record(
            {
                "id": TEXT,
                "open": AMOUNT,
                "expected_on": or_null(DAY),
                "delivered": or_null(TEXT)
                | {"description": "Why it seems to have come; it does not count as coming then"},
            }
        )
    ),
    "lead_time_days": COUNT
    | {"description": "Not exceeded every second time, where it was learnt; of several documents' the longest"},
    "lead_time_learnt": or_null(record({"receipts": COUNT, "late_days": COUNT}))
    | {"description": "From what the supplier delivered: how often, and what it keeps 19 times in 20"},
    "minimum_order": AMOUNT | {"description": "Of several documents' and the owner's the largest"},
    "pack": or_null(AMOUNT),
    "maximum": or_null(AMOUNT),
    "supplier": TEXT | {"description": "Empty: not known"},
    "unit_cost": or_null(AMOUNT),
    "snoozed_until": or_null(DAY),
    "note": TEXT,
    "expected_demand": AMOUNT | {"description": "Over lead time and review period"},
    "reorder_point": AMOUNT,
    "order_up_to": AMOUNT,
    "reasons": array(TEXT) | {"description": "What a figure that surprises may come from, in words"},
}
"""A part of /v1/restock, whatever is in stock;"""
ADVISED: dict[str, Any] = {
    "on_hand": NUMBER,
    "out_of_stock": FLAG | {"description": "Nothing is left of a part that has been used: look at it, advised or not"},
    "order_quantity": AMOUNT | {"description": "In whole packs; within the budget, if there is one"},
    "wanted_quantity": AMOUNT | {"description": "What it were without a budget"},
    "order_today": FLAG | {"description": "At or below the reorder point; the rest can wait until the next look"},
    "cost": or_null(AMOUNT) | {"description": "Of order_quantity; null: what one costs is not known"},
    "stock_out_chance": {"type": "number", "minimum": 0, "maximum": 1},
    "days_of_cover": or_null(AMOUNT),
}
"""and what follows from the stock."""

TOTALS = {"parts": COUNT, "cost": AMOUNT, "parts_without_cost": COUNT}
"""Of what is to be ordered."""

REQUEST_BODY = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "forecast_days": {"type": "integer", "minimum": 1, "maximum": MOST_DAYS, "default": DEFAULT_DAYS},
        "current_date": {"type": "string", "format": "date", "description": "The first day; default today in the shop"},
    },
}

ANSWERS = {
    operations.RESTOCK_DEMAND.id: record(
        {
            **SUCCESS,
            "forecast_period_days": COUNT,
            "start_date": DAY,
            "end_date": DAY,
            "total_restock_demand": by_name(COUNT),
            "daily_breakdown": array(record({"date": DAY, "total_usage": AMOUNT, "parts": by_name(AMOUNT)})),
        }
    ),
    operations.HEALTH.id: record(
        {
            "status": {"enum": ["healthy", "degraded"]},
            "model_loaded": FLAG,
            "parts_loaded": FLAG,
            "num_parts": COUNT,
            "timestamp": MOMENT,
        },
        {"model": MODEL, "problem": TEXT},
    ),
    operations.PARTS.id: record({**SUCCESS, "parts": array(TEXT), "count": COUNT}),
    operations.FORECAST.id: record(
        {
            **SUCCESS,
            **PERIOD,
            "parts": array(
                record(
                    {
                        **PART,
                        "category": TEXT,
                        "active": FLAG,
                        "total": AMOUNT,
                        "mean": array(AMOUNT),
                        "quantiles": by_name(array(AMOUNT)),
                    },
                    {"recent": array(AMOUNT)},
                )
            ),
        },
        {"recent_from": DAY},
    ),
    operations.RESTOCK.id: record(
        {
            **SUCCESS,
            "stock_read_at": MOMENT | {"description": "How old the stock is that this answer rests on"},
            "from": DAY | {"description": "The day on which the advice starts"},
            "review_days": COUNT,
            "service_level": NUMBER,
            "measure": TEXT,
            "budget": or_null(AMOUNT),
            "totals": record(TOTALS),
            "suppliers": array(record({"supplier": TEXT, **TOTALS})),
            "parts": array(record({**LINE, **ADVISED})),
            "unknown_stock": array(record(LINE)),
            "unknown_parts": array(TEXT) | {"description": "What a list in a body names and nobody knows"},
        }
    ),
    operations.MODEL.id: record(
        {
            **SUCCESS,
            "problem": or_null(TEXT),
            "parts": record({"active": COUNT, "known": COUNT}),
            "trained_through": DAY,
            "training": or_null(
                record(
                    {
                        "completions_waiting": COUNT,
                        "setbacks_in_a_row": COUNT,
                        "last_setback": or_null(TEXT),
                        "retry_at": or_null(MOMENT),
                        "last_success_at": or_null(MOMENT),
                    }
                )
            ),
        },
        {
            "kind": TEXT | {"enum": ["learnt", "followed"]},
            "follows": WHOLE
            | {"description": "The version that learnt what this one is made with, and had its scores"},
            "learnt_at": MOMENT,
            "first_day": DAY,
            "time_zone": TEXT,
            "classes": by_name(COUNT),
            "recipe": ANYTHING,
            "scores": ANYTHING,
            "notes": array(TEXT),
        },
    ),
    operations.CHANGES.id: record(
        {
            **SUCCESS,
            **PERIOD,
            "since": or_null(record({"version": WHOLE, "trained_at": MOMENT})),
            "counts": record({"parts": COUNT, "added": COUNT, "removed": COUNT})
            | {"description": "How many there are, whatever most cuts off"},
            "parts": array(record({**PART, "before": AMOUNT, "after": AMOUNT, "change": NUMBER})),
            "added": array(TEXT),
            "removed": array(TEXT),
            "unusual": array(record({**PART, "days": COUNT, "expected": AMOUNT, "came": AMOUNT})),
        }
    ),
    operations.OPENAPI.id: {"type": "object"},
}

LINE_OF_ORDER = record(
    {
        "part": TEXT | {"description": "The part's key when it was ordered"},
        "listed_as": or_null(TEXT) | {"description": "The key of the part in today's lists; null: it is in none"},
        "name": TEXT,
        "quantity": AMOUNT,
        "received": AMOUNT | {"description": "In total"},
        "open": AMOUNT | {"description": "What is still to come of an order that was placed"},
        "unit_cost": or_null(AMOUNT),
        "stock_at_order": or_null(NUMBER) | {"description": "What the app's catalogue said when it was ordered"},
        "stock_at_receipt": or_null(NUMBER) | {"description": "and at a receipt"},
    }
)
ORDER = record(
    {
        "id": TEXT,
        "version": TEXT | {"description": "Send it with the next change"},
        "status": {"enum": list(STATUSES)},
        "supplier": TEXT,
        "note": TEXT,
        "expected_on": or_null(DAY),
        "created_at": MOMENT,
        "created_by": TEXT,
        **{f"{what}_at": or_null(MOMENT) for what in ("edited", "ordered", "received", "cancelled")},
        **{f"{what}_by": or_null(TEXT) for what in ("edited", "ordered", "received", "cancelled")},
        "lines": array(LINE_OF_ORDER),
        "cost": AMOUNT | {"description": "Of the lines whose cost is known"},
        "lines_without_cost": COUNT,
    }
)
FACTS = record(
    {
        "part": TEXT,
        "version": TEXT | {"description": "Send it with the next change; empty: nothing was said yet"},
        "supplier": or_null(TEXT),
        "lead_time_days": or_null(COUNT),
        **{name: or_null(AMOUNT) for name in ("pack", "minimum_order", "maximum", "unit_cost")},
        "snoozed_until": or_null(DAY),
        "note": or_null(TEXT),
        "edited_at": or_null(MOMENT),
        "edited_by": or_null(TEXT),
    }
)
DONE = {"status": {"const": "success"}, "timestamp": MOMENT}
MAY_WRITE = {"may_write": FLAG | {"description": "Whether this caller may change anything"}}
ANSWERS |= {
    operations.RESTOCK_LIST.id: ANSWERS[operations.RESTOCK.id],
    operations.ORDERS.id: record(
        {
            **DONE,
            **MAY_WRITE,
            "is_cut": FLAG | {"description": "There are more; ask for a status"},
            "orders": array(ORDER),
            "unreadable": array(TEXT) | {"description": "Ids of stored orders that cannot be read"},
        }
    ),
    operations.CREATE_ORDER.id: record({**DONE, "order": ORDER}),
    operations.CHANGE_ORDER.id: record({**DONE, "order": ORDER}),
    operations.PART_FACTS.id: record({**DONE, **MAY_WRITE, "facts": FACTS}),
    operations.CHANGE_PART.id: record({**DONE, **MAY_WRITE, "facts": FACTS}),
}
CONFLICT = record(
    {"status": {"const": "error"}, "message": TEXT}, {"field": TEXT, "orders": array(ORDER), "facts": FACTS}
)
BODIES = {
    operations.RESTOCK_DEMAND.id: REQUEST_BODY,
    operations.RESTOCK_LIST.id: schema_of(RESTOCK_LIST),
    operations.CREATE_ORDER.id: schema_of(NEW_ORDER),
    operations.CHANGE_ORDER.id: schema_of(CHANGE_OF_ORDER),
    operations.CHANGE_PART.id: schema_of(CHANGE_OF_PART),
}

REFUSALS = {
    "400": "The request is wrong; the message says how, and field names what to change",
    "401": "No valid token was sent",
    "403": "This account may not see forecasts",
    "404": "A part or an order that is not known",
    "405": "The address does not take this method",
    "413": "The request body is too large",
    "415": "The request body is not sent as JSON",
    "503": "There is no model yet, or no stock to be had; Retry-After says when to come back",
}


def description() -> dict[str, Any]:
    """An OpenAPI 3.1 document. Its server is relative: the function is reached under several addresses."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Restock",
            "version": "1",
            "description": "Spare-part demand forecasts, and what to order now.",
        },
        "servers": [{"url": "."}],
        "paths": _paths(),
        "components": {
            "schemas": {"Error": ERROR, "Conflict": CONFLICT},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(f"/{operation.path}", {})[operation.method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "security": [] if operation.is_open else [{"token": []}, {}],
        "responses": {"200": {"description": "The answer", **_json(ANSWERS[operation.id])}}
        | {
            status: {"description": why, **_json({"$ref": "#/components/schemas/Error"})}
            for status, why in REFUSALS.items()
        },
    }
    if operation.parameters:
        described["parameters"] = [parameter.openapi() for parameter in operation.parameters]
        described["responses"]["304"] = {"description": "Nothing changed since the answer with this ETag"}
    if operation in operations.ORDERING and operation.method == "POST":
        described["responses"]["409"] = {
            "description": "Somebody else came first; what stands in the way is shown",
            **_json({"$ref": "#/components/schemas/Conflict"}),
        }
    if word := operation.path.partition("{")[2].rstrip("}"):
        schema = {"type": "string", "minLength": 1, "maxLength": operations.LONGEST_WORD}
        described["parameters"] = [{"name": word, "in": "path", "required": True, "schema": schema}]
    if operation.method == "POST":
        described["requestBody"] = {"required": True, **_json(BODIES[operation.id])}
    return described


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
