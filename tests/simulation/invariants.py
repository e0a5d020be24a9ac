"""Promises 1 to 4, literally, checked after every effect of every process against a truth worked out apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from restock.history.history import History
from restock.stored import names
from restock.stored.manifest import Manifest
from restock.stored.pointer import Pointer
from restock.stored.published import sha256
from tests.simulation.world import THRESHOLD, Event, Process, Used, World
from tests.unit.retraining.models import ABSURD

LONG_AGO = datetime.min.replace(tzinfo=UTC)
POINTER_WRITE = f"write {names.POINTER}"
STATE_WRITE = f"update {names.STATE}"
READS_OF_WHAT_IS_TRAINED = ("read history/", "query restock_changes", "page appointments")


class BrokenPromiseError(AssertionError):
    """The code under test broke a promise."""


@dataclass(frozen=True)
class HistoryView:
    """A history file as the checker reads it."""

    used: dict[str, Used]
    parts: frozenset[str]
    source_times: dict[str, datetime]
    rebuilt_at: datetime


NO_HISTORY = HistoryView({}, frozenset(), {}, LONG_AGO)


@lru_cache(maxsize=256)
def view(data: bytes) -> HistoryView:
    history = History.from_bytes(data)
    rows = history.rows.to_pylist()
    return HistoryView(
        {row["appointment"]: used_of(row) for row in rows},
        frozenset(row["part"] for row in rows),
        {row["appointment"]: row["source_time"] for row in rows},
        history.rebuilt_at,
    )


def used_of(stored: Mapping[str, Any]) -> Used:
    """Of a row of the history, or of a change and its part."""
    return Used(stored["quantity"], str(stored["day"]), stored["service"], str(stored["booked_on"]))


MISTAKES = tuple(f"training failed: {kind}" for kind in ("TypeError", "AttributeError", "NameError", "KeyError"))
"""No history asks for these: the code is mistaken, or a planted bug that is not the one meant."""


class Invariants:
    """Listens to one world and raises BrokenPromiseError."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.about_to, world.done, world.ended = self.about_to, self.done, self.ended
        self.broken: BrokenPromiseError | None = None
        self.lost: dict[str, datetime] = {}
        """Appointments of which the platform dropped an event, and when it was; a full read begun later repairs."""
        self.beyond_repair: set[str] = set()
        self.trained: set[Event] = set()
        """Completions that some live history held."""
        self.versions: set[int] = set()
        self.written: set[str] = set()
        self.live_when_read: dict[Process, int] = {}
        self.expects_drift: set[Process] = set()
        self.replaced: tuple[int, Pointer | None] = (0, None)
        self.is_damaged = False
        """The live history is not what was published: a bit turned over, or put back; the next full read repairs."""
        self.was_put_back = False
        self.spoilt: set[str] = set()
        """Learnt files that were lost or damaged on purpose."""
        self.learn_failures: int | None = None
        self.is_excused = False
        """A run was refused or found the version pinned: who awaits then waits for the next run of any kind."""
        self.commits: list[str] = []
        self.outcomes: list[str] = []
        self.kinds: list[str] = []

    def hold(self, is_kept: bool, promise: int, why: str) -> None:
        if not is_kept:
            self.broken = self.broken or BrokenPromiseError(f"promise {promise}: {why}")
            self.raise_what_broke()

    def raise_what_broke(self) -> None:
        """Again, for a retrain turns every exception into a failed run."""
        if self.broken:
            raise self.broken

    # What is live

    def live(self) -> tuple[int, Pointer | None]:
        found = self.world.objects.stored().get(names.POINTER)
        return (found.generation, Pointer.from_bytes(found.data)) if found else (0, None)

    def live_history(self) -> HistoryView:
        _, pointer = self.live()
        return view(self.world.objects.stored()[names.history(pointer.history)].data) if pointer else NO_HISTORY

    # Listening

    def about_to(self, process: Process, effect: str) -> None:
        if process.kind == "retrain" and effect.startswith(READS_OF_WHAT_IS_TRAINED):
            self.live_when_read.setdefault(process, self.live()[0])
        if effect.startswith("page appointments") and (self.lost or self.beyond_repair or self.is_damaged):
            self.expects_drift.add(process)
        if effect == POINTER_WRITE:
            self.replaced = self.live()
        if effect == STATE_WRITE:
            self.learn_failures = self._learn_failures()

    def done(self, process: Process, effect: str) -> None:
        if effect == POINTER_WRITE:
            self._committed(process)
        elif effect.startswith("write "):
            self.hold(effect not in self.written, 4, f"{effect}: overwritten")
            self.written.add(effect)
        elif effect.startswith("delete learnt/"):
            self._check_pruned(effect.removeprefix("delete "))
        elif effect == STATE_WRITE:
            self._check_learn_failures(process)
        elif effect.startswith("delete rebuild/"):  # a piece that nobody may continue; its name may be used again
            self.written.discard(effect.replace("delete", "write"))
        if effect == POINTER_WRITE or "restock_changes/" in effect:
            self.check_nothing_lost()

    def ended(self, process: Process) -> None:
        message = process.outcome.message if process.outcome else ""
        assert not message.startswith(MISTAKES), message
        if process.outcome is None:
            return
        self.outcomes.append(process.outcome.status)
        self.is_excused = self.is_excused or process.outcome.status in ("refused", "pinned")
        is_full = any(effect.startswith("page appointments") for effect in process.effects)
        if process.outcome.status == "refused" and not is_full:
            wrote = [effect for effect in process.effects if effect.startswith(("write", "delete"))]
            self.hold(not wrote, 4, f"a refused run wrote {wrote}")
        record = self.world.documents.stored("restock_runs").get(f"restock_runs/{process.outcome.run}")
        if record and record["status"] != "running":
            self._check_record(process, record, is_full)

    def _check_record(self, process: Process, record: Any, is_full: bool) -> None:
        if not is_full:
            most = record["changes"].get("pending", 0) + 1 + 20
            self.hold(
                record["documents"]["read"] <= most, 6, f"run {record['run']} read {record['documents']} of {most}"
            )
        if not self.was_put_back:
            alarms = [note for note in record["notes"] if "put back" in note or "pointer is gone" in note]
            self.hold(not alarms, 6, f"run {record['run']} read everything for nothing: {alarms}")
        if record.get("drift") and process not in self.expects_drift:
            self.hold(record["drift"]["differing"] == 0, 1, f"run {record['run']} found drift: {record['drift']}")

    def bucket_was_put_back(self) -> None:
        """What is no longer there was never written."""
        stored = self.world.objects.stored()
        self.written = {effect for effect in self.written if effect.removeprefix("write ") in stored}
        self.versions = {version for version in self.versions if names.forecast(version) in stored}

    # Promise 1

    def check_nothing_lost(self) -> None:
        """History with the pending changes applied equals usage recomputed from the appointments.

        Only of appointments all of whose events arrived: nobody can know of the others.
        """
        if self.is_damaged:
            return
        in_flight = {event.written.appointment for event in self.world.events if not event.is_delivered}
        history, changes = self.live_history(), self.world.documents.stored("restock_changes")
        for appointment, truth in self.world.used.items():
            if appointment in in_flight or appointment in self.lost or appointment in self.beyond_repair:
                continue
            known = history.used.get(appointment)
            change = changes.get(f"restock_changes/{appointment}")
            held = history.source_times.get(appointment, history.rebuilt_at)
            if change and change["pending"] and change["source_time"] > held:
                parts = change["usage"]
                known = used_of(change | parts[0]) if parts else None
            self.hold(known == truth, 1, f"{appointment}: the appointment says {truth}, Restock {known} ({change})")

    def check_history_alone(self) -> None:
        """Once everything is trained, the history is the recomputation, and nothing is pending."""
        history = self.live_history()
        exempt = self.lost.keys() | self.beyond_repair
        truth = {a: used for a, used in self.world.used.items() if used and a not in exempt}
        self.hold(
            {a: used for a, used in history.used.items() if a not in exempt} == truth,
            1,
            f"trained {history.used}, used {truth}",
        )
        changes = self.world.documents.stored("restock_changes")
        pending = [path for path, change in changes.items() if change["pending"]]
        self.hold(not pending, 1, f"pending after a run: {pending}")

    # Promises 2, 3 and 4

    def _committed(self, process: Process) -> None:
        """Somebody wrote the pointer: the one moment at which anything becomes live."""
        before_generation, before = self.replaced
        _, pointer = self.live()
        assert pointer
        self._check_whole(pointer)
        after = self.live_history()
        self.hold(after.parts <= {self.world.part}, 1, f"{self.world.shop} holds rows of another shop: {after.parts}")
        is_full = any(effect.startswith("page appointments") for effect in process.effects)
        is_model = not before or pointer.version != before.version
        if process.kind == "retrain":
            self.hold(not (before and before.pinned), 4, f"run {pointer.run} replaced a pinned version")
            self.hold(
                self.live_when_read.get(process) == before_generation,
                3,
                f"run {pointer.run} replaced a pointer written after it had read history and changes",
            )
            if is_model:
                self._check_model(process, pointer, after, is_full)
                self._check_followed(process, pointer, before)
        else:
            self.hold(
                before is not None and pointer.history == before.history, 1, f"{process.kind} changed the history"
            )
            self.hold(
                pointer.learnt == self._manifest(pointer.version).learnt,
                4,
                f"after {process.kind} version {pointer.version} is live and follows run {pointer.learnt}",
            )
        self.commits.append(process.kind if process.kind != "retrain" else process.reason)
        self._remember(after, is_full)

    def _check_whole(self, pointer: Pointer) -> None:
        stored = self.world.objects.stored()
        for name, digest in (
            (names.forecast(pointer.version), pointer.forecast_sha256),
            (names.manifest(pointer.version), pointer.manifest_sha256),
            (names.history(pointer.history), pointer.history_sha256),
        ):
            is_whole = name in stored and (sha256(stored[name].data) == digest or self.is_damaged)
            self.hold(is_whole, 4, f"the pointer names {name}, which is not there or not whole")

    def _check_model(self, process: Process, pointer: Pointer, after: HistoryView, is_full: bool) -> None:
        assert process.fit
        self.hold(process.fit.judged is not ABSURD, 4, f"version {pointer.version} was refused and is live")
        self.hold(pointer.version not in self.versions, 4, f"version {pointer.version} was published twice")
        self.versions.add(pointer.version)
        self.is_excused = False
        if process.reason == "threshold" and not self.is_damaged and not self._is_full_read_due():
            fresh = self._held(after, is_full)
            if is_full:  # it counts what was delivered, and may then read that some of it was taken back
                fresh = {event for completions in self.world.completions.values() for event in completions}
            fresh -= self.trained
            self.hold(
                len(fresh) >= THRESHOLD,
                2,
                f"threshold run {pointer.run} was published on {len(fresh)} completions that no run had trained",
            )

    def _is_full_read_due(self) -> bool:
        """Asked for when a database was put back, until it is noted: a crash before the note has it made once more."""
        state = self.world.documents.stored(names.STATES).get(names.STATE)
        return bool(state and state.get("full_read_due"))

    def _check_followed(self, process: Process, pointer: Pointer, before: Pointer | None) -> None:
        """A learner is followed, or what the pointer named when it was read; never another, nor a follower."""
        assert process.fit
        follows = process.fit.lessons[-1].follows
        self.kinds.append("follow" if follows else "learn")
        if follows is None:
            self.hold(pointer.learnt == pointer.version, 4, f"version {pointer.version} learnt and names another")
        else:
            named = (before.learnt, before.learnt_sha256) if before else None
            self.hold(
                (follows.run, sha256(follows.to_bytes())) == named,
                4,
                f"version {pointer.version} follows run {follows.run}, and the pointer named {named}",
            )
            self.hold((pointer.learnt, pointer.learnt_sha256) == named, 4, "a follower names what it did not follow")
        self.hold(self._manifest(pointer.version).learnt == pointer.learnt, 4, "the manifest names another learnt file")
        stored = self.world.objects.stored().get(names.learnt(pointer.learnt or 0))
        is_whole = stored is not None and sha256(stored.data) == pointer.learnt_sha256
        is_spoilt = self.is_damaged or names.learnt(pointer.learnt or 0) in self.spoilt
        self.hold(is_whole or is_spoilt, 4, f"version {pointer.version} follows what is not there or not whole")

    def _manifest(self, version: int) -> Manifest:
        return Manifest.from_bytes(self.world.objects.stored()[names.manifest(version)].data)

    def _check_pruned(self, name: str) -> None:
        stored = self.world.objects.stored()
        kept = [Manifest.from_bytes(found.data) for path, found in stored.items() if path.endswith("manifest.json")]
        followers = [one.version for one in kept if one.learnt is not None and names.learnt(one.learnt) == name]
        self.hold(not followers, 4, f"{name} was pruned, and versions {followers} follow it")

    def _learn_failures(self) -> int | None:
        found = self.world.documents.stored(names.STATES).get(names.STATE)
        return found.get("learn_failures") if found else None

    def _check_learn_failures(self, process: Process) -> None:
        if self.learn_failures and (self._learn_failures() or 0) < self.learn_failures:
            is_learner = process.fit is not None and bool(process.fit.lessons)
            is_learner = is_learner and process.fit.lessons[-1].follows is None  # type: ignore[union-attr]
            self.hold(is_learner, 4, f"{process.reason or process.kind} did not learn and cleared the failures to")

    def _held(self, history: HistoryView, is_full: bool) -> set[Event]:
        """The completions a history stands for: of each row the last one, and of a full read all it could see."""
        held = set()
        for appointment, completions in self.world.completions.items():
            until = history.source_times.get(appointment, LONG_AGO)
            past = [event for event in completions if completed_at(event) <= until]
            held.update(past[-1:])
            if is_full:
                held.update(event for event in completions if completed_at(event) <= history.rebuilt_at)
        return held

    def _remember(self, after: HistoryView, is_full: bool) -> None:
        self.trained |= self._held(after, is_full)
        if is_full:
            self.lost = {a: at for a, at in self.lost.items() if at > after.rebuilt_at}
            self.is_damaged = False

    def check_no_crossing_was_missed(self) -> None:
        """Promise 2: when all is quiet, as many as the threshold cannot be waiting with nobody asked to train them."""
        waiting = [
            completions[-1]
            for appointment, completions in self.world.completions.items()
            if self.world.used[appointment]
            and appointment not in self.lost.keys() | self.beyond_repair
            and completions[-1] not in self.trained
        ]
        self.hold(
            len(waiting) < THRESHOLD or self.is_excused or self.is_damaged,
            2,
            f"{len(waiting)} completions await training and nobody was asked",
        )


def completed_at(event: Event) -> datetime:
    assert event.written.after
    return event.written.after.update_time
