"""One random history: which steps there are, and how one is played on a shop's world.

A step is a verb and two small numbers that choose among what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from restock.settings import Settings
from restock.stored import names
from restock.stored.change import READABLE_SCHEMAS
from restock.stored.pointer import Pointer
from restock.stored.retrain_request import RetrainRequest
from tests.builders import rules
from tests.simulation.invariants import Invariants
from tests.simulation.platform import Platform
from tests.simulation.world import EVENT_LIVES, Backup, Event, Process, World

MOST_APPOINTMENTS = 8
MOST_AT_ONCE = 3
SHOPS = ("north", "north2")
"""Of a chain: one id begins with the other."""
SKEWS = (0, 0, 0, -240, 240)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

Step = tuple[str, int, int]


def platform_of(start: int) -> Platform:
    return Platform(remembers=timedelta(hours=(0, 1, 24)[start % 3]))


class Walk:
    """One history of one shop."""

    def __init__(self, start: int, platform: Platform | None = None, shop: str = "") -> None:
        self.world = World(
            platform or platform_of(start),
            keep_days=2 if start % 4 == 3 else None,
            is_patient=start % 2 == 0,
            shop=shop,
        )
        self.beside: list[Walk] = []
        """The other shops of a chain, for which time passes, too."""
        self.invariants = Invariants(self.world)
        self.held: set[str] = set()
        self.backups: list[Backup] = []
        self.steps = 0
        self.effects = 0
        ended = self.world.ended

        def count_effects(process: Process) -> None:
            self.effects += len(process.effects)
            if any(effect.startswith("write rebuild/") for effect in process.effects):
                self.held.add("full read kept")
            if any(effect.startswith("read rebuild/") for effect in process.effects):
                self.held.add("full read continued")
            ended(process)

        self.world.ended = count_effects

    def play(self, steps: Sequence[Step]) -> None:
        for step in steps:
            self.step(*step)
        self.come_to_rest()

    def step(self, verb: str, a: int, b: int) -> None:
        self.steps += 1
        VERBS[verb](self, a, b)
        if sum(process.holds_lease for process in self.world.running("retrain")) > 1:
            self.held.add("overlap")
        self.invariants.raise_what_broke()
        self.invariants.check_nothing_lost()

    # The shop's verbs

    def complete(self, a: int, b: int) -> Event | None:
        appointment = self._appointment(a)
        if self.world.keep_days is not None and self._is_gone(appointment):
            return None  # ids are never used again where purged bookings keep their usage
        return self.world.write(appointment, "completed", 1 + b % 3)

    def complete_and_deliver(self, a: int, b: int) -> None:
        if event := self.complete(a, b):
            self.world.finish(self.world.deliver(event))

    def book(self, a: int, b: int) -> Event | None:
        """Book it, or take a completion back."""
        if self.world.keep_days is not None and self._is_gone(self._appointment(a)):
            return None
        return self.world.write(self._appointment(a), ("pending", "cancelled")[b % 2])

    def book_and_deliver(self, a: int, b: int) -> None:
        if event := self.book(a, b):
            self.world.finish(self.world.deliver(event))

    def delete(self, a: int, b: int) -> None:
        appointment = self._appointment(a)
        event = self.world.write(appointment, None)
        if event and self.world.used[appointment] and self._is_fresh(event):
            # Kept although its last write may still be on its way: nobody can know of that write once it is purged
            self.invariants.beyond_repair.add(appointment)

    def _is_fresh(self, deletion: Event) -> bool:
        assert deletion.written.before
        return self.world.clock() - deletion.written.before.update_time <= EVENT_LIVES

    def _appointment(self, a: int) -> str:
        return f"a{a % MOST_APPOINTMENTS}"

    def _is_gone(self, appointment: str) -> bool:
        return appointment in self.world.used and self.world.documents.get(f"appointments/{appointment}") is None

    # The platform's verbs

    def deliver(self, a: int, b: int) -> None:
        if process := self._deliver(a, b):
            self.world.finish(process)

    def deliver_halfway(self, a: int, b: int) -> None:
        if process := self._deliver(a, a):
            self.world.advance(process, b % 5)

    def redeliver(self, a: int, b: int) -> None:
        """Once more, in any order, up to a day late."""
        now = self.world.clock()
        arrived = [event for event in self.world.events if event.is_delivered and now - event.at < EVENT_LIVES]
        if not arrived:
            return
        event = arrived[-1 - a % len(arrived)]
        appointment = event.written.appointment
        change = self.world.documents.stored("restock_changes").get(f"restock_changes/{appointment}")
        if change and change.get("trained_time") and event.at <= change["trained_time"]:
            self.held.add("redelivery after training")
        process = self.world.deliver(event, SKEWS[b % len(SKEWS)])
        if b % 4:
            self.world.finish(process)

    def drop(self, a: int, b: int) -> None:
        """Eventarc gives an event up after a day."""
        waiting = self._undelivered()
        if not waiting or b % 4:
            return
        event = waiting[a % len(waiting)]
        self._give_up(event)

    def dispatch(self, a: int, b: int) -> None:
        if process := self._dispatch(a, b):
            self.world.finish(process)

    def dispatch_halfway(self, a: int, b: int) -> None:
        if process := self._dispatch(a, a):
            self.world.advance(process, 2 * b + a % 2)

    def schedule(self, a: int, b: int) -> None:
        if process := self._retrain(RetrainRequest("schedule"), a):
            self.world.finish(process)

    def schedule_halfway(self, a: int, b: int) -> None:
        if process := self._retrain(RetrainRequest("schedule" if a % 3 else "threshold"), a):
            self.world.advance(process, 2 * b + a % 2)

    def rebuild(self, a: int, b: int) -> None:
        if process := self._retrain(RetrainRequest("manual", rebuild=True), a):
            self.held.add("rebuild")
            self.world.advance(process, 2 * b) if a % 2 else self.world.finish(process)

    def expire(self, a: int, b: int) -> None:
        before = len(self.world.documents.stored("restock_changes"))
        self.world.documents.expire(self.world.clock())
        if len(self.world.documents.stored("restock_changes")) < before:
            self.held.add("TTL")

    def wait(self, a: int, b: int) -> None:
        spans = (MINUTE, 10 * MINUTE, 32 * MINUTE, HOUR, 5 * HOUR, DAY, 4 * DAY, 8 * DAY)
        self._pass(spans[a % len(spans)] + b * MINUTE)

    def oversleep(self, a: int, b: int) -> None:
        """A holder is frozen beyond its lease, and another run takes over; the holder wakes up when it is its turn."""
        if any(process.holds_lease for process in self.world.running("retrain")):
            self._pass(32 * MINUTE)
            if process := self._retrain(RetrainRequest(("schedule", "manual", "threshold")[a % 3]), b):
                self.world.finish(process)

    # What goes wrong

    def go_on(self, a: int, b: int) -> None:
        if process := self._process(a):
            self.world.advance(process, 1 + b)

    def finish(self, a: int, b: int) -> None:
        if process := self._process(a):
            self.world.finish(process)

    def crash(self, a: int, b: int) -> None:
        if process := self._process(a):
            self.world.advance(process, b % 5)
            if not process.is_over:
                self.held.add("crash")
                self.world.crash(process)

    def fail(self, a: int, b: int) -> None:
        if process := self._process(a):
            fault = ("refused", "unanswered", "echoed")[b % 3]
            self.held.add("refused call" if fault == "refused" else "lost answer")
            self.world.advance(process, 1, fault)

    def refuse(self, a: int, b: int) -> None:
        """The gate will refuse the next model."""
        self.world.refuses_next = True

    def damage(self, a: int, b: int) -> None:
        """A bit of the live history turns over."""
        _, pointer = self.invariants.live()
        if pointer and self.world.keep_days is None and b % 4 == 0:
            self.held.add("damage")
            self.invariants.is_damaged = True
            self.world.objects.damage(f"history/{pointer.history}.parquet")

    def spoil_learnt(self, a: int, b: int) -> None:
        """What was learnt is lost, damaged, or of other settings than the runs to come have."""
        stored = sorted(name for name in self.world.objects.stored() if name.startswith(names.LEARNT))
        if not stored:
            return
        self.held.add("learnt file spoilt")
        name = stored[-1 - a % len(stored)]
        if b % 3 == 0:
            self.invariants.spoilt.add(name)
            self.invariants.written.discard(f"write {name}")
            self.world.objects.delete(name)
        elif b % 3 == 1:
            self.invariants.spoilt.add(name)
            self.world.objects.damage(name)
        else:
            given = {name: getattr(self.world.settings, name) for name in Settings.__slots__}
            closed = frozenset({self.world.clock().date() - DAY * b})
            self.world.settings = Settings(**(given | {"closed_days": closed}))

    def spoil(self, a: int, b: int) -> None:
        """A change document is one that this release cannot read."""
        changes = sorted(self.world.documents.stored("restock_changes").items())
        if changes and b % 2:
            path, fields = changes[a % len(changes)]
            self.held.add("unreadable change")
            self.world.documents.set(path, {**fields, "schema": READABLE_SCHEMAS[-1] + 1})
            if self.world.keep_days is not None:  # what it alone said of a booking purged meanwhile, nobody can know
                self.invariants.beyond_repair.add(path.split("/")[1])

    def back_up(self, a: int, b: int) -> None:
        self.backups.append(self.world.back_up())

    def put_back(self, a: int, b: int) -> None:
        """An older pointer in the middle of everything; a bucket or database while nothing runs, as in the runbook."""
        what = ("pointer", "bucket", "database")[a % 3]
        if not self.backups:
            return
        backup = self.backups[b % len(self.backups)]
        pointer = backup.objects.get(names.POINTER)
        if what == "database":
            if self.world.keep_days is not None:  # what never was, and what was purged, look the same in a history
                return
            for process in self.world.running():
                self.world.finish(process)
            if self._looks_like_a_crash(backup):
                return
            self.world.put_back_database(backup)
            # They never come: as with any event the platform drops, the check that is due by days repairs.
            self.invariants.lost = {
                each.written.appointment: each.at + timedelta(seconds=1) for each in backup.in_flight
            }
        elif pointer is None:
            return
        elif what == "bucket":
            for process in self.world.running():
                self.world.finish(process)
            self.world.put_back_bucket(backup)
            self.invariants.bucket_was_put_back()
        else:
            found = Pointer.from_bytes(pointer)
            needed = (names.forecast(found.version), names.manifest(found.version), names.history(found.history))
            if not self.world.objects.stored().keys() >= set(needed):
                return  # pruned meanwhile: nobody puts a pointer to nothing back
            self.world.put_back_objects(backup, [names.POINTER])
        self.held.add(f"{what} put back")
        self.invariants.is_damaged = self.invariants.was_put_back = True

    def _looks_like_a_crash(self, backup: Backup) -> bool:
        """The limit that docs/promises.md states: between the lease of the run that is live and its end."""
        _, pointer = self.invariants.live()
        state = backup.documents.get(names.STATE)
        is_new = pointer is not None and pointer.to_bytes() != backup.objects.get(names.POINTER)
        return is_new and state is not None and state.fields["run"] >= pointer.run

    # The operator's verbs

    def operate(self, a: int, b: int) -> None:
        versions = sorted(
            int(name.split("/")[1]) for name in self.world.objects.stored() if name.endswith("manifest.json")
        )
        verb = ("rollback", "pin", "unpin", "unpin")[a % 4]
        if not versions or (verb == "rollback" and self.invariants.is_damaged):
            return
        self.held.add(verb)
        process = self.world.operate(verb, versions[b % len(versions)])
        self.world.advance(process, b) if b < 4 else self.world.finish(process)

    def change_rules(self, a: int, b: int) -> None:
        """Another HISTORY_START, before every booking there is: other rules, the same meaning. Doors deploy apart."""
        if self.world.keep_days is not None or b % 4:
            return
        start = rules().history_start + DAY * (a % 3)
        self.held.add("other rules")
        if a % 2:
            self.world.rules_of_counting = rules(time_zone="UTC", history_start=start)
        else:
            given = {name: getattr(self.world.settings, name) for name in Settings.__slots__}
            self.world.settings = Settings(**(given | {"history_start": start}))

    # Choosing

    def _deliver(self, a: int, b: int) -> Process | None:
        waiting = self._undelivered()
        return self.world.deliver(waiting[a % len(waiting)], SKEWS[b % len(SKEWS)]) if waiting else None

    def _undelivered(self) -> list[Event]:
        under_way = {process.event for process in self.world.running("delivery")}
        return [event for event in self.world.events if not event.is_delivered and event not in under_way]

    def _dispatch(self, a: int, b: int) -> Process | None:
        answering = {process.task for process in self.world.running("retrain") if process.task}
        due = [task for task in self.world.queue.due() if all(task is not other for other in answering)]
        if not due or len(self.world.running("retrain")) >= MOST_AT_ONCE:
            return None
        return self.world.dispatch(due[a % len(due)], SKEWS[b % len(SKEWS)])

    def _retrain(self, request: RetrainRequest, a: int) -> Process | None:
        if len(self.world.running("retrain")) >= MOST_AT_ONCE:
            return None
        return self.world.retrain(request, SKEWS[a % len(SKEWS)])

    def _process(self, a: int) -> Process | None:
        running = self.world.running()
        return running[a % len(running)] if running else None

    def _pass(self, span: timedelta) -> None:
        """Time passes; what would then be older than a day is delivered before, for only ``drop`` loses events."""
        for walk in (self, *self.beside):
            walk.deliver_what_came_before(self.world.clock() + span)
        self.world.pass_time(span)
        if span >= 4 * DAY:
            self.expire(0, 0)

    def deliver_what_came_before(self, then: datetime) -> None:
        for event in list(self.world.events):
            if then - event.at >= EVENT_LIVES and not event.is_delivered:
                for process in self.world.running("delivery"):
                    if process.event is event:
                        self.world.finish(process)
                if not event.is_delivered:
                    self.world.finish(self.world.deliver(event))
                if not event.is_delivered:  # its change could not be read, and no run came for a day
                    self._give_up(event)
        if any(then - process.started > 32 * MINUTE for process in self.world.running("retrain")):
            self.held.add("holder beyond its lease")

    def _give_up(self, event: Event) -> None:
        self.held.add("dropped event")
        event.is_delivered = True
        appointment = event.written.appointment
        if self.world.keep_days is None:
            self.invariants.lost[appointment] = event.at + timedelta(seconds=1)  # an event tells whole seconds
        else:
            self.invariants.beyond_repair.add(appointment)

    # The end

    def come_to_rest(self) -> None:
        """Everything under way ends well; then nobody may be waiting, and one more run makes all of it history."""
        world, invariants = self.world, self.invariants
        world.refuses_next = False
        for process in world.running():
            world.finish(process)
        for event in reversed(self._undelivered()):
            world.finish(world.deliver(event))
        if self._undelivered():  # their changes cannot be read: a run of any kind makes them anew, then they come again
            self._let_a_run_look()
            for event in reversed(self._undelivered()):
                world.finish(world.deliver(event))
            invariants.hold(not self._undelivered(), 1, "deliveries are refused although a run came")
        self._run_tasks()
        _, pointer = invariants.live()
        if pointer and pointer.pinned:
            world.finish(world.operate("unpin"))
            self._run_tasks()
        invariants.check_nothing_lost()
        invariants.check_no_crossing_was_missed()
        is_forced = False
        for _ in range(3):
            is_repair = bool(invariants.lost)
            self._pass(25 * HOUR if is_repair else timedelta(seconds=world.settings.lease_seconds))
            last = world.retrain(RetrainRequest("manual", rebuild=is_repair or is_forced, force=is_forced))
            world.finish(last)
            invariants.raise_what_broke()
            if last.outcome and last.outcome.status in ("published", "empty"):
                break
            # Who put a database back knows why it holds so much less, and does what the refusal says
            is_forced = invariants.was_put_back and last.outcome is not None and last.outcome.status == "refused"
        assert last.outcome
        invariants.hold(last.outcome.status in ("published", "empty"), 2, f"no run gets through: {last.outcome}")
        if last.outcome.status == "published":
            invariants.check_history_alone()

    def _let_a_run_look(self) -> None:
        """Whatever it is asked for, pinned or busy apart."""
        _, pointer = self.invariants.live()
        if pointer and pointer.pinned:
            self.world.finish(self.world.operate("unpin"))
        for _ in range(3):
            self._pass(timedelta(seconds=self.world.settings.lease_seconds))
            last = self.world.retrain(RetrainRequest("threshold"))
            self.world.finish(last)
            self.invariants.raise_what_broke()
            if last.outcome and last.outcome.http_status == 200:
                return

    def _run_tasks(self) -> None:
        for _ in range(100):
            if not self.world.queue.tasks:
                return
            earliest = min(task.due for task in self.world.queue.tasks.values())
            self._pass(max(timedelta(0), earliest - self.world.clock()))
            self.world.finish(self.world.dispatch(self.world.queue.due()[0]))
            self.invariants.raise_what_broke()
        self.invariants.hold(False, 2, "tasks are tried for ever")


VERBS: dict[str, Callable[[Walk, int, int], object]] = {
    "nothing": lambda walk, a, b: None,  # first, so that shrinking replaces by it what does not matter
    "complete": Walk.complete,
    "complete and deliver": Walk.complete_and_deliver,
    "book": Walk.book,
    "book and deliver": Walk.book_and_deliver,
    "delete": Walk.delete,
    "deliver": Walk.deliver,
    "deliver halfway": Walk.deliver_halfway,
    "redeliver": Walk.redeliver,
    "drop": Walk.drop,
    "dispatch": Walk.dispatch,
    "dispatch halfway": Walk.dispatch_halfway,
    "schedule": Walk.schedule,
    "schedule halfway": Walk.schedule_halfway,
    "rebuild": Walk.rebuild,
    "expire": Walk.expire,
    "wait": Walk.wait,
    "oversleep": Walk.oversleep,
    "go on": Walk.go_on,
    "finish": Walk.finish,
    "crash": Walk.crash,
    "fail": Walk.fail,
    "refuse": Walk.refuse,
    "damage": Walk.damage,
    "operate": Walk.operate,
    "change rules": Walk.change_rules,
    "spoil": Walk.spoil,
    "spoil learnt": Walk.spoil_learnt,
    "back up": Walk.back_up,
    "put back": Walk.put_back,
}
