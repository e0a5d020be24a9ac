"""The operator's verbs: ``python -m restock status``, rollback, pin, unpin, retrain, rebuild, forget, import-usage.

They act, with the caller's own credentials, on the Restock that the environment names; without one, on the local stack
that is running (``make up`` writes .local/stack.json). ``python -m infra VERB`` means the deployed one.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from restock import local_stack, operating, written
from restock.counting.appointments import CountingRules
from restock.errors import RestockError, SettingsError
from restock.gcp.firestore import FirestoreDocuments
from restock.gcp.storage import BucketObjects
from restock.gcp.tasks import CloudTasksQueue
from restock.history import importing
from restock.history.forget import forget
from restock.history.usage_file import read_file
from restock.settings import RETRAIN, Settings
from restock.stored import names
from restock.stored.run_record import RUNNING, RunRecord

LOCAL_STACK = local_stack.FILE
WATCH_SECONDS = 1800
WHICH_RESTOCK = "Start Restock here with `make up`, or speak to the deployed one with `python -m infra ...`."


def parser() -> argparse.ArgumentParser:
    verbs = argparse.ArgumentParser(prog="python -m restock", description="Operate Restock by hand.")
    verb = verbs.add_subparsers(dest="verb", required=True, metavar="VERB")
    verb.add_parser("status", help="how far the threshold is, the lease, the last runs, the live version and its age")
    rollback = verb.add_parser("rollback", help="make an older version live; lasts until the next publication")
    rollback.add_argument("version", type=int)
    rollback.add_argument("--pin", action="store_true", help="and keep it until unpinned")
    verb.add_parser("pin", help="keep the live version: retrains end without training")
    verb.add_parser("unpin", help="let retrains publish again")
    forgotten = verb.add_parser(
        "forget", help="withdraw a deleted appointment's usage now, whatever is kept of purged ones"
    )
    forgotten.add_argument("appointment", metavar="ID")
    imported = verb.add_parser("import-usage", help="learn from usage before the app, from a CSV file")
    imported.add_argument("file", type=Path)
    imported.add_argument("--before", metavar="DAY", type=written.day, required=True, help="the app's first day")
    for name, help in (
        ("retrain", "ask for a retrain, through the queue"),
        ("rebuild", "the same, re-reading every appointment and comparing"),
    ):
        asked = verb.add_parser(name, help=help)
        asked.add_argument("--force", action="store_true", help="publish although the gate refuses")
        if name == "rebuild":
            asked.add_argument("--adopt", action="store_true", help="and take over what was published elsewhere")
        asked.add_argument("--wait", action="store_true", help="wait for the run and say how it ended")
    return verbs


def main(words: list[str] | None = None) -> int:
    asked = parser().parse_args(words)
    try:
        adopt_local_stack()
        settings = Settings.from_env(RETRAIN)
        print(act(asked, settings))
    except SettingsError as exc:
        print(f"{exc}\n{WHICH_RESTOCK}", file=sys.stderr)
        return 2
    except RestockError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def adopt_local_stack() -> None:
    """Where the environment names no project, the running local stack is meant."""
    if not os.environ.get("GOOGLE_CLOUD_PROJECT"):
        os.environ.update(local_stack.environment(LOCAL_STACK))


def act(asked: argparse.Namespace, settings: Settings) -> str:
    documents = FirestoreDocuments(settings.project)
    objects = BucketObjects(settings.project, settings.bucket)
    queue, now = CloudTasksQueue(settings), datetime.now(UTC)
    if asked.verb == "status":
        return operating.described(operating.look(documents, objects, settings.retrain_threshold))
    if asked.verb == "rollback":
        pointer = operating.roll_back(objects, asked.version, now, pin=asked.pin)
        lasting = "until unpinned" if pointer.pinned else "until the next publication; add --pin to keep it"
        return f"version {pointer.version} is live again, {lasting}"
    if asked.verb == "pin":
        return f"version {operating.pin(objects, now).version} is pinned"
    if asked.verb == "unpin":
        pointer, found = operating.unpin(objects, documents, queue, settings.retrain_threshold, now)
        return f"version {pointer.version} is no longer pinned; {found}"
    if asked.verb == "forget":
        if not forget(asked.appointment, documents, objects, CountingRules.of(settings).digest):
            return f"nothing is known of an appointment {asked.appointment}"
        operating.ask_for_retrain(queue)
        return f"the usage of {asked.appointment} is withdrawn; the retrain just asked for takes it out of the history"
    if asked.verb == "import-usage":
        today = CountingRules.of(settings).day_at(now)
        importing.check_before(asked.before, today, importing.first_counted(objects))
        usage = read_file(asked.file, earliest=settings.history_start, before=asked.before)
        importing.store(objects, usage)
        return importing.told(usage)
    before = operating.look(documents, objects, settings.retrain_threshold).state.run
    adopt = asked.verb == "rebuild" and asked.adopt
    name = operating.ask_for_retrain(queue, rebuild=asked.verb == "rebuild", force=asked.force, adopt=adopt)
    if not asked.wait:
        return f"asked for a retrain (task {name}); see `restock status`"
    return watch(documents, before)


def watch(documents: FirestoreDocuments, before: int) -> str:
    """Wait for the first run after ``before`` to end; its record for a person."""
    deadline = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < deadline:
        time.sleep(1)
        runs = [RunRecord.from_fields(found.fields) for found in documents.newest(names.RUNS, "run", 3)]
        later = [run for run in runs if run.run > before]
        if later and later[-1].status != RUNNING:
            run = later[-1]
            return f"run {run.run}: {run.decision} ({sum(run.seconds.values()):.1f} s)"
    raise RestockError(f"no run ended within {WATCH_SECONDS} s; see `restock status` and the queue")


if __name__ == "__main__":
    sys.exit(main())
