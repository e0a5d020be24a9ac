"""What `make load` and `make sweep` do with a running chain: shops with a past, and a night of it.

The shops are the sample shop's catalogue with other shelves: what one is short of lies idle in the next.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from local import shop
from local.console import say, show_line
from local.processes import ProcessError
from local.setup import ENVIRONMENTS, ROOT, python_of
from restock.stored import names
from restock.stored.part_facts import PartFacts

SHOPS = {
    "harbour": ("Harbour", "Europe/London"),
    "mill-lane": ("Mill Lane", "Europe/Athens"),
    "north-street": ("North Street", "America/New_York"),
}
DAYS = 60
APPOINTMENTS_A_DAY = 4.0
SHELVES_APART = 8
"""The stock of a shop is that of the one before, so many parts on."""
PURCHASE_SHARE = 0.6
"""Of what a part is sold for: what one costs, as the owner says."""


def load(client: Any) -> int:
    """Register the shops and write what their apps would; every appointment goes through the trigger."""
    written = 0
    for number, (id, (name, zone)) in enumerate(SHOPS.items()):
        client.document(names.shop(id)).set({"name": name, "time_zone": zone})
        today = datetime.now(ZoneInfo(zone)).date()
        past = shop.history(
            today - timedelta(days=1), days=DAYS, per_day=APPOINTMENTS_A_DAY, zone=zone, seed=7 + number
        )
        documents = shelves(number)
        for part, fields in documents:
            facts = PartFacts(part=part, unit_cost=round(PURCHASE_SHARE * fields["price"], 2), request="sample")
            client.document(names.root(id) + names.part_facts(part)).set(facts.to_fields())
        written += shop.load(
            client, itertools.chain(past, shop.bookings(today, zone=zone)), shelves=documents, root=names.root(id)
        )
        say(f"  {name}: {written} documents so far")
    return written


def shelves(number: int) -> list[tuple[str, dict[str, Any]]]:
    """The catalogue of one of the shops."""
    documents = shop.catalogue()
    stocks = [fields["stock"] for _, fields in documents]
    moved = [stocks[(place + number * SHELVES_APART) % len(stocks)] for place in range(len(stocks))]
    return [(id, {**fields, "stock": stock}) for (id, fields), stock in zip(documents, moved, strict=True)]


def sweep() -> None:
    """One task of the job, as Cloud Run starts it, by the environment of the running stack."""
    if os.environ.get("RESTOCK_CHAIN") != "true":
        raise ProcessError("the running stack serves one shop, which has no sweep; start RESTOCK_CHAIN=true make up")
    execution = f"local-{datetime.now():%Y%m%d-%H%M%S}"
    env = {**os.environ, "CLOUD_RUN_EXECUTION": execution, "SWEEP_HOUR": "0"}
    python, main = python_of(ENVIRONMENTS["retrain"][0]), ROOT / "functions" / "sweep" / "main.py"
    with subprocess.Popen(
        [str(python), str(main)], env=env, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as task:
        assert task.stdout
        for line in task.stdout:
            show_line("sweep", line)
    if status := task.returncode:
        raise ProcessError(f"the sweep ended with {status}: some shops are to be repeated; see above")
    say("Swept. Who was being trained just then is taken by another: make sweep.")
