"""The answer of /v1/bookings: the jobs booked for the coming days, and the parts they will need, against the stock.

Bookings are read when somebody asks, and kept as stock is; no forecast is made of them here (promise 5).
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from restock.counting.appointments import CountingRules
from restock.counting.bookings import Booked, BookingDocuments, read_booked
from restock.errors import StoreUnavailableError
from restock.logs import Log
from restock.serving.kept import Kept, Reading
from restock.serving.lines import Line
from restock.serving.model import Model
from restock.serving.ordering.booked_need import COVERED, Need, needs
from restock.serving.ordering.group import cost_of
from restock.serving.ordering.known import Known
from restock.serving.ordering.terms import Terms
from restock.serving.stock import PATIENCE
from restock.serving.v1 import last_day
from restock.stored.service_parts import ServiceParts

DECIMALS = 4
MOST_PERIODS = 16
"""So many different ones are kept."""
SHOWN_CHANCE = 0.05
"""Of a job's parts those are named that it needs at least so likely."""
USUAL_LEAD_TIME = 7
"""Days; it only tells when an order is late, where nobody has said."""
URGENT_DAYS = 3
"""Today, tomorrow and the day after: what is short for these is to be had today."""


@dataclass(frozen=True, slots=True)
class ReadBookings:
    booked: Booked
    at: datetime


class Bookings:
    """What is booked, by the period asked for; each is read again when it is no longer fresh."""

    def __init__(
        self,
        documents: BookingDocuments,
        rules: CountingRules,
        keep_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._documents, self._rules, self._keep_seconds = documents, rules, keep_seconds
        self._clock, self._now = clock, now
        self._periods: OrderedDict[tuple[date, int], Kept[ReadBookings]] = OrderedDict()

    def of(self, start: date, days: int) -> ReadBookings:
        """Raises StoreUnavailableError if they never could be read."""
        period = (start, days)
        kept = self._periods.setdefault(
            period, Kept(lambda: self._read(start, days), patience=PATIENCE, clock=self._clock)
        )
        while len(self._periods) > MOST_PERIODS:
            self._periods.popitem(last=False)
        return kept.get()

    def for_orders(self, today: date, log: Log) -> ReadBookings | None:
        """Those that today's order must do for; None where they cannot be read."""
        try:
            return self.of(today, URGENT_DAYS)
        except StoreUnavailableError as exc:
            log.warning("bookings could not be read; orders are advised without", reason=str(exc))
            return None

    def _read(self, start: date, days: int) -> Reading[ReadBookings]:
        now = self._now()
        return Reading(ReadBookings(read_booked(self._documents, start, days, self._rules), now), self._keep_seconds)


def bookings(
    model: Model, read: ReadBookings, catalogue: Mapping[int, Line], known: Known, values: Mapping[str, Any]
) -> dict[str, Any]:
    """The bookings by day, what each service needs, and the parts of all of them, those that are short first."""
    start, days, booked = values["from"], values["days"], read.booked
    services = model.artifact.header.services or ServiceParts()
    counted = booked.services()
    given: dict[str, dict[int, Any]] = {name: {} for name in ("lead_time", "minimum_order", "on_order")}
    terms = {row: Terms.of(row, line, known, given, USUAL_LEAD_TIME) for row, line in catalogue.items()}
    parts = [_part(model, need, terms.get(need.row)) for need in _needed(model, counted)]
    parts.sort(key=lambda part: (-(part["short_by"] or 0.0), -part["expected"], part["name"], part["part"]))
    return {
        "from": start.isoformat(),
        "through": last_day(start, days).isoformat(),
        "days": days,
        "documents_read": booked.read,
        "cut": booked.is_cut,
        "covered": COVERED,
        "bookings": [
            {"booking": one.id, "date": one.day.isoformat(), "service": one.service} for one in booked.bookings
        ],
        "services": [
            {
                "service": service,
                "jobs": number,
                "is_known": services.knows(service),
                "parts": [
                    {
                        **_named(model, use.row),
                        "chance": round(use.chance, DECIMALS),
                        "quantity": round(use.mean / use.chance, DECIMALS),
                    }
                    for use in services.of(service)
                    if use.chance >= SHOWN_CHANCE
                ],
            }
            for service, number in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
        ],
        "parts": parts,
    }


def needed_by_part(model: Model, read: ReadBookings | None) -> dict[str, Need]:
    """What booked jobs will need, by the part's key."""
    return {model.artifact.parts[need.row].key: need for need in _needed(model, read.booked.services())} if read else {}


def with_booked(part: dict[str, Any], need: Need | None, terms: Terms) -> dict[str, Any]:
    """A part of /v1/restock with what booked jobs are short of: to be had today, whatever its forecast says."""
    if need is None or need.at_most <= part["on_hand"]:
        return part | {"booked_need": need and round(need.at_most, DECIMALS)}
    missing = 0.0 if part["discontinued"] else need.at_most - part["on_hand"] - part["on_order"]
    quantity = part["wanted_quantity"]
    if missing > quantity:
        step = terms.pack or 1.0
        quantity = round(math.ceil(max(missing, terms.minimum_order) / step - 1e-6) * step, DECIMALS)
    reason = (
        f"Booked jobs until the day after tomorrow need about {need.expected:.3g}, likely at most {need.at_most:.4g}; "
        f"{part['on_hand']:g} are there"
    )
    return part | {
        "booked_need": round(need.at_most, DECIMALS),
        "order_quantity": quantity,
        "wanted_quantity": quantity,
        "order_today": bool(quantity),
        "cost": cost_of(quantity, terms.unit_cost),
        "reasons": [*part["reasons"], reason],
    }


def _needed(model: Model, counted: Mapping[str, int]) -> list[Need]:
    services = model.artifact.header.services or ServiceParts()
    unit = model.artifact.distribution.unit
    return [need for need in needs(services, counted, unit) if need.at_most > 0]


def _named(model: Model, row: int) -> dict[str, Any]:
    part = model.artifact.parts[row]
    return {"part": part.key, "name": part.name}


def _part(model: Model, need: Need, terms: Terms | None) -> dict[str, Any]:
    on_hand = terms.line.on_hand if terms else None
    short = None if on_hand is None else max(0.0, need.at_most - on_hand)
    return {
        **_named(model, need.row),
        "expected": round(need.expected, DECIMALS),
        "likely_at_most": round(need.at_most, DECIMALS),
        "chance": round(need.chance, DECIMALS),
        "on_hand": on_hand,
        "on_order": terms.on_order if terms else 0.0,
        "orders": terms.shown()["orders"] if terms else [],
        "short_by": None if short is None else round(short, DECIMALS),
    }
