"""The full read: first training and rebuild, which alone cost a document per appointment.

Here the appointments are documents in Firestore's emulator, which serves a few thousand a second; on Google Cloud the
pages come faster. What is ours is the CPU, the memory and the number of documents.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.harness import Server
from bench.results import Row, Section, count_row, shown
from bench.retrained import PARTS, Retrained, retrained, shop_of
from bench.sized_shop import SizedShop, is_same_usage
from bench.world import Premises
from local.processes import ProcessError
from local.stack import Stack
from restock.history.history import History
from restock.history.rebuild import KEPT_EVERY
from restock.settings import RETRAIN
from restock.stored import names
from restock.stored.pointer import Pointer

MOST_ATTEMPTS = 12

KINDS: dict[str, dict[str, Any]] = {
    "first training": {"reason": "schedule"},
    "rebuild": {"reason": "manual", "rebuild": True},
}


def section(stack: Stack, functions: Path, *, quick: bool) -> Section:
    rows: list[Row] = []
    detail: list[tuple[str, ...]] = [
        ("appointments", "kind", "wall", "of it reading", "per 1,000 read", "CPU", "peak memory", "read", "written")
    ]
    for appointments in (1_000,) if quick else (1_000, 10_000, 30_000):  # beyond, the emulator is what is measured
        place = Premises.made(stack, f"rebuild-{appointments}")
        shop = shop_of(place.environment, appointments)
        place.write(names.CATALOGUE, shop.catalogue())
        place.write(names.APPOINTMENTS, shop.documents())
        for kind, body in KINDS.items():
            one = retrained(place, functions, shop, 0, body)
            if not is_same_usage(live_history(place), shop.history):
                raise ProcessError(f"the {kind} of {appointments:,} appointments found another history than theirs")
            most = appointments + PARTS + 20
            rows.append(count_row(f"{appointments:,} appointments, {kind}: documents read", one.documents_read, most))
            detail.append(line(kind, one))
        if appointments > KEPT_EVERY * 2:
            rows.append(continued(place, functions, shop, one.stages["full read"] + one.stages["fitted"]))
        stack.firestore.clear(place.project)
    return Section("Reading everything", rows, NOTES, detail)


NOTES = (
    "REBUILD_PARALLEL ranges of ids are read at once; the emulator and the reader share the machine.",
    "The history each of them wrote was compared with the one the appointments were made from.",
)


def continued(place: Premises, functions: Path, shop: SizedShop, seconds: float) -> Row:
    """A rebuild whose deadline is well below what it takes, asked for again as the queue would."""
    deadline = max(int(0.6 * seconds), 5)
    short = {**place.environment, "RETRAIN_DEADLINE_SECONDS": str(deadline), "REBUILD_PARALLEL": "1"}
    body, headers = json.dumps(KINDS["rebuild"]).encode(), {"Content-Type": "application/json"}
    attempts = 0
    with Server(RETRAIN, functions, short) as server:
        status = 0
        while status != 200:
            attempts += 1
            status, answer = server.post("/", body, headers)
            if attempts == MOST_ATTEMPTS:
                raise ProcessError(f"the rebuild was not done after {attempts} attempts of {deadline} s: {answer!r}")
    if not is_same_usage(live_history(place), shop.history):
        raise ProcessError("the continued rebuild found another history")
    what = f"{shop.appointments:,} appointments, rebuild under a deadline of {deadline} s"
    return Row(what, f"done in {attempts} attempts, the same history", f"in one attempt: {shown(seconds, 's')}")


def live_history(place: Premises) -> History:
    objects = place.objects()
    live = Pointer.from_bytes(objects.read(names.POINTER).data)
    return History.from_bytes(objects.read(names.history(live.history)).data)


def line(kind: str, one: Retrained) -> tuple[str, ...]:
    reading = one.stages["full read"]
    return (
        f"{one.shop.appointments:,}",
        kind,
        shown(one.wall, "s"),
        shown(reading, "s"),
        shown(1000 * reading / one.shop.appointments, "s"),
        shown(one.cpu, "s"),
        shown(one.peak, "B"),
        f"{one.documents_read:,}",
        f"{one.documents_written:,}",
    )
