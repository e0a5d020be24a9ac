"""A day of a chain of shops, event by event through the real counting code, against a store that counts what is billed.

Nothing here is timed by a clock: the day is simulated, and each shop has changes, state and queue of its own, as
`docs/scale.md` lays a chain out. `shared=True` is the same day with all shops in one deployment of today's layout.
"""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bench.events import booking, completed
from bench.results import Row, Section, shown
from restock.counting.appointments import CountingRules
from restock.counting.count import AppointmentWritten, Version, count
from restock.errors import ConflictError
from restock.history.settling import mark_trained, read_pending
from restock.logs import Log
from restock.stored.names import STATE
from restock.stores import Fields, Snapshot, Update

APPOINTMENTS_A_DAY = 20
"""Completed ones, per shop, as in the measured shop of the contract."""
THRESHOLD = 10
CATALOGUE = 200
TRAINING = timedelta(seconds=60)
STATE_READS, STATE_WRITES = 3, 4
"""Of one retrain beside changes and catalogue: lease, record, release, threshold; as `make bench` measures them."""

EDITED, UNCOMPLETED, DELETED, RATED, TWICE = 0.03, 0.01, 0.005, 0.3, 0.01
"""Shares of appointments whose list is edited, that are taken back or deleted, rated, and of events delivered twice."""

RULES = CountingRules("Europe/London", frozenset({"completed", "complete"}), date(2010, 1, 1))
DAY = datetime(2026, 3, 2, tzinfo=UTC)


class Silence:
    """Where the log lines of a simulated day go."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None:
        pass


@dataclass
class BilledDocuments:
    """The documents of one shop, with every operation counted as Firestore bills it."""

    bill: Counter[str]
    documents: dict[str, tuple[dict[str, Any], datetime]] = field(default_factory=dict)
    now: datetime = DAY
    reads: int = 0
    writes: int = 0
    true: dict[str, set[str]] = field(default_factory=lambda: {"pending": set(), "awaiting": set()})

    def get(self, path: str) -> Snapshot | None:
        self.bill["reads"] += 1
        if path not in self.documents:
            return None
        fields, update_time = self.documents[path]
        return Snapshot(path, fields, update_time, self.now, update_time)

    def create(self, path: str, fields: Fields) -> None:
        if path in self.documents:
            raise ConflictError(path)
        self.set(path, fields)

    def set(self, path: str, fields: Fields) -> None:
        self.bill["writes"] += 1
        self.now += timedelta(microseconds=1)
        present = {name: value for name, value in fields.items() if value is not None}
        self.documents[path] = (present, self.now)
        for name, paths in self.true.items():
            (paths.add if present.get(name) else paths.discard)(path)

    def update(self, update: Update) -> None:
        fields, update_time = self.documents[update.path]
        if update_time != update.update_time:
            raise ConflictError(update.path)
        self.set(update.path, {**fields, **update.fields})

    def update_many(self, updates: Sequence[Update]) -> dict[str, datetime]:
        for update in updates:
            self.update(update)
        return {update.path: self.documents[update.path][1] for update in updates}

    def count_true(self, collection: str, field: str, up_to: int) -> int:
        found = min(up_to, len(self.true[field]))
        self.bill["reads"] += max(1, math.ceil(found / 1000))
        self.bill["aggregations"] += 1
        return found

    def where_true(self, collection: str, field: str) -> Iterator[Snapshot]:
        for path in sorted(self.true[field]):
            found = self.get(path)
            assert found
            yield found

    def pages(
        self, collection: str, fields: Sequence[str], page_size: int, after: str = "", up_to: str = ""
    ) -> Iterator[list[Snapshot]]:
        raise AssertionError("counting reads no collection")

    def newest(self, collection: str, field: str, limit: int) -> list[Snapshot]:
        raise AssertionError("counting reads no runs")


@dataclass
class Asked:
    """The queue of one shop: remembers the names it was given, and when the next retrain ends."""

    bill: Counter[str]
    names: set[str] = field(default_factory=set)
    due: datetime | None = None
    now: datetime = DAY

    def ask(self, name: str, body: Mapping[str, Any], *, not_before: datetime | None = None) -> bool:
        self.bill["task operations"] += 1
        if name in self.names:
            return False
        self.names.add(name)
        self.bill["task operations"] += 1  # its dispatch
        self.due = self.now + TRAINING
        return True


@dataclass
class Deployment:
    """One set of changes, state and queue: a shop's, or a whole chain's."""

    bill: Counter[str]
    runs: int = 0

    def __post_init__(self) -> None:
        self.documents, self.queue = BilledDocuments(self.bill), Asked(self.bill)

    def deliver(self, event: AppointmentWritten, now: datetime, log: Log) -> None:
        if self.queue.due and self.queue.due <= now:
            self.retrain(self.queue.due)
        self.documents.now = max(self.documents.now, now)
        self.queue.now = now
        self.bill["deliveries"] += 1
        count(
            event,
            rules=RULES,
            threshold=THRESHOLD,
            documents=lambda: self.documents,
            queue=lambda: self.queue,
            now=now,
            log=log,
        )

    def retrain(self, ended: datetime) -> None:
        """What a retrain does to the documents; its fitting is somebody else's bill."""
        pending = read_pending(self.documents).pending
        mark_trained(self.documents, pending, ended)
        self.runs += 1
        self.bill["retrains"] += 1
        self.bill["reads"] += CATALOGUE + STATE_READS
        self.bill["writes"] += STATE_WRITES
        self.documents.documents[STATE] = ({"run": self.runs}, ended)
        self.queue.due = None


@dataclass(frozen=True)
class Day:
    """What one simulated day took."""

    shops: int
    bill: Counter[str]
    busiest_second: int
    """The most deliveries in one second."""
    cpu_seconds: float

    def per_shop(self, what: str) -> float:
        return self.bill[what] / self.shops


def simulate(shops: int, *, shared: bool = False, seed: int = 8) -> Day:
    """One day; every shop then trains once more by schedule."""
    bill: Counter[str] = Counter()
    deployments = [Deployment(bill)] * shops if shared else [Deployment(bill) for _ in range(shops)]
    log = Log("chain", stream=Silence())  # type: ignore[arg-type]
    seconds: Counter[int] = Counter()
    began = time.process_time()
    for now, shop, event in deliveries(shops, random.Random(seed)):
        seconds[int(now.timestamp())] += 1
        deployments[shop].deliver(event, now, log)
    for deployment in {id(one): one for one in deployments}.values():
        deployment.retrain(DAY + timedelta(days=1))
    return Day(shops, bill, max(seconds.values()), time.process_time() - began)


def deliveries(shops: int, chance: random.Random) -> list[tuple[datetime, int, AppointmentWritten]]:
    """Every event of the day in the order it arrives; the same for the same seed."""
    found: list[tuple[datetime, int, AppointmentWritten]] = []
    day = DAY.date().isoformat()
    open_, done = booking(day), completed(day)
    for shop in range(shops):
        for number in range(APPOINTMENTS_A_DAY):
            found += [(now, shop, event) for now, event in life(f"s{shop}-{number}", open_, done, chance)]
    found.sort(key=lambda one: (one[0], one[1]))
    return found


def life(
    appointment: str, open_: Mapping[str, Any], done: Mapping[str, Any], chance: random.Random
) -> Iterator[tuple[datetime, AppointmentWritten]]:
    """One appointment's day: booked, confirmed, taken in, completed; then, for some, what clerks and customers do."""
    versions: list[Mapping[str, Any] | None] = [
        {**open_, "status": "pending"},
        {**open_, "status": "confirmed"},
        open_,
        done,
    ]
    if chance.random() < RATED:
        versions.append({**done, "rating": 5})
    if chance.random() < EDITED:
        versions.append({**done, "spareParts": [*done["spareParts"], {"id": "part-00009", "name": "", "quantity": 1}]})
    if chance.random() < UNCOMPLETED:
        versions.append({**done, "status": "in_process"})
    if chance.random() < DELETED:
        versions.append(None)
    moment = DAY + timedelta(hours=8, seconds=chance.uniform(0, 9 * 3600))
    before: Version | None = None
    for fields in versions:
        after = Version(fields, moment) if fields is not None else None
        event = AppointmentWritten(appointment, before, after)
        for _ in range(2 if chance.random() < TWICE else 1):
            yield moment + timedelta(seconds=chance.expovariate(1.0)), event
        before, moment = after, moment + timedelta(seconds=chance.uniform(60, 1800))


def section(*, quick: bool) -> Section:
    sizes = (10, 100) if quick else (10, 100, 1_000)
    days = {shops: simulate(shops) for shops in sizes}
    header = (
        "shops",
        "deliveries",
        "busiest second",
        "reads",
        "writes",
        "aggregations",
        "task operations",
        "retrains",
        "CPU",
    )
    lines = [header, *(_line(f"{shops:,}", day) for shops, day in days.items())]
    lines += [_line(f"{shops:,}, one deployment", simulate(shops, shared=True)) for shops in sizes]
    largest = days[sizes[-1]]
    rows = [
        Row(
            f"{what} per shop and day, {sizes[-1]:,} shops",
            f"{largest.per_shop(what):.1f}",
            f"10 shops: {days[10].per_shop(what):.1f}",
            f"{largest.per_shop(what) / days[10].per_shop(what):.2f} ×",
            "≤ 1.1 ×",
            largest.per_shop(what) <= 1.1 * days[10].per_shop(what),
        )
        for what in ("reads", "writes", "retrains")
    ]
    rows.append(
        Row("CPU of one delivery, counted in memory", shown(largest.cpu_seconds / largest.bill["deliveries"], "s"))
    )
    return Section("A day of a chain, simulated", rows, NOTES, lines)


NOTES = (
    f"{APPOINTMENTS_A_DAY} completed appointments a day per shop, each written 4 to 8 times within working hours; "
    f"{TWICE:.0%} of events come twice.",
    f"Threshold {THRESHOLD}, {TRAINING.seconds} s a training, a catalogue of {CATALOGUE} parts.",
    "First a shard per shop, as docs/scale.md lays a chain out; then the same day in one deployment of today's layout.",
)


def _line(shops: str, day: Day) -> tuple[str, ...]:
    kinds = ("reads", "writes", "aggregations", "task operations", "retrains")
    counts = (f"{day.bill[kind]:,}" for kind in kinds)
    return shops, f"{day.bill['deliveries']:,}", f"{day.busiest_second:,}", *counts, shown(day.cpu_seconds, "s")
