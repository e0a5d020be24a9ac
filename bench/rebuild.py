"""The full read: first training and rebuild, which alone cost a document per appointment.

Here the appointments are documents in Firestore's emulator, which serves a few thousand a second; on Google Cloud the
pages come faster. What is ours is the CPU, the memory and the number of documents.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.results import Row, Section, count_row, shown
from bench.retrained import PARTS, Retrained, retrained, shop_of
from bench.sized_shop import is_same_usage
from bench.world import Place
from local.processes import ProcessError
from local.stack import Stack
from restock import pointer as pointers
from restock.pointer import Pointer
from restock.training.history import History

KINDS: dict[str, dict[str, Any]] = {
    "first training": {"reason": "schedule"},
    "rebuild": {"reason": "manual", "rebuild": True},
}


def section(stack: Stack, functions: Path, *, quick: bool) -> Section:
    rows: list[Row] = []
    detail: list[tuple[str, ...]] = [
        ("appointments", "kind", "wall", "of it reading", "per 1,000 read", "CPU", "peak memory", "read", "written")
    ]
    for appointments in (1_000,) if quick else (1_000, 10_000, 100_000):
        place = Place.made(stack, f"rebuild-{appointments}")
        shop = shop_of(place.environment, appointments)
        place.write("spare_parts", shop.catalogue())
        place.write("appointments", shop.documents())
        for kind, body in KINDS.items():
            one = retrained(place, functions, shop, 0, body)
            if not is_same_usage(live_history(place), shop.history):
                raise ProcessError(f"the {kind} of {appointments:,} appointments found another history than theirs")
            most = appointments + PARTS + 20
            rows.append(count_row(f"{appointments:,} appointments, {kind}: documents read", one.documents_read, most))
            detail.append(line(kind, one))
        stack.firestore.clear(place.project)
    return Section("Reading everything", rows, detail=detail)


def live_history(place: Place) -> History:
    objects = place.objects()
    live = Pointer.from_bytes(objects.read(pointers.NAME).data)
    return History.from_bytes(objects.read(pointers.history_name(live.history)).data)


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
