"""A shop, its platform and Restock, in memory and in one thread: what the random histories are played on.

The code under test is the real one: ``count``, ``retrain`` and the operator's verbs. Each call runs as a greenlet that
stops before every effect on a store, so that any two can be interleaved there, and each can be crashed, refused or left
without its answer there. Nothing depends on the wall clock or on chance: the same steps give the same history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

from restock.counting.appointments import CountingRules
from restock.counting.count import AppointmentWritten, Version, count
from restock.errors import ConflictError, RestockError, StoreUnavailableError
from restock.logs import Log
from restock.operating import verbs
from restock.retraining.endings import Outcome
from restock.retraining.run import retrain
from restock.retraining.tools import Tools
from restock.stored import names
from restock.stored.names import STATE
from restock.stored.retrain_request import RetrainRequest
from tests.builders import a_settings
from tests.fakes import FakeTask
from tests.simulation.platform import Platform, ShopDocuments, ShopObjects, ShopQueue
from tests.unit.retraining.models import ABSURD, GOOD, ConstantFit, reads

THRESHOLD = 3
EVENT_LIVES = timedelta(hours=24)
DELIVERY_LIVES = timedelta(minutes=9)
"""An event function is stopped after so long."""


SPELLINGS = ("Oil Change", "Brake\nCheck", "Brake Check ")
"""What the app writes of two services."""

READS = ("get", "read", "query", "page", "count", "list")


class Quiet(Log):
    """Histories are many; their lines would be millions."""

    def _write(self, severity: str, message: str, fields: dict[str, Any]) -> None:
        pass


@dataclass(eq=False)
class Event:
    """One trigger event on its way. It is delivered at least once, or dropped after a day."""

    written: AppointmentWritten
    number: int
    is_delivered: bool = False

    @property
    def at(self) -> datetime:
        assert self.written.written_at
        return self.written.written_at


@dataclass(frozen=True, slots=True)
class Used:
    """What an appointment truly used: the checker's own idea of it, worked out without Restock's code."""

    quantity: float
    day: str
    service: str
    booked_on: str


@dataclass(eq=False)
class Process:
    """One call of a door or of an operator, somewhere between two effects."""

    kind: str
    greenlet: greenlet
    started: datetime
    event: Event | None = None
    task: FakeTask | None = None
    reason: str = ""
    next_effect: str = ""
    effects: list[str] = field(default_factory=list)
    fault: str = ""
    """What befalls the next effect: "refused" (it does not happen), "unanswered", or "echoed": the client tried again
    and met its own first try."""
    outcome: Outcome | None = None
    fit: ConstantFit | None = None

    @property
    def is_over(self) -> bool:
        return bool(self.greenlet.dead)

    @property
    def holds_lease(self) -> bool:
        """Or held it, and does not know better."""
        return f"update {STATE}" in self.effects or f"create {STATE}" in self.effects


@dataclass(frozen=True)
class Backup:
    """Everything as it was at one moment, to be put back later, in part or whole."""

    objects: dict[str, bytes]
    documents: dict[str, Any]
    used: dict[str, Used | None]
    events: tuple[Event, ...]
    completions: dict[str, list[Event]]
    in_flight: tuple[Event, ...]
    """Events of which this backup holds no trace."""


class World:
    """All state of one history. The three listeners are told of every effect, before and after it, and of every end."""

    def __init__(self, platform: Platform, *, keep_days: int | None, is_patient: bool, shop: str = "") -> None:
        self.shop, self.part = shop, f"p{shop}"
        self.clock = platform.clock
        self.documents = ShopDocuments(platform.documents, shop) if shop else platform.documents
        self.objects = ShopObjects(platform.objects, shop) if shop else platform.objects
        self.queue = ShopQueue(platform.queue, shop) if shop else platform.queue
        self.settings = a_settings(
            retrain_threshold=THRESHOLD,
            keep_usage_when_deleted_after_days=keep_days,
            time_zone="UTC",
            keep_versions_days=10,
            rebuild_parallel=1,
            rebuild_page_size=2,
            # A patient retrain never stops itself, so that it may wake up long after its lease
            retrain_deadline_seconds=1_000_000_000 if is_patient else 1500,
        )
        self.beside: list[World] = []
        self.keep_days = keep_days
        self.rules_of_counting = CountingRules.of(self.settings)
        self.used: dict[str, Used | None] = {}
        self.completions: dict[str, list[Event]] = {}
        self.events: list[Event] = []
        self.processes: list[Process] = []
        self.refuses_next = False
        self.about_to: Callable[[Process, str], None] = lambda process, effect: None
        self.done: Callable[[Process, str], None] = lambda process, effect: None
        self.ended: Callable[[Process], None] = lambda process: None
        self.documents.set(f"spare_parts/{self.part}", {"name": "P"})

    # The shop

    def write(self, appointment: str, status: str | None, quantity: float = 1) -> Event | None:
        """The app writes one appointment (None: deletes it); returns the event on its way."""
        path = names.appointment(appointment)
        before = self.documents.get(path)
        day = self.clock().date().isoformat()
        if status is None:
            if before is None:
                return None
            self.documents.delete(path)
            after, used = None, self._used_after_deletion(self.used.get(appointment))
        else:
            parts = [{"id": self.part, "name": "P", "quantity": quantity}]
            made = before.fields["createdAt"] if before else self.clock()
            booking = {"date": before.fields["date"] if before else day, "createdAt": made}
            booking["service"] = SPELLINGS[int(quantity) % len(SPELLINGS)]
            self.documents.set(path, {"status": status, "spareParts": parts, **booking, "note": "n"})
            after = self.documents.get(path)
            service = "brake check" if int(quantity) % len(SPELLINGS) else "oil change"
            used = Used(quantity, booking["date"], service, f"{made:%Y-%m-%d}") if status == "completed" else None
        written = AppointmentWritten(
            appointment,
            Version(before.fields, before.update_time) if before else None,
            Version(after.fields, after.update_time) if after else None,
            self.clock(),
        )
        event = Event(written, len(self.events))
        if used and not self.used.get(appointment):
            self.completions.setdefault(appointment, []).append(event)
        self.used[appointment] = used
        self.events.append(event)
        return event

    def _used_after_deletion(self, used: Used | None) -> Used | None:
        if used is None or self.keep_days is None:
            return None
        oldest_withdrawn = (self.clock() - timedelta(days=self.keep_days)).date().isoformat()
        return used if used.day <= oldest_withdrawn else None

    # What operators put back

    def back_up(self) -> Backup:
        objects = {name: found.data for name, found in self.objects.stored().items()}
        in_flight = tuple(event for event in self.events if not event.is_delivered)
        return Backup(
            objects,
            self.documents.copied(),
            dict(self.used),
            tuple(self.events),
            {appointment: list(events) for appointment, events in self.completions.items()},
            in_flight,
        )

    def put_back_objects(self, backup: Backup, names_of: Sequence[str]) -> None:
        """Copied over the live ones, so under new generations."""
        stored = self.objects.stored()
        for name in names_of:
            found = stored.get(name)
            if found is None or found.data != backup.objects[name]:
                self.objects.write(name, backup.objects[name], if_generation=found.generation if found else 0)

    def put_back_bucket(self, backup: Backup) -> None:
        for name in self.objects.stored().keys() - backup.objects.keys():
            self.objects.delete(name)
        self.put_back_objects(backup, list(backup.objects))

    def put_back_database(self, backup: Backup) -> None:
        """With the appointments in it: what was written since never was, and no event of it comes any more."""
        self.documents.put_back(backup.documents)
        self.used = dict(backup.used)
        self.events = list(backup.events)
        for event in self.events:
            event.is_delivered = True
        self.completions = {appointment: list(events) for appointment, events in backup.completions.items()}

    # The platform

    def start(self, kind: str, act: Callable[[Process], Any], **facts: Any) -> Process:
        """Start a call; it stands before its first effect."""
        process = Process(kind, greenlet(lambda: self._live(process, act)), self.clock(), **facts)
        self.processes.append(process)
        process.greenlet.switch()
        self._look_whether_over(process)
        return process

    def deliver(self, event: Event, skew: int = 0) -> Process:
        def act(process: Process) -> None:
            count(
                event.written,
                rules=self.rules_of_counting,
                threshold=THRESHOLD,
                documents=lambda: self.documents.client(*self._ears(process)),
                queue=lambda: self.queue.client(*self._ears(process)),
                now=self.clock() + timedelta(seconds=skew),
                log=Quiet("on_appointment"),
            )
            event.is_delivered = True

        return self.start("delivery", act, event=event)

    def retrain(self, request: RetrainRequest, skew: int = 0, task: FakeTask | None = None) -> Process:
        def act(process: Process) -> None:
            process.fit = ConstantFit(before=lambda: self._judge(process))
            tools = Tools(
                settings=self.settings,
                documents=self.documents.client(*self._ears(process)),
                objects=self.objects.client(*self._ears(process)),
                queue=self.queue.client(*self._ears(process)),
                fit=process.fit,
                log=Quiet("retrain"),
                clock=lambda: self.clock() + timedelta(seconds=skew),
            )
            process.outcome = retrain(replace(request, shop=self.shop), tools)

        return self.start("retrain", act, task=task, reason=request.reason)

    def dispatch(self, task: FakeTask, skew: int = 0) -> Process:
        return self.retrain(RetrainRequest(**task.body), skew, task)

    def operate(self, verb: str, version: int = 0) -> Process:
        def act(process: Process) -> None:
            objects, now = self.objects.client(*self._ears(process)), self.clock()
            documents = self.documents.client(*self._ears(process))
            if verb == "rollback":
                verbs.roll_back(objects, version, now, reads)
            elif verb == "pin":
                verbs.pin(objects, now)
            else:
                verbs.unpin(objects, documents, self.queue.client(*self._ears(process)), THRESHOLD, now)

        return self.start(verb, act)

    def _judge(self, process: Process) -> None:
        assert process.fit
        process.fit.judged = ABSURD if self.refuses_next else GOOD
        self.refuses_next = False

    # Processes

    def advance(self, process: Process, effects: int, fault: str = "") -> None:
        """Let a process do so many effects; the fault befalls the first."""
        process.fault = fault
        for _ in range(effects):
            if process.is_over:
                return
            process.greenlet.switch()
        self._look_whether_over(process)

    def finish(self, process: Process) -> None:
        while not process.is_over:
            process.greenlet.switch()
        self._look_whether_over(process)

    def crash(self, process: Process) -> None:
        """Its instance is gone, between two effects."""
        process.greenlet.throw(GreenletExit)
        self._look_whether_over(process)

    def running(self, *kinds: str) -> list[Process]:
        return [process for process in self.processes if not kinds or process.kind in kinds]

    def pass_time(self, span: timedelta) -> None:
        """The clock moves on, for this shop and those beside it."""
        self.clock.now += span
        for world in (self, *self.beside):
            world.stop_what_takes_too_long()

    def stop_what_takes_too_long(self) -> None:
        """The platform does, and tries tasks again that were not answered."""
        for process in self.running("delivery"):
            if self.clock() - process.started > DELIVERY_LIVES:
                self.crash(process)
        for process in self.running("retrain"):
            if process.task and self.clock() - process.started > timedelta(seconds=self.settings.task_deadline_seconds):
                self.queue.settle(process.task, None)
                process.task = None  # the answer, if ever, reaches nobody

    def _live(self, process: Process, act: Callable[[Process], Any]) -> None:
        try:
            act(process)
        except RestockError:
            process.outcome = None  # a delivery comes again, an operator is told

    def _look_whether_over(self, process: Process) -> None:
        if process.is_over and process in self.processes:
            self.processes.remove(process)
            if process.task:
                self.queue.settle(process.task, process.outcome.http_status if process.outcome else None)
            self.ended(process)

    def _ears(self, process: Process) -> tuple[Callable[[str], None], Callable[[str], None]]:
        """What hears of every effect of a process, before and after it."""

        root = names.root(self.shop)

        def before(effect: str) -> None:
            effect = effect.replace(root, "", 1)
            process.next_effect = effect
            if getcurrent() is process.greenlet:
                process.greenlet.parent.switch()
            if process.fault and (process.fault == "refused" or effect.split(maxsplit=1)[0] in READS):
                process.fault = ""
                raise StoreUnavailableError(f"{effect}: refused")
            process.effects.append(effect)
            self.about_to(process, effect)

        def after(effect: str) -> None:
            effect = effect.replace(root, "", 1)
            self.done(process, effect)
            fault, process.fault = process.fault, ""
            if fault == "echoed" and effect.split(maxsplit=1)[0] in ("create", "update", "write"):
                raise ConflictError(f"{effect}: met its own first try")
            if fault:
                raise StoreUnavailableError(f"{effect}: no answer")

        return before, after
