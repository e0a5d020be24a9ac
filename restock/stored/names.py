"""What everything that is stored is called: the documents of Firestore, the objects of the bucket, dead letters.

Only the standard library, for ``infra`` and ``local`` name them, too, before any environment is chosen.
"""

from __future__ import annotations

import re

APPOINTMENTS = "appointments"
CATALOGUE = "spare_parts"
CHANGES = "restock_changes"
ORDERS = "restock_orders"
PART_FACTS = "restock_parts"
RUNS = "restock_runs"
SHOPS = "restock_shops"
"""Of a chain: which shops there are, and their settings. Nothing else makes a shop."""
STATES = "restock_state"
STATE = f"{STATES}/retrain"
LEVELS = "restock_levels"
CURRENT_LEVELS = f"{LEVELS}/current"
LAST_ORDERED = f"{ORDERS}/last"
SUMMARY = f"{STATES}/summary"
"""Of a chain's shop, beside its state: what its last run leaves for the next sweep, and for the chain's page."""
BALANCE = f"{STATES}/balance"
"""Likewise: which of its parts are short, and which idle."""

MODELS = "models/"
HISTORIES = "history/"
STOCK_SEEN = "stock_seen/"
BOOKED_SEEN = "booked_seen/"
LEARNT = "learnt/"
FULL_READS = "rebuild/"
IMPORTED = "imports/usage.parquet"
POINTER = f"{MODELS}current.json"

DEAD_LETTERS = "restock-dead-events"
"""The Pub/Sub topic and subscription of deliveries that were given up."""

IS_SHOP = re.compile(r"(?!__.*__$)[A-Za-z0-9_-]{1,64}").fullmatch
"""Such ids are also words of a path, of a task's name and of an address; Firestore keeps ``__x__`` for itself."""


def shop(id: str) -> str:
    return f"{SHOPS}/{id}"


def root(shop: str) -> str:
    """Where a chain keeps a shop: what Restock calls ``restock_state`` lies at ``shops/S/restock_state``.

    >>> root("north"), root("")
    ('shops/north/', '')
    """
    return f"shops/{shop}/" if shop else ""


def placed(name: str, root: str) -> str:
    """An object's name, or the beginning of some, as the bucket has it.

    >>> placed("models/current.json", "shops/north/"), placed("history/", "shops/north/")
    ('models/shops/north/current.json', 'history/shops/north/')
    """
    folder, slash, rest = name.partition("/")
    return f"{folder}/{root}{rest}" if slash else root + name


def appointment(id: str) -> str:
    return f"{APPOINTMENTS}/{id}"


def change(appointment: str) -> str:
    return f"{CHANGES}/{appointment}"


def order(id: str) -> str:
    return f"{ORDERS}/{id}"


def part_facts(key: str) -> str:
    """A part's key may be any name; an id of Firestore holds no slash and is neither dots nor between underscores.

    >>> part_facts("oil-1"), part_facts("1/2 inch hose"), part_facts("..")
    ('restock_parts/oil-1', 'restock_parts/1%2F2 inch hose', 'restock_parts/%2E.')
    """
    id = key.replace("%", "%25").replace("/", "%2F")
    if id in (".", "..") or (id.startswith("__") and id.endswith("__")):
        id = f"%{ord(id[0]):02X}{id[1:]}"
    return f"{PART_FACTS}/{id}"


def run_record(run: int) -> str:
    return f"{RUNS}/{run}"


def forecast(version: int) -> str:
    return f"{MODELS}{version}/forecast"


def estimators(version: int) -> str:
    return f"{MODELS}{version}/model.joblib"


def manifest(version: int) -> str:
    return f"{MODELS}{version}/manifest.json"


def history(version: int) -> str:
    return f"{HISTORIES}{version}.parquet"


def stock_seen(version: int) -> str:
    return f"{STOCK_SEEN}{version}.json"


def booked_seen(version: int) -> str:
    return f"{BOOKED_SEEN}{version}.json"


def learnt(run: int) -> str:
    return f"{LEARNT}{run}"


def version_of(name: str) -> int | None:
    """Which run's an object of a run is; None for the pointer and what is no run's.

    >>> version_of("models/12/manifest.json"), version_of("history/7.parquet"), version_of("models/current.json")
    (12, 7, None)
    """
    number = name.partition("/")[2].partition("/")[0].partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() else None
