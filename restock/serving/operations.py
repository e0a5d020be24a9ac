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
BOOKED_FROM = Parameter("from", "The first day; tomorrow in the shop's time zone if left out.", DAY)
BOOKED_DAYS = Parameter("days", "How many days.", whole(1, 14), 2)
QUANTILES = Parameter(
    "quantiles",
    "Levels of the quantiles of cumulative demand, separated by commas.",
    list_of(number(0.01, 0.999), MOST_LEVELS),
    (0.5, 0.9),
)
RECENT = Parameter(
    "recent",
    "Also each part's actual demand on the last 90 days known, and what was forecast of the last 12 weeks.",
    FLAG,
    False,
)
LEAD_TIME = Parameter(
    "lead_time_days", "Days from ordering to delivery, where the catalogue says none.", whole(0, LONGEST_LEAD_TIME), 7
)
REVIEW = Parameter("review_days", "Days between two looks at the stock.", whole(1, 30), 7)
SERVICE_LEVEL = Parameter("service_level", "How sure to be, by the measure.", number(0.5, 0.999), 0.95)
PERIOD = Parameter("days", "How many days.", whole(1, MOST_DAYS), 30)
THROUGH = Parameter("through", "The last day; the last one known if left out.", DAY)
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


STATUS = Parameter("status", "Only orders of this status.", one_of("draft", "ordered", "received", "cancelled"))

BUDGET = Parameter(
    "budget", "Buy for no more than this: what avoids most stock-outs for the money.", number(0, 1_000_000_000)
)


@dataclass(frozen=True)
class Operation:
    """``is_open`` operations answer without a token, in every mode; ``name`` is what generated clients call it."""

    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    is_open: bool = False
    name: str = ""

    @property
    def id(self) -> str:
        return self.name or self.path.removesuffix(".json").replace("/", "_")

    @property
    def before_word(self) -> str:
        """What stands before the word in an address that holds one: ``/v1/orders/``; empty for the others."""
        before, brace, _ = self.path.partition("{")
        return f"/{before}" if brace else ""


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
    (LEAD_TIME, REVIEW, SERVICE_LEVEL, MEASURE, PART, PART_LEAD_TIME, ON_ORDER, MINIMUM_ORDER, BUDGET),
)
RESTOCK_LIST = Operation(
    "POST",
    "v1/restock",
    "The same for long lists; parts that are not known are told, and no mistake",
    name="restock_list",
)
BOOKINGS = Operation(
    "GET",
    "v1/bookings",
    "The jobs booked for the coming days, and the parts they will need",
    (BOOKED_DAYS, BOOKED_FROM),
)
MODEL = Operation("GET", "v1/model", "The live model: its age, its data, how well it did")
CHANGES = Operation(
    "GET", "v1/changes", "What the live version forecasts otherwise than the one before", (DAYS, FROM, MOST)
)
USAGE = Operation("GET", "v1/usage", "What was used most: parts and services of a period", (PERIOD, THROUGH, MOST))
OPENAPI = Operation("GET", "openapi.json", "This description", is_open=True)
OPENAPI_30 = Operation(
    "GET", "openapi-3.0.json", "The same as OpenAPI 3.0.3, for generators of clients", is_open=True, name="openapi_3_0"
)

ORDERS = Operation("GET", "v1/orders", "What was ordered: the newest first, at most 500", (STATUS,), name="list_orders")
CREATE_ORDER = Operation("POST", "v1/orders", "Make an order, as a draft or ordered at once", name="create_order")
CHANGE_ORDER = Operation(
    "POST", "v1/orders/{id}", "Edit a draft; say that an order was placed, received or cancelled", name="change_order"
)
PART_FACTS = Operation("GET", "v1/parts/{key}", "What the owner says of a part", name="get_part")
CHANGE_PART = Operation(
    "POST", "v1/parts/{key}", "Say who sells a part, how fast, in which packs, for how much", name="change_part"
)

SHOPS = Operation("GET", "v1/shops", "All shops of the chain, the worst first, as their last nights left them")
TRANSFERS = Operation(
    "GET", "v1/transfers", "What one shop is short of and another has lying idle: to be moved before it is bought"
)
CHAIN = (SHOPS, TRANSFERS)
"""Of a chain, for who runs it, at an address that names no shop."""

ORDERING = (ORDERS, CREATE_ORDER, CHANGE_ORDER, PART_FACTS, CHANGE_PART)
OPERATIONS = (
    RESTOCK_DEMAND,
    HEALTH,
    PARTS,
    FORECAST,
    RESTOCK,
    RESTOCK_LIST,
    BOOKINGS,
    MODEL,
    CHANGES,
    USAGE,
    OPENAPI,
    OPENAPI_30,
    *ORDERING,
)
LONGEST_WORD = 500

_WITH_WORD = [one for one in OPERATIONS if one.before_word]
_BY_PATH: dict[str, list[Operation]] = {}
for _one in OPERATIONS:
    _BY_PATH.setdefault(f"/{_one.path}", []).append(_one)


def find(path: str) -> list[Operation]:
    """The operations of an address, by the end of its path: what stands before is the platform's, not ours.

    >>> [operation.path for operation in find("/project/region/forecast/v1/forecast/")]
    ['v1/forecast']
    >>> [operation.id for operation in find("/v1/parts/parts")]
    ['get_part', 'change_part']
    """
    if path in _BY_PATH:
        return _BY_PATH[path]
    if holding := {path.find(operation.before_word): operation for operation in _WITH_WORD if word_in(operation, path)}:
        first = holding[min(holding)].path  # a part may be called like another address
        return [operation for operation in _WITH_WORD if operation.path == first]
    path = without_empty_segments(path).rstrip("/")
    return [operation for operation in OPERATIONS if path.endswith("/" + operation.path)]


def word_in(operation: Operation, path: str) -> str:
    """The word that an address holds, an order's id or a part's key, slashes and all; empty if it holds none.

    >>> word_in(PART_FACTS, "/any/forecast/v1/parts/1/2 inch hose"), word_in(ORDERS, "/v1/orders")
    ('1/2 inch hose', '')
    """
    before = operation.before_word
    return path.partition(before)[2][: LONGEST_WORD + 1] if before else ""


def without_empty_segments(path: str) -> str:
    """As routers read addresses: slashes that stand together are one.

    >>> without_empty_segments("//v1///restock/")
    '/v1/restock/'
    """
    while "//" in path:
        path = path.replace("//", "/")
    return path if path.startswith("/") else f"/{path}"
