"""The operations of the API, declared once: routing, validation, the door's lock and /openapi.json all read this."""

from __future__ import annotations

from dataclasses import dataclass

from restock.serving.parameters import DAY, FLAG, Parameter, list_of, number, one_of, per_part, text_of, whole

MOST_DAYS = 90
MOST_PARTS = 100
MOST_LEVELS = 9
LONGEST_LEAD_TIME = 90
QUANTITY = per_part(r"[0-9]{1,6}(\.[0-9]{1,3})?", float, "a quantity like 12 or 0.5")

PART = Parameter(
    "part", "A part's key or name; repeat it for several. Without it: every active part.", text_of(500), (), MOST_PARTS
)
FROM = Parameter("from", "The first day; today in the shop's time zone if left out.", DAY)
DAYS = Parameter("days", "How many days.", whole(1, MOST_DAYS), 7)
QUANTILES = Parameter(
    "quantiles",
    "Levels of the quantiles of cumulative demand, separated by commas.",
    list_of(number(0.01, 0.999), MOST_LEVELS),
    (0.5, 0.9),
)
RECENT = Parameter("recent", "Also each part's actual demand on the last 90 days known to the model.", FLAG, False)
LEAD_TIME = Parameter(
    "lead_time_days", "Days from ordering to delivery, where the catalogue says none.", whole(0, LONGEST_LEAD_TIME), 7
)
REVIEW = Parameter("review_days", "Days between two looks at the stock.", whole(1, 30), 7)
SERVICE_LEVEL = Parameter("service_level", "How sure to be, by the measure.", number(0.5, 0.999), 0.95)
MOST = Parameter("most", "At most so many parts of each list; all of them if left out.", whole(0, 1000))
MEASURE = Parameter(
    "measure",
    "cycle: the service level is the chance not to run out before the next order arrives; "
    "fill: the share of demand served from stock.",
    one_of("cycle", "fill"),
    "cycle",
)
PART_LEAD_TIME = Parameter(
    "lead_time",
    "A part's own lead time in days, as KEY:DAYS; repeatable.",
    per_part("[0-8]?[0-9]|90", int, "a whole number from 0 to 90"),
    (),
    MOST_PARTS,
)
ON_ORDER = Parameter(
    "on_order",
    "Stock of a part already ordered, as KEY:QUANTITY; repeatable.",
    QUANTITY,
    (),
    MOST_PARTS,
)
MINIMUM_ORDER = Parameter(
    "minimum_order",
    "The least quantity of a part that can be ordered, as KEY:QUANTITY; repeatable.",
    QUANTITY,
    (),
    MOST_PARTS,
)


@dataclass(frozen=True)
class Operation:
    """``is_open`` operations answer without a token, in every mode."""

    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    is_open: bool = False


RESTOCK_DEMAND = Operation(
    "POST", "forecast_restock_demand", "Expected demand per part over the coming days (the app's contract)"
)
HEALTH = Operation("GET", "health", "Whether forecasts can be had", is_open=True)
PARTS = Operation("GET", "parts", "The names of the active parts")
FORECAST = Operation(
    "GET",
    "v1/forecast",
    "Mean demand per day and quantiles of cumulative demand",
    (PART, DAYS, FROM, QUANTILES, RECENT),
)
RESTOCK = Operation(
    "GET",
    "v1/restock",
    "What to order now, most urgent first",
    (LEAD_TIME, REVIEW, SERVICE_LEVEL, MEASURE, PART, PART_LEAD_TIME, ON_ORDER, MINIMUM_ORDER),
)
MODEL = Operation("GET", "v1/model", "The live model: its age, its data, how well it did")
CHANGES = Operation(
    "GET", "v1/changes", "What the live version forecasts otherwise than the one before", (DAYS, FROM, MOST)
)
OPENAPI = Operation("GET", "openapi.json", "This description", is_open=True)

OPERATIONS = (RESTOCK_DEMAND, HEALTH, PARTS, FORECAST, RESTOCK, MODEL, CHANGES, OPENAPI)


_BY_PATH = {f"/{one.path}": [one] for one in OPERATIONS}


def find(path: str) -> list[Operation]:
    """The operations of an address, by the end of its path: what stands before is the platform's, not ours.

    >>> [operation.path for operation in find("/project/region/forecast/v1/forecast/")]
    ['v1/forecast']
    """
    if path in _BY_PATH:
        return _BY_PATH[path]
    path = without_empty_segments(path).rstrip("/")
    return [operation for operation in OPERATIONS if path.endswith("/" + operation.path)]


def without_empty_segments(path: str) -> str:
    """As routers read addresses: slashes that stand together are one.

    >>> without_empty_segments("//v1///restock/")
    '/v1/restock/'
    """
    while "//" in path:
        path = path.replace("//", "/")
    return path if path.startswith("/") else f"/{path}"
