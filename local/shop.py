"""A repair shop's past, invented but the same every time: a catalogue, its appointments, and the mess real data has.

    catalogue()                       40 documents of spare_parts
    history(ending, days=180)         (id, document) of every appointment, oldest first, some of them messy
    bookings(today, days=14)          (id, document) of what is booked for today and the days after, still to be done
    messy(day)                        one appointment of every kind of mess, named after it

A few parts sell daily and many hardly ever; Saturdays are busy, Sundays closed; oil is sold by the half litre. It
books as the app does: one of four services, each spelled in two ways, days or weeks ahead or, by the admin, on the day;
moving a booking writes ``dateTime`` alone, cancelling deletes it, and who does not come is rejected.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from restock.stored.names import APPOINTMENTS, CATALOGUE

Document = dict[str, Any]

APPOINTMENTS_A_DAY = 8.0
WEEKDAY_FACTOR = (1.1, 0.9, 0.85, 0.95, 1.15, 1.3, 0.0)  # Monday to Sunday
OUTCOMES = (("completed", 0.92), ("rejected", 0.06), ("in_process", 0.02))
SERVICES: Mapping[str, tuple[str, ...]] = {
    "Full\nService": ("Oils", "Filters", "Wear"),
    "Brake\nService": ("Brakes",),
    "Electrical\nCheck": ("Electrics",),
    "General\nRepair": ("Chassis", "Cooling", "Body", "Wear"),
}
"""Each with the kinds of parts it mostly uses; the app stores it with the line break and without."""
TYPICAL = 6.0
"""A service's own kinds of parts are used so many times as often as in other jobs."""
WALK_INS, MOVED, CANCELLED = 0.3, 0.08, 0.1
"""Shares: of the jobs those that the admin adds on the day, of the bookings those moved, and those deleted in time."""
USUAL_LEAD, LONGEST_LEAD = 9.0, 90
"""Days."""
PARTS = (
    # category, names: the order is the order of popularity
    ("Oils", "Engine Oil 5W-30", "Gear Oil 75W-90", "Brake Fluid DOT 4", "Coolant"),
    ("Filters", "Oil Filter", "Air Filter", "Cabin Filter", "Fuel Filter"),
    ("Brakes", "Brake Pads Front", "Brake Pads Rear", "Brake Disc Front", "Brake Disc Rear", "Handbrake Cable"),
    ("Electrics", "Battery 70Ah", "Headlight Bulb H7", "Spark Plug", "Alternator", "Starter Motor", "Lambda Sensor"),
    ("Wear", "Wiper Blade Front", "Wiper Blade Rear", "Drive Belt", "Timing Belt Kit", "Clutch Kit", "Exhaust Clamp"),
    ("Chassis", "Shock Absorber", "Coil Spring", "Ball Joint", "Track Rod End", "Wheel Bearing", "Anti-Roll Bar Link"),
    ("Cooling", "Thermostat", "Water Pump", "Radiator", "Radiator Hose"),
    ("Body", "Door Mirror", "Door Handle", "Number Plate Light", "Fuel Cap", "Étrier Kit, Käfer"),
)
RENAMED = {"Wiper Blade Front": "Front Wiper (old name)"}
"""What a part was called before: entries with its id still find it, entries with the old name alone do not."""


@dataclass(frozen=True)
class ShopPart:
    id: str
    name: str
    category: str
    weight: float
    """Its share of all entries, before normalising."""

    @property
    def is_sold_by_volume(self) -> bool:
        return self.category == "Oils"

    @property
    def price(self) -> float:
        return round(4 + 2.5 * len(self.name) % 90, 2)


@cache
def parts() -> Sequence[ShopPart]:
    """The shop's parts, best sellers first: popularity falls off with the rank, so most of them move slowly."""
    ranked = sorted(
        (
            (place, number, category, name)
            for number, (category, *names) in enumerate(PARTS)
            for place, name in enumerate(names)
        ),
    )
    return [
        ShopPart(f"part-{number:02d}", name, category, weight=(number + 1) ** -1.35)
        for number, (_, _, category, name) in enumerate(ranked)
    ]


def catalogue() -> list[tuple[str, Document]]:
    """The documents of spare_parts."""
    created = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)
    return [
        (
            part.id,
            {
                "name": part.name,
                "category": part.category,
                "sku": f"SKU-{number:04d}",
                "brand": ("Bosch", "Mann", "Brembo", "Febi")[number % 4],
                "price": part.price,
                "stock": (number * 7) % 23,
                "compatible": ["all"],
                "imageUrl": None,
                "createdAt": created,
                "updatedAt": created,
            },
        )
        for number, part in enumerate(parts())
    ]


def history(
    ending: date, *, days: int = 180, per_day: float = APPOINTMENTS_A_DAY, zone: str = "Europe/London", seed: int = 7
) -> Iterator[tuple[str, Document]]:
    """Every appointment of the `days` days up to and including `ending`, and one of every kind of mess among them."""
    chance = random.Random(seed)
    mess_day = ending - timedelta(days=min(days - 1, 30))
    for offset in range(days):
        day = ending - timedelta(days=days - 1 - offset)
        expected = per_day * WEEKDAY_FACTOR[day.weekday()] * (1 + 0.15 * math.sin(offset / 29))
        for number in range(poisson(chance, expected)):
            yield f"{day:%Y%m%d}-{number:02d}", appointment(chance, day, zone)
        if day == mess_day:
            yield from messy(day).items()


def bookings(
    today: date, *, days: int = 14, per_day: float = APPOINTMENTS_A_DAY, zone: str = "Europe/London", seed: int = 8
) -> Iterator[tuple[str, Document]]:
    """What stands in the book for the days from ``today`` on: ever less of the jobs of later days."""
    chance = random.Random(seed)
    for offset in range(days):
        day = today + timedelta(days=offset)
        for number in range(poisson(chance, per_day * WEEKDAY_FACTOR[day.weekday()])):
            lead = _lead(chance)
            gone = chance.random() < CANCELLED
            if lead > offset and not gone:
                yield f"book-{day:%Y%m%d}-{number:02d}", _booking(chance, day, zone, lead) | {"status": "pending"}


def appointment(chance: random.Random, day: date, zone: str) -> Document:
    """One booking as the app left it after its day; those that were cancelled are no more."""
    document = _booking(chance, day, zone, _lead(chance))
    status = chance.choices([name for name, _ in OUTCOMES], [share for _, share in OUTCOMES])[0]
    document["status"] = status
    document["updatedAt"] = datetime.combine(day, time(18), ZoneInfo(zone)).astimezone(UTC)
    if status == "completed":
        document["spareParts"] = [entry(part, quantity_of(chance, part)) for part in _used(chance, document["service"])]
    if status == "rejected":
        document["rejectionReason"] = "did not come"
    return document


def _lead(chance: random.Random) -> int:
    """How many days ahead: none if the admin adds it on the day, else one or more, as the app's calendar opens."""
    if chance.random() < WALK_INS:
        return 0
    return min(1 + int(chance.expovariate(1 / USUAL_LEAD)), LONGEST_LEAD)


def _booking(chance: random.Random, day: date, zone: str, lead: int) -> Document:
    """Of a day, made so many days before; where it was moved there, ``date`` keeps the old day."""
    hour, service = chance.randrange(8, 17), chance.choice(list(SERVICES))
    start = datetime.combine(day, time(hour), ZoneInfo(zone))
    made = start.astimezone(UTC) - timedelta(days=lead, hours=1)
    is_moved = lead > 0 and chance.random() < MOVED
    first_day = _open_day(day - timedelta(days=chance.randrange(1, 8))) if is_moved else day
    return {
        "userId": f"user-{chance.randrange(400):03d}",
        "service": service if chance.random() < 0.5 else service.replace("\n", " "),
        "date": first_day.isoformat(),
        "timeSlot": f"{hour:02d}:00",
        "dateTime": start.replace(tzinfo=None).isoformat() if is_moved else start.astimezone(UTC),
        "spareParts": None,
        "createdAt": made - timedelta(days=7 * is_moved),
        "updatedAt": made,
    }


def _open_day(day: date) -> date:
    return day if WEEKDAY_FACTOR[day.weekday()] else day - timedelta(days=1)


def _used(chance: random.Random, service: str) -> list[ShopPart]:
    """The parts of a job, mostly of its service's kinds."""
    typical = SERVICES.get(service) or SERVICES[service.replace(" ", "\n")]
    ranked = parts()
    weights = [part.weight * (TYPICAL if part.category in typical else 1.0) for part in ranked]
    return list(dict.fromkeys(chance.choices(ranked, weights, k=chance.choice((1, 1, 2, 2, 3, 4)))))


def entry(part: ShopPart, quantity: float) -> Document:
    return {"id": part.id, "name": part.name, "quantity": quantity, "price": part.price}


def quantity_of(chance: random.Random, part: ShopPart) -> float:
    if part.is_sold_by_volume:
        return chance.choice((1.0, 3.5, 4.0, 4.5, 5.0))
    return chance.choice((1, 1, 1, 2, 2, 4))


def poisson(chance: random.Random, mean: float) -> int:
    """A Poisson number by counting uniform factors; fine for small means."""
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count


def messy(day: date) -> dict[str, Document]:
    """One appointment of every kind of mess in the contract, each named after it and otherwise sound."""
    by_name = {part.name: part for part in parts()}
    air, oil, wiper = by_name["Air Filter"], by_name["Engine Oil 5W-30"], by_name["Wiper Blade Front"]
    evening = datetime.combine(day, time(23, 30), UTC)  # the next day in Berlin, and in London during summer time
    created = datetime.combine(day - timedelta(days=2), time(10), UTC)

    def sound(**changes: Any) -> Document:
        whole: Document = {
            "userId": "user-001",
            "service": "Full Service",
            "date": day.isoformat(),
            "timeSlot": "10:00",
            "status": "completed",
            "spareParts": [entry(air, 1)],
            "createdAt": created,
        }
        whole |= changes
        return {field: value for field, value in whole.items() if value is not MISSING}

    def entries(*given: Any) -> Document:
        return sound(spareParts=list(given))

    def quantity(value: Any) -> Document:
        return entries({"id": air.id, "name": air.name, "quantity": value, "price": 9.5}, entry(oil, 4.5))

    return {
        "messy-status-capital": sound(status="COMPLETED"),
        "messy-status-blank-after": sound(status="Completed "),
        "messy-status-old-spelling": sound(status="COMPLETE"),
        "messy-status-incomplete": sound(status="incomplete"),
        "messy-status-not-completed": sound(status="not completed"),
        "messy-status-null": sound(status=None),
        "messy-status-missing": sound(status=MISSING),
        "messy-status-number": sound(status=4),
        "messy-parts-null": sound(spareParts=None),
        "messy-parts-missing": sound(spareParts=MISSING),
        "messy-parts-empty": sound(spareParts=[]),
        "messy-parts-text": sound(spareParts="Air Filter x 2"),
        "messy-parts-map": sound(spareParts={"0": entry(air, 1)}),
        "messy-entry-text": entries("Air Filter", entry(oil, 4.0)),
        "messy-entry-null": entries(None, entry(oil, 4.0)),
        "messy-entry-without-id": entries({"name": "Air Filter", "quantity": 2, "price": 9.5}),
        "messy-entry-name-in-capitals": entries({"name": " AIR FILTER ", "quantity": 1}),
        "messy-entry-id-null": entries({"id": None, "name": "air filter", "quantity": 1}),
        "messy-entry-id-only": entries({"id": air.id, "quantity": 1}),
        "messy-entry-nameless": entries({"quantity": 3}, entry(oil, 4.0)),
        "messy-entry-unknown-part": entries({"id": "part-gone", "name": "Cassette Deck", "quantity": 1}),
        "messy-entry-unknown-name": entries({"name": "Sundries", "quantity": 1}),
        "messy-entry-twice": entries(entry(air, 1), entry(air, 2), {"name": "Air Filter", "quantity": 1}),
        "messy-renamed-by-id": entries({"id": wiper.id, "name": RENAMED[wiper.name], "quantity": 2}),
        "messy-renamed-by-name": entries({"name": RENAMED[wiper.name], "quantity": 2}),
        "messy-quantity-text": quantity("2"),
        "messy-quantity-text-decimal": quantity(" 2.5 "),
        "messy-quantity-float": quantity(2.0),
        "messy-quantity-half": quantity(0.5),
        "messy-quantity-null": quantity(None),
        "messy-quantity-zero": quantity(0),
        "messy-quantity-negative": quantity(-1),
        "messy-quantity-words": quantity("two"),
        "messy-quantity-true": quantity(True),
        "messy-quantity-not-a-number": quantity(math.nan),
        "messy-quantity-infinite": quantity(math.inf),
        "messy-quantity-absurd": quantity(10**12),
        "messy-quantity-missing": entries({"id": air.id, "name": air.name}, entry(oil, 4.5)),
        "messy-date-null": sound(date=None),
        "messy-date-missing": sound(date=MISSING),
        "messy-date-day-first": sound(date=day.strftime("%d/%m/%Y")),
        "messy-date-words": sound(date="yesterday"),
        "messy-date-no-such-day": sound(date="2026-02-30"),
        "messy-date-timestamp": sound(date=evening),
        "messy-date-moment-with-zone": sound(date=f"{day.isoformat()}T23:30:00Z"),
        "messy-date-moment-without-zone": sound(date=f"{day.isoformat()}T23:30:00"),
        "messy-date-far-future": sound(date="2035-06-01"),
        "messy-date-long-past": sound(date="1970-01-01"),
        "messy-date-only-in-another-field": sound(date=None, createdAt=None, completedDate=day.isoformat()),
        "messy-date-only-as-datetime": sound(date=None, createdAt=None, dateTime=evening),
        "messy-date-nowhere": sound(date=None, createdAt=None),
        "messy-almost-empty": {"status": "completed"},
        "messy-empty": {},
    }


MISSING = object()
"""Marks a field that is left out."""
BATCH_SIZE = 400


def load(
    client: Any,
    appointments: Iterable[tuple[str, Document]],
    *,
    shelves: Iterable[tuple[str, Document]] | None = None,
    root: str = "",
    progress: Callable[[int], None] = lambda count: None,
) -> int:
    """Write the catalogue and the appointments through a Firestore client, many at a time; how many documents.

    ``root`` is a shop's of a chain, ``shelves`` its own catalogue.
    """
    written = 0
    batch, waiting = client.batch(), 0
    own = catalogue() if shelves is None else shelves
    for collection, documents in ((CATALOGUE, own), (APPOINTMENTS, appointments)):
        for document_id, fields in documents:
            batch.set(client.collection(root + collection).document(document_id), fields)
            waiting += 1
            if waiting == BATCH_SIZE:
                batch.commit()
                written += waiting
                progress(written)
                batch, waiting = client.batch(), 0
    batch.commit()
    progress(written + waiting)
    return written + waiting


def complete_like_the_app(client: Any, appointment_id: str, used: list[Document], *, day: date, now: datetime) -> None:
    """A clerk's evening: the booking exists, then one update completes it and sets its parts."""
    reference = client.collection(APPOINTMENTS).document(appointment_id)
    reference.update({"status": "completed", "spareParts": used, "completedDate": day.isoformat(), "updatedAt": now})


def book_like_the_app(client: Any, appointment_id: str, *, day: date, now: datetime) -> None:
    """A customer's booking, confirmed and taken in by the shop."""
    reference = client.collection(APPOINTMENTS).document(appointment_id)
    booking: Mapping[str, Any] = {
        "userId": "user-042",
        "service": "Full Service",
        "date": day.isoformat(),
        "timeSlot": "09:00",
        "dateTime": datetime.combine(day, time(9), UTC),
        "status": "in_process",
        "spareParts": None,
        "createdAt": now - timedelta(days=1),
        "updatedAt": now,
    }
    reference.set(dict(booking))
