"""The challenger of a run: fitted to the history, and judged beside the champion, which is the live version."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from restock.errors import DamagedError
from restock.history import stock_seen
from restock.history.booked_seen import BookedSeen
from restock.history.history import History
from restock.history.importing import read_imported, with_imported
from restock.history.stock_seen import StockSeen
from restock.retraining import gate
from restock.retraining.attempt import Attempt
from restock.retraining.booked import seen_ahead
from restock.retraining.following import what_to_follow
from restock.retraining.named import read_named
from restock.retraining.publish import libraries
from restock.retraining.tools import ChallengerModel, Lesson
from restock.stored import names
from restock.stored.learnt import basis_of
from restock.stored.manifest import Manifest
from restock.stored.published import Live
from restock.stored.run_record import FOLLOW, LEARN

CATALOGUE_FIELDS = ("name", "category", "supersedes", *stock_seen.FIELDS)


@dataclass(frozen=True, slots=True)
class Challenger:
    fitted: ChallengerModel
    seen: StockSeen
    """The stock, by this run's look at the catalogue and all before."""
    champion: Manifest | None
    basis: str
    """Of what it learnt, if it did."""
    booked: BookedSeen | None = None
    """The bookings, by its look at the next days and all before, if it learnt."""

    def reasons_to_refuse(self) -> list[str]:
        """Promise 4."""
        reasons = gate.reasons_to_refuse(self.fitted.evidence())
        before = self.champion.window if self.champion else None
        if reason := gate.reason_to_distrust_catalogue(before, self.fitted.window()):
            reasons.append(reason)
        return reasons

    def reason_to_distrust_usage(self) -> str | None:
        """Only of a full read that nothing could be held against: most usage gone since the champion was trained."""
        if self.champion is None:
            return None
        return gate.reason_to_distrust_usage(self.champion.window, self.fitted.window())


def challenge(run: Attempt, history: History, live: Live, *, is_full_read: bool) -> Challenger:
    run.check_deadline()
    settings = run.tools.settings
    catalogue = [
        {"id": snapshot.id, **{name: snapshot.fields.get(name) for name in CATALOGUE_FIELDS}}
        for page in run.tools.documents.pages(names.CATALOGUE, CATALOGUE_FIELDS, 1000)
        for snapshot in page
    ]
    seen = _seen_before(run, live).sighted(catalogue, run.tools.clock())
    champion = live_manifest(run, live)
    remaining = settings.retrain_deadline_seconds - run.seconds_spent
    imported = read_imported(run.tools.objects)
    basis = basis_of(settings, libraries(), imported)
    lesson = Lesson(
        history=with_imported(history, imported),
        catalogue=catalogue,
        seen=seen,
        today=run.today,
        champion=champion.recipe if champion else None,
        budget_seconds=min(settings.training_budget_seconds, remaining / 2),
    )
    follows = what_to_follow(run, live, basis, is_full_read=is_full_read)
    booked = None if follows else seen_ahead(run, live)
    fitted = _fitted(run, replace(lesson, follows=follows, booked=booked))
    run.journal.know(scores=dict(fitted.scores))
    for line in fitted.notes:
        run.journal.note(line)
    return Challenger(fitted, seen, champion, basis, booked)


def _fitted(run: Attempt, lesson: Lesson) -> ChallengerModel:
    try:
        _know_kind(run, lesson)
        return run.tools.fit(lesson, run.progress)
    except DamagedError as exc:
        if lesson.follows is None:
            raise
        run.journal.note(f"learns anew: {exc}")
        alone = replace(lesson, follows=None)
        _know_kind(run, alone)
        return run.tools.fit(alone, run.progress)


def _know_kind(run: Attempt, lesson: Lesson) -> None:
    """Before it begins, for a failure to learn is kept apart."""
    follows = lesson.follows
    run.journal.know(kind=FOLLOW if follows else LEARN, follows=follows.run if follows else run.lease.run)


def _seen_before(run: Attempt, live: Live) -> StockSeen:
    """What the pointer names. Without it nothing is known of the past, and what was out of stock counts as unused."""
    if live.pointer is None or live.pointer.stock_seen is None:
        return StockSeen()
    name, digest = names.stock_seen(live.pointer.stock_seen), live.pointer.stock_seen_sha256
    found = read_named(run, name, digest, StockSeen.from_bytes, if_lost="the stock seen so far is lost")
    return found or StockSeen()


def live_manifest(run: Attempt, live: Live) -> Manifest | None:
    """Its recipe competes on the same backtest. Without it there is no champion, and training goes on."""
    if live.pointer is None:
        return None
    name, digest = names.manifest(live.pointer.version), live.pointer.manifest_sha256
    read = partial(Manifest.from_bytes, name=name)
    return read_named(run, name, digest, read, if_lost="no champion to compare with")


def live_forecast(run: Attempt, live: Live) -> bytes | None:
    """As published; the new version tells what came otherwise than it said."""
    if live.pointer is None:
        return None
    name, digest = names.forecast(live.pointer.version), live.pointer.forecast_sha256
    return read_named(run, name, digest, bytes, if_lost="nothing is said of unusual demand")
