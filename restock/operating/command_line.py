"""The operator's verbs as one types them; the same after ``python -m restock``, ``local``, ``infra`` and in make.

Only the standard library, for ``infra`` and ``local`` read this before any environment is chosen.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from restock import written


@dataclass(frozen=True, slots=True)
class Verb:
    """What it does, in a line; one that changes something asks first where that is a real project."""

    help: str
    changes: bool = True


VERBS: Mapping[str, Verb] = {
    "status": Verb("what waits, how far the threshold is, the lease, the last runs, the live version", changes=False),
    "rollback": Verb("make an older version live; lasts until the next publication"),
    "pin": Verb("keep the live version: retrains end without training"),
    "unpin": Verb("let retrains publish again"),
    "retrain": Verb("ask for a retrain, through the queue"),
    "rebuild": Verb("the same, re-reading every appointment and comparing"),
    "free-lease": Verb("end the lease of a run that died, instead of waiting until it ends by itself"),
    "forget": Verb("withdraw a deleted appointment's usage now, whatever is kept of purged ones"),
    "erase": Verb(
        "forget an appointment, purge dead letters and delete every older copy of the history, which named it"
    ),
    "import-usage": Verb("learn from usage before the app, from a CSV file"),
}


def parser() -> argparse.ArgumentParser:
    verbs = argparse.ArgumentParser(prog="python -m restock", description="Operate Restock by hand.")
    verbs.add_argument("--trace", action="store_true", help="after an error, show where in the code it happened")
    choices = verbs.add_subparsers(dest="verb", required=True, metavar="VERB")
    added = {name: choices.add_parser(name, help=verb.help, description=verb.help) for name, verb in VERBS.items()}
    added["rollback"].add_argument("version", type=int)
    added["rollback"].add_argument("--pin", action="store_true", help="and keep it until unpinned")
    for name in ("retrain", "rebuild"):
        added[name].add_argument("--force", action="store_true", help="publish although the gate refuses")
        added[name].add_argument("--wait", action="store_true", help="wait for the run and say how it ended")
    added["rebuild"].add_argument("--adopt", action="store_true", help="and take over what was published elsewhere")
    for name in ("forget", "erase"):
        added[name].add_argument("appointment", metavar="ID")
    added["import-usage"].add_argument("file", type=Path)
    added["import-usage"].add_argument(
        "--before", metavar="DAY", type=written.day, required=True, help="the app's first day"
    )
    for name, verb in VERBS.items():
        added[name].add_argument("--shop", metavar="SHOP", default="", help="of a chain: which one is meant")
        if verb.changes:
            added[name].add_argument("--yes", action="store_true", help="do not ask before changing a real project")
    return verbs
