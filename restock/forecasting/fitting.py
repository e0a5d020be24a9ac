"""From the history to a model ready to publish: where the run hands over to forecasting."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from restock.forecasting import service_parts
from restock.forecasting.demand import MOST_UNKNOWN, CatalogueItem, Demand
from restock.forecasting.following import Lore, carried_over, follow
from restock.forecasting.laws import violations
from restock.forecasting.service_jobs import recent_jobs
from restock.forecasting.train import Trained, train
from restock.history.history import History
from restock.history.unusual import unusual_since
from restock.retraining.gate import Evidence
from restock.retraining.tools import Lesson
from restock.stored.artifact import ForecastArtifact
from restock.stored.booked_ahead import BookedAhead
from restock.stored.fields import if_readable
from restock.stored.manifest import Window
from restock.stored.published import sha256
from restock.stored.service_parts import ServiceParts
from restock.written import fold

GATE_DAYS = 28
GATE_SPANS = 3
"""The gate compares four weeks of forecast with so many spans of four weeks before them."""


class FittedModel:
    """A trained model in the shape the run publishes."""

    def __init__(
        self, trained: Trained, time_zone: str, lesson: Lesson, services: ServiceParts, booked: BookedAhead | None
    ) -> None:
        self.trained, self._time_zone, self._services, self._booked = trained, time_zone, services, booked
        self._follows = lesson.follows
        self._jobs = recent_jobs(lesson.history, trained.demand.last_day)
        self._unusual = unusual_since(trained.demand.last_day - timedelta(days=GATE_DAYS), lesson.history)
        self._names = {fold(item.name) for item in items(lesson.catalogue) if item.name.strip()}
        self.recipe: Mapping[str, Any] = trained.recipe
        self.scores: Mapping[str, Any] = trained.scores
        unknown = trained.demand.unknown
        self.notes = [*trained.notes]
        if follows := lesson.follows:
            self.notes.append(f"follows what run {follows.run} learnt at {follows.learnt_at}, whose scores these are")
        if booked:
            self.notes.append(booked.told())
        if left_out := trained.demand.left_out:
            self.notes.append(
                f"the oldest {left_out} days are left out: {len(trained.demand.parts):,} parts x all days do not fit"
            )
        if unseen := _told_of_unseen(trained.demand):
            self.notes.append(unseen)
        if unknown:
            self.notes.append(f"{len(unknown)} used parts are not in the catalogue: {', '.join(unknown[:10])}")
        if len(unknown) > MOST_UNKNOWN:
            self.notes.append(f"of those only the {MOST_UNKNOWN} most used are forecast")

    @property
    def learnt(self) -> bytes | None:
        return None if self._follows else Lore.of(self.trained, self._services, booked=self._booked).to_bytes()

    def evidence(self) -> Evidence:
        demand, distribution = self.trained.demand, self.trained.distribution
        mean = distribution.mean(demand.last_day + timedelta(days=1), GATE_DAYS)
        spans = [
            float(demand.quantities[:, demand.days - (k + 1) * GATE_DAYS : demand.days - k * GATE_DAYS].sum())
            for k in range(GATE_SPANS)
            if demand.days >= (k + 1) * GATE_DAYS
        ]
        return Evidence(
            is_finite=bool(np.isfinite(mean).all()),
            forecast_28=float(mean.sum()),
            recent_28=tuple(spans),
            missing_parts=tuple(sorted(self._names - {fold(part.name) for part in demand.parts if part.active})),
            challenger_score=None if self._follows else _score(self.scores, "published"),
            champion_score=None if self._follows else _score(self.scores, "champion"),
            broken_laws=tuple(violations(distribution, demand.last_day + timedelta(days=1), int(demand.is_open.sum()))),
        )

    def forecast(self, version: int, trained_at: datetime, previous: bytes | None) -> bytes:
        artifact = self.trained.artifact(
            version=version,
            trained_at=trained_at,
            time_zone=self._time_zone,
            previous=if_readable(ForecastArtifact.from_bytes, previous),  # else what it did not expect is not said
        )
        follows, learnt_at = version, trained_at.isoformat()
        if self._follows:
            follows, learnt_at = self._follows.run, self._follows.learnt_at
        notes = (*self.trained.notes, *(one.without_appointment() for one in self._unusual))
        header = replace(artifact.header, services=self._services, recent_jobs=self._jobs, notes=notes)
        header = replace(header, follows=follows, learnt_at=learnt_at, booked_ahead=self._booked)
        return _read_back(replace(artifact, header=header).to_bytes())

    def estimators(self) -> bytes:
        """For audits and comparisons. Promise 7: it can execute when loaded, so nothing but retrain may open it.

        A follower's holds its levels alone, and names what it follows.
        """
        followed = {"follows": sha256(self._follows.to_bytes())} if self._follows else {}
        return zlib.compress(pickle.dumps(self.trained.estimators | followed), 3)  # joblib.load reads it

    def window(self) -> Window:
        demand = self.trained.demand
        return Window(
            first_day=demand.first_day.isoformat(),
            last_day=demand.last_day.isoformat(),
            parts=len(demand.parts),
            active_parts=sum(part.active for part in demand.parts),
            units=float(demand.as_recorded.sum()),
        )


class Fitter:
    """Fits histories for one shop."""

    def __init__(self, time_zone: str, closed_days: frozenset[date]) -> None:
        self._time_zone, self._closed_days = time_zone, closed_days

    def __call__(self, lesson: Lesson, progress: Callable[[str], None]) -> FittedModel:
        usage = daily_usage(lesson.history)
        through = last_telling_day(usage, lesson.today)
        lore = Lore.from_bytes(lesson.follows.body) if lesson.follows else None
        since, listed = lore.since if lore else None, items(lesson.catalogue)
        demand = Demand.from_usage(usage, listed, through=through, closed_days=self._closed_days, since=since)
        lines = [(part.key, *part.documents) for part in demand.parts]
        demand = demand.without_stock_on(
            lesson.seen.without_stock(lines, demand.quantities, demand.first_day, ZoneInfo(self._time_zone))
        )
        progress(f"fitting {len(demand.parts)} parts on {demand.days} days through {through}")
        if lore:
            trained, services, booked = follow(demand, lore), carried_over(lore, demand.parts), lore.booked
        else:
            trained = train(demand, champion=lesson.champion, budget_seconds=lesson.budget_seconds, progress=progress)
            services = service_parts.learn(lesson.history, demand.parts, lesson.today)
            trained, booked = _with_bookings(trained, lesson)
        return FittedModel(trained, self._time_zone, lesson, services, booked)


def _with_bookings(trained: Trained, lesson: Lesson) -> tuple[Trained, BookedAhead | None]:
    """The near days as what is booked for them moves them, if the shop's own weeks say that this helps."""
    if lesson.booked is None or not lesson.booked.has_any:
        return trained, None
    from restock.forecasting import booked_ahead
    from restock.forecasting.jobs_done import jobs_done

    demand = trained.demand
    jobs = jobs_done(lesson.history, demand.parts, demand.last_day, demand.days)
    booked, near = booked_ahead.learn(lesson.booked, jobs, demand.quantities, trained.distribution, lesson.today)
    return replace(trained, distribution=trained.distribution.with_near(near)), booked


def _told_of_unseen(demand: Demand) -> str:
    """What was not seen for want of stock, the longest first; empty if nothing."""
    if demand.unseen is None:
        return ""
    days = demand.unseen.sum(axis=1).tolist()
    told = sorted(((-count, part.name) for count, part in zip(days, demand.parts, strict=True) if count))
    parts = ", ".join(f"{name} ({-count})" for count, name in told[:10])
    return f"{len(told)} parts were out of stock on {sum(days)} days, which are no evidence of low demand: {parts}"


def daily_usage(history: History) -> Mapping[str, Any]:
    """Units per day, part and written name, which is all that demand is made of.

    Summed as columns, so that what follows has at most a row per part and day, however many appointments there were;
    and by one thread, for the order of a sum of floats is part of the sum.
    """
    rows = history.rows
    columns = {"day": rows["day"], "key": rows["part"].dictionary_encode(), "name": rows["name"].dictionary_encode()}
    summed = (
        pa.table({**columns, "quantity": rows["quantity"]})
        .group_by(["day", "key", "name"], use_threads=False)
        .aggregate([("quantity", "sum")])
    )
    return {
        "day": summed["day"].to_numpy(),
        "key": summed["key"].to_pylist(),
        "name": summed["name"].to_pylist(),
        "quantity": summed["quantity_sum"].to_numpy(),
    }


def last_telling_day(usage: Mapping[str, Any], today: date) -> date:
    """Yesterday; or today, if it already holds as much demand as an average day of the last four weeks.

    A day that has only begun would pull every level down, but a busy one is news worth having before midnight.
    """
    day_today = np.datetime64(today, "D")
    days, quantities = np.asarray(usage["day"]).astype("datetime64[D]"), np.asarray(usage["quantity"], float)
    so_far = quantities[days == day_today].sum()
    recent = (days < day_today) & (days >= day_today - np.timedelta64(GATE_DAYS, "D"))
    before = quantities[recent].sum() / GATE_DAYS
    return today if so_far > 0 and so_far >= before else today - timedelta(days=1)


def items(catalogue: Sequence[Mapping[str, Any]]) -> list[CatalogueItem]:
    """The catalogue's documents as items; what is not text counts as absent."""

    def text(value: Any) -> str:
        return value if isinstance(value, str) else ""

    return [
        CatalogueItem(
            str(entry["id"]),
            text(entry.get("name")),
            text(entry.get("category")),
            text(entry.get("supersedes")) or None,
        )
        for entry in catalogue
    ]


def _read_back(forecast: bytes) -> bytes:
    """Promise 4: what serving could not read is not published. Raises DamagedError for it."""
    ForecastArtifact.from_bytes(forecast)
    return forecast


def _score(scores: Mapping[str, Any], of: str) -> float | None:
    found = (scores.get(of) or {}).get("loss")
    return None if found is None else float(found)
