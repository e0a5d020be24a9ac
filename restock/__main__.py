"""The operator's verbs: ``python -m restock status``, rollback, pin, unpin, retrain, rebuild, forget and so on.

They act, with the caller's own credentials, on the Restock that the environment names, and say first which that is.
``python -m local VERB`` means the local stack (``make up``), ``python -m infra VERB`` the deployed one.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property

from restock.counting.appointments import CountingRules
from restock.errors import BadRequestError, RestockError, SettingsError
from restock.gcp import dead_letters
from restock.gcp.firestore import FirestoreDocuments
from restock.gcp.storage import BucketObjects
from restock.gcp.tasks import CloudTasksQueue
from restock.history import importing
from restock.history.forget import forget
from restock.history.usage_file import read_file
from restock.operating import verbs
from restock.operating.command_line import VERBS, parser
from restock.operating.described import described, lease_described
from restock.operating.erasing import ErasingTools, erase
from restock.operating.remedies import remedy
from restock.operating.status import look
from restock.operating.target import Target, target_of
from restock.retraining.levels import follow_levels
from restock.scoped import documents_of, objects_of, queue_of
from restock.serving.model import Model
from restock.settings import RETRAIN, Settings
from restock.shops import Shops
from restock.stored import names
from restock.stored.pointer import Pointer
from restock.stored.run_record import RUNNING, RunRecord
from restock.stored.shop import Shop
from restock.stored.state import read_state
from restock.stores import DocumentStore, ObjectStore, RetrainQueue

WATCH_SECONDS = 1800
WHICH_RESTOCK = "Name one: `python -m local VERB` is the local one (make up), `python -m infra VERB` the deployed one."


class Operated:
    """The Restock that is meant. Its stores are reached when a verb first needs them."""

    def __init__(self, shop: Shop, target: Target) -> None:
        self.shop, self.settings, self._target = shop.id, shop.settings, target

    @cached_property
    def documents(self) -> DocumentStore:
        return documents_of(self.shop, FirestoreDocuments(self.settings.project))

    @cached_property
    def objects(self) -> ObjectStore:
        return objects_of(self.shop, BucketObjects(self.settings.project, self.settings.bucket))

    @cached_property
    def queue(self) -> RetrainQueue:
        return queue_of(self.shop, CloudTasksQueue(self.settings))

    def purge(self, before: datetime) -> None:
        """Dead letters; the local stack keeps none."""
        if not self._target.is_local:
            dead_letters.purge(self.settings.project, before)


def main(words: list[str] | None = None) -> int:
    asked = parser().parse_args(words)
    bucket = ""
    try:
        settings = Settings.from_env(RETRAIN)
        bucket = settings.bucket
        target = target_of(settings.project, os.environ)
        print(f"{asked.verb}: {target.name}{asked.shop and f', shop {asked.shop}'}", flush=True)
        if VERBS[asked.verb].changes and not target.is_local and not asked.yes:
            agree(asked.verb, target)
        shop = Shops(settings, lambda: FirestoreDocuments(settings.project)).find(asked.shop)
        return DOES[asked.verb](asked, Operated(shop, target))
    except SettingsError as exc:
        print(f"{exc}\n{WHICH_RESTOCK}", file=sys.stderr)
        return 2
    except RestockError as exc:
        if asked.trace:
            raise
        cure = remedy(exc, bucket)
        print(f"{exc}\n{f'what to do: {cure}' if cure else ''}".rstrip(), file=sys.stderr)
        return 1
    except Exception as exc:
        if asked.trace:
            raise
        print(
            f"{type(exc).__name__}: {exc}\nNobody foresaw this. Where it happened: python -m restock --trace ...",
            file=sys.stderr,
        )
        return 1


def agree(verb: str, target: Target) -> None:
    """Raises BadRequestError unless a person says yes; where nobody can be asked, ``--yes`` must have said so."""
    try:
        answer = input(f"{verb} changes {target.name}. Go on? [y/N] ")
    except EOFError:
        raise BadRequestError("nobody is there to ask: say --yes") from None
    if answer.strip().casefold() not in {"y", "yes"}:
        raise BadRequestError("nothing was changed")


def status(_: argparse.Namespace, on: Operated) -> int:
    found = look(on.documents, on.objects, on.settings.retrain_threshold, reads)
    print(described(found, datetime.now(UTC), on.settings.bucket))
    return 1 if found.problems else 0


def rollback(asked: argparse.Namespace, on: Operated) -> int:
    pointer = verbs.roll_back(on.objects, asked.version, datetime.now(UTC), reads, pin=asked.pin)
    lasting = "until unpinned" if pointer.pinned else "until the next publication; add --pin to keep it"
    return say(f"version {pointer.version} is live again, {lasting}; {levels_for_apps(on, datetime.now(UTC))}")


def levels_for_apps(on: Operated, now: datetime) -> str:
    """Those of the version that is live now, at once. Without them a rollback stands, and the next run writes them."""
    try:
        follow_levels(on.documents, on.objects, CountingRules.of(on.settings).day_at(now), now)
    except RestockError as exc:
        return f"the levels for apps follow with the next run: {exc}"
    return "the levels for apps follow it"


def pin(_: argparse.Namespace, on: Operated) -> int:
    return say(f"version {verbs.pin(on.objects, datetime.now(UTC)).version} is pinned")


def unpin(_: argparse.Namespace, on: Operated) -> int:
    threshold = on.settings.retrain_threshold
    pointer, found = verbs.unpin(on.objects, on.documents, on.queue, threshold, datetime.now(UTC))
    return say(f"version {pointer.version} is no longer pinned; {found}")


def retrain(asked: argparse.Namespace, on: Operated) -> int:
    before = read_state(on.documents).run
    is_rebuild = asked.verb == "rebuild"
    adopt = is_rebuild and asked.adopt
    task = verbs.ask_for_retrain(on.queue, rebuild=is_rebuild, force=asked.force, adopt=adopt)
    if not asked.wait:
        return say(f"asked for a retrain (task {task}); follow it with status")
    return say(watch(on.documents, before))


def free_lease(_: argparse.Namespace, on: Operated) -> int:
    freed = verbs.free_lease(on.documents)
    if freed is None:
        return say("no lease is held; nothing was changed")
    return say(f"the lease is free; it was {lease_described(*freed, datetime.now(UTC))}")


def forget_one(asked: argparse.Namespace, on: Operated) -> int:
    if not forget(asked.appointment, on.documents, on.objects, CountingRules.of(on.settings).digest):
        return say(f"nothing is known of an appointment {asked.appointment}")
    verbs.ask_for_retrain(on.queue)
    return say(f"the usage of {asked.appointment} is withdrawn; the retrain just asked for takes it out of the history")


def erase_one(asked: argparse.Namespace, on: Operated) -> int:
    rules, now = CountingRules.of(on.settings), lambda: datetime.now(UTC)
    tools = ErasingTools(on.documents, on.objects, on.queue, rules, on.purge, clock=now, wait=lambda: time.sleep(2))
    return say(erase(asked.appointment, tools))


def import_usage(asked: argparse.Namespace, on: Operated) -> int:
    today = CountingRules.of(on.settings).day_at(datetime.now(UTC))
    importing.check_before(asked.before, today, importing.first_counted(on.objects))
    usage = read_file(asked.file, earliest=on.settings.history_start, before=asked.before)
    importing.store(on.objects, usage)
    return say(importing.told(usage))


DOES: dict[str, Callable[[argparse.Namespace, Operated], int]] = {
    "status": status,
    "rollback": rollback,
    "pin": pin,
    "unpin": unpin,
    "retrain": retrain,
    "rebuild": retrain,
    "free-lease": free_lease,
    "forget": forget_one,
    "erase": erase_one,
    "import-usage": import_usage,
}


def say(text: str) -> int:
    print(text)
    return 0


def reads(forecast: bytes, pointer: Pointer) -> Model:
    """As the forecast function opens what the pointer names."""
    return Model.from_bytes(forecast, pointer, generation=0)


def watch(documents: DocumentStore, before: int) -> str:
    """Wait for the first run after ``before`` to end; its record for a person."""
    deadline = time.monotonic() + WATCH_SECONDS
    while time.monotonic() < deadline:
        time.sleep(1)
        found = [run for run in documents.newest(names.RUNS, "run", 3) if run.fields.get("run", 0) > before]
        run = RunRecord.from_fields(found[-1].fields) if found else None
        if run and run.status != RUNNING:
            return f"run {run.run}: {run.decision} ({sum(run.seconds.values()):.1f} s)"
    raise RestockError(f"no run ended within {WATCH_SECONDS} s; see status, and the queue")


if __name__ == "__main__":
    sys.exit(main())
