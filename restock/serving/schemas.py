"""What answers hold: the shapes that /openapi.json describes, and which operation answers with which."""

from __future__ import annotations

from typing import Any

from restock.serving import operations
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


def record(name: str, required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """``name`` is what generated clients call it."""
    return {"title": name, "type": "object", "required": list(required), "properties": required | (optional or {})}


def array(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def by_name(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values}


def said(schema: dict[str, Any], words: str, example: Any) -> dict[str, Any]:
    """A field that means something special at its place."""
    return {**schema, "description": words, "examples": [example]}


def one_of(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


MODEL = record("ModelVersion", {"version": WHOLE, "generation": WHOLE, "trained_at": MOMENT, "age_seconds": COUNT})
SUCCESS = {"status": one_of("success"), "model": MODEL, "timestamp": MOMENT}
PERIOD = {"from": DAY, "through": DAY, "days": COUNT}
PROBLEM = record("Problem", {"status": one_of("error"), "message": TEXT}, {"field": TEXT})
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
            "OpenOrderOfPart",
            {
                "id": TEXT,
                "open": AMOUNT,
                "expected_on": or_null(DAY),
                "delivered": or_null(TEXT)
                | {"description": "Why it seems to have come; it does not count as coming then"},
            },
        )
    ),
    "lead_time_days": COUNT
    | {"description": "Not exceeded every second time, where it was learnt; of several documents' the longest"},
    "lead_time_learnt": or_null(record("LearntLeadTime", {"receipts": COUNT, "late_days": COUNT}))
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
    "booked_need": or_null(AMOUNT)
    | {"description": "What jobs booked until the day after tomorrow likely need at most; more than is there: today"},
}
"""and what follows from the stock."""

DAY_OF_PARTS = said(by_name(AMOUNT), "By name: units expected on the day", {"Oil filter": 1.3})
TOTALS = {"parts": said(COUNT, "How many parts are to be ordered", 3), "cost": AMOUNT, "parts_without_cost": COUNT}
"""Of what is to be ordered."""

BOOKED_SERVICE = record(
    "BookedService",
    {
        "service": TEXT,
        "jobs": COUNT,
        "is_known": FLAG | {"description": "false: too few jobs of it are known; it is taken for any job"},
        "parts": array(
            record(
                "PartOfService",
                {**PART, "chance": NUMBER, "quantity": AMOUNT | {"description": "Of a job that needs it"}},
            )
        ),
    },
)
BOOKED_PART = record(
    "BookedPart",
    {
        **PART,
        "expected": AMOUNT,
        "likely_at_most": AMOUNT,
        "chance": NUMBER | {"description": "That any is needed"},
        "on_hand": or_null(NUMBER),
        "on_order": AMOUNT,
        "orders": LINE["orders"],
        "short_by": or_null(AMOUNT) | {"description": "null: nobody knows how many there are"},
    },
)
LINE_OF_ORDER = record(
    "OrderLine",
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
    },
)
ORDER = record(
    "Order",
    {
        "id": TEXT,
        "version": said(TEXT, "Send it with the next change", "2026-05-04T09:12:33.123456Z"),
        "status": said(one_of(*STATUSES), "What has become of it", "ordered"),
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
    },
)
FACTS = record(
    "PartFacts",
    {
        "part": TEXT,
        "version": said(TEXT, "Send it with the next change; empty: nothing was said yet", ""),
        "supplier": or_null(TEXT),
        "lead_time_days": or_null(COUNT),
        **{name: or_null(AMOUNT) for name in ("pack", "minimum_order", "maximum", "unit_cost")},
        "snoozed_until": or_null(DAY),
        "note": or_null(TEXT),
        "edited_at": or_null(MOMENT),
        "edited_by": or_null(TEXT),
    },
)
DONE = {"status": one_of("success"), "timestamp": MOMENT}
MAY_WRITE = {"may_write": FLAG | {"description": "Whether this caller may change anything"}}
CONFLICT = record(
    "Conflict",
    {"status": one_of("error"), "message": TEXT},
    {"field": TEXT, "orders": said(array(ORDER), "The orders that stand in the way", []), "facts": FACTS},
)

RESTOCK_ANSWER = record(
    "RestockAdvice",
    {
        **SUCCESS,
        "stock_read_at": MOMENT | {"description": "How old the stock is that this answer rests on"},
        "bookings_read_at": or_null(MOMENT) | {"description": "null: they could not be read"},
        "from": DAY | {"description": "The day on which the advice starts"},
        "review_days": COUNT,
        "service_level": NUMBER,
        "measure": TEXT,
        "budget": or_null(AMOUNT),
        "totals": record("Totals", TOTALS),
        "suppliers": array(record("SupplierTotals", {"supplier": TEXT, **TOTALS})),
        "parts": array(record("AdvisedPart", {**LINE, **ADVISED})),
        "unknown_stock": array(record("PartOfUnknownStock", LINE)),
        "unknown_parts": array(TEXT) | {"description": "What a list in a body names and nobody knows"},
    },
)

SHOP = record(
    "ShopAtAGlance",
    {
        "shop": TEXT,
        "name": said(TEXT, "For people", "North Street"),
        "status": said(TEXT, "How its last night ended; never learnt: there was none yet", "published"),
        "failures": COUNT,
        "message": said(or_null(TEXT), "What its last night said", "version 7 published"),
        "as_of": or_null(MOMENT),
        "swept_on": or_null(DAY),
        "standing": or_null(
            record(
                "Standing",
                {
                    "at": MOMENT,
                    "trained_at": MOMENT,
                    "stock_outs": COUNT,
                    "order_today": said(COUNT, "Parts at or below their reorder points", 4),
                    "stock_value": AMOUNT,
                    "idle_value": AMOUNT,
                    "parts_without_cost": said(COUNT, "Parts in stock of which nobody said what one costs", 3),
                },
            )
        ),
    },
)
TRANSFER = record(
    "Transfer",
    {
        "shop": said(TEXT, "Where it is short", "north"),
        "shop_name": TEXT,
        **PART,
        "sku": TEXT,
        "stock_out_chance": {"type": "number", "minimum": 0, "maximum": 1},
        "quantity": said(AMOUNT, "To be moved, from all sources", 5.0),
        "sources": array(
            record(
                "TransferSource",
                {
                    "shop": said(TEXT, "Where it lies idle", "south"),
                    "shop_name": TEXT,
                    "part": said(TEXT, "Its key there", "oil-filter"),
                    "quantity": said(AMOUNT, "To be moved from there", 5.0),
                },
            )
        ),
        "order_without": AMOUNT,
        "order_quantity": said(AMOUNT, "What is to be ordered besides", 5.0),
        "as_of": said(MOMENT, "How old the oldest figure is that this rests on", "2026-05-04T03:12:33+00:00"),
    },
)

ANSWERS = {
    operations.RESTOCK_DEMAND.id: record(
        "RestockDemand",
        {
            **SUCCESS,
            "forecast_period_days": COUNT,
            "start_date": DAY,
            "end_date": DAY,
            "total_restock_demand": by_name(COUNT),
            "daily_breakdown": array(
                record("DayOfDemand", {"date": DAY, "total_usage": AMOUNT, "parts": DAY_OF_PARTS})
            ),
        },
    ),
    operations.HEALTH.id: record(
        "Health",
        {
            "status": one_of("healthy", "degraded"),
            "model_loaded": FLAG,
            "parts_loaded": FLAG,
            "num_parts": COUNT,
            "timestamp": MOMENT,
        },
        {
            "model": MODEL,
            "problem": said(TEXT, "Why what is served may not be the newest", "no model has been published yet"),
        },
    ),
    operations.PARTS.id: record("PartNames", {**SUCCESS, "parts": array(TEXT), "count": COUNT}),
    operations.FORECAST.id: record(
        "Forecast",
        {
            **SUCCESS,
            **PERIOD,
            "parts": array(
                record(
                    "ForecastOfPart",
                    {
                        **PART,
                        "category": TEXT,
                        "active": FLAG,
                        "total": AMOUNT,
                        "mean": array(AMOUNT),
                        "quantiles": by_name(array(AMOUNT)),
                    },
                    {
                        "recent": array(AMOUNT),
                        "past_weeks": array(record("PastWeek", {"from": DAY, "expected": AMOUNT, "came": AMOUNT})),
                    },
                )
            ),
        },
        {"recent_from": DAY},
    ),
    operations.RESTOCK.id: RESTOCK_ANSWER,
    operations.MODEL.id: record(
        "ModelFacts",
        {
            **SUCCESS,
            "problem": or_null(TEXT),
            "parts": record(
                "PartCounts", {"active": said(COUNT, "Parts that the catalogue lists", 40), "known": COUNT}
            ),
            "trained_through": DAY,
            "training": or_null(
                record(
                    "TrainingState",
                    {
                        "completions_waiting": COUNT,
                        "setbacks_in_a_row": COUNT,
                        "last_setback": or_null(TEXT),
                        "retry_at": or_null(MOMENT),
                        "last_success_at": or_null(MOMENT),
                    },
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
            "booked_ahead": record(
                "BookedAhead",
                {"is_used": FLAG, "days_seen": COUNT, "shares_known": array(NUMBER), "gain": or_null(NUMBER)},
            ),
        },
    ),
    operations.CHANGES.id: record(
        "ForecastChanges",
        {
            **SUCCESS,
            **PERIOD,
            "since": or_null(record("VersionBefore", {"version": WHOLE, "trained_at": MOMENT})),
            "counts": record(
                "ChangeCounts",
                {
                    "parts": said(COUNT, "Parts whose forecast moved", 3),
                    "added": said(COUNT, "Parts that the version before did not know", 0),
                    "removed": said(COUNT, "Parts that are known no more", 0),
                },
            )
            | {"description": "How many there are, whatever most cuts off"},
            "parts": array(record("ChangedForecast", {**PART, "before": AMOUNT, "after": AMOUNT, "change": NUMBER})),
            "added": array(TEXT),
            "removed": array(TEXT),
            "unusual": array(record("UnusualPart", {**PART, "days": COUNT, "expected": AMOUNT, "came": AMOUNT})),
        },
    ),
    operations.USAGE.id: record(
        "Usage",
        {
            **SUCCESS,
            **PERIOD,
            "counts": said(
                record(
                    "UsageCounts",
                    {
                        "parts": said(COUNT, "Parts that were used", 31),
                        "services": said(COUNT, "Services that used parts", 4),
                    },
                ),
                "How many there are, whatever most cuts off",
                {"parts": 31, "services": 4},
            ),
            "parts": array(record("UsedPart", {**PART, "used": AMOUNT, "days_used": COUNT})),
            "services": array(
                record("ServiceJobs", {"service": TEXT, "jobs": said(COUNT, "Completed jobs that used parts", 31)})
            ),
        },
    ),
    operations.OPENAPI.id: {"type": "object"},
    operations.OPENAPI_30.id: {"type": "object"},
    operations.BOOKINGS.id: record(
        "Bookings",
        {
            **SUCCESS,
            **PERIOD,
            "stock_read_at": MOMENT,
            "bookings_read_at": MOMENT,
            "documents_read": COUNT,
            "cut": FLAG | {"description": "There are more bookings than are read"},
            "covered": NUMBER
            | {"description": "Of the parts that the jobs truly need, this share is needed likely_at_most so often"},
            "bookings": array(record("Booking", {"booking": TEXT, "date": DAY, "service": TEXT})),
            "services": array(BOOKED_SERVICE),
            "parts": array(BOOKED_PART),
        },
    ),
    operations.RESTOCK_LIST.id: RESTOCK_ANSWER,
    operations.ORDERS.id: record(
        "OrderList",
        {
            **DONE,
            **MAY_WRITE,
            "is_cut": FLAG | {"description": "There are more; ask for a status"},
            "orders": array(ORDER),
            "unreadable": array(TEXT) | {"description": "Ids of stored orders that cannot be read"},
        },
    ),
    operations.CREATE_ORDER.id: record("OneOrder", {**DONE, "order": ORDER}),
    operations.CHANGE_ORDER.id: record("OneOrder", {**DONE, "order": ORDER}),
    operations.PART_FACTS.id: record("FactsOfPart", {**DONE, **MAY_WRITE, "facts": FACTS}),
    operations.CHANGE_PART.id: record("FactsOfPart", {**DONE, **MAY_WRITE, "facts": FACTS}),
    operations.SHOPS.id: record("ShopList", {**DONE, "shops": array(SHOP)}),
    operations.TRANSFERS.id: record(
        "TransferList",
        {
            **DONE,
            "shops_known": COUNT,
            "count": said(COUNT, "How many transfers there are; no more than 500 are listed", 12),
            "transfers": array(TRANSFER),
        },
    ),
}
