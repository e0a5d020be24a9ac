"""What bookings say of the next days: learnt from what the book held and what was then done.

Of the jobs of a service on a day, m are usual. When the book is read k days before, it usually holds h_k * m of them,
among them some that will be cancelled, moved or not done; it now holds b. So much is expected::

    jobs = m * (1 + known_k * (b / (h_k * m) - 1))

``known_k`` is the share of the jobs that shows in the book so early: 1 if it tells all, 0 if it tells nothing. It is a
regression of what came on what stood there, drawn towards 0; cancellations, moves and walk-ins are in it, and a
booking never stands for more than so many jobs. A part is moved as the services that use it are.

Whether it helps is the shop's own to say: on the weeks whose book was seen, each judged with what the other half of
them taught, the published forecast's loss over seven days with and without. Closed until eight weeks were seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from restock.forecasting import measures
from restock.forecasting.jobs_done import JobsDone
from restock.history.booked_seen import BookedSeen
from restock.stored.booked_ahead import BookedAhead
from restock.stored.distribution import DemandDistribution, Floats
from restock.stored.near_days import DAYS, LEAST, MOST, NearDays

FEWEST_DAYS, FEWEST_SIGHTINGS = 56, 40
"""The book must have been seen for so long, and so often, before anything is made of it."""
OLDEST_DAYS = 200
JUDGED_DAYS = 7
LEADS = ((0, 1), (1, 2), (2, 4), (4, 7), (7, DAYS))
"""How early: days that share what is learnt, the first and the one after the last."""
PRIOR = 4.0
"""The evidence, in usual jobs, that no booking tells anything."""
MOST_JOBS_A_BOOKING = 1.1
FEWEST_BEFORE = 14
"""Days that must be known before one, or nothing was usual."""
MOST_PARTS = 300
"""The most used are judged."""
LEAST_GAIN, LEAST_CERTAINTY = 0.005, 2.0
"""Of the loss; and in standard errors of the mean over weeks."""
_RAREST = 1e-9


@dataclass(frozen=True, eq=False)
class _Seen:
    """One sighting beside what was usual then."""

    day: date
    usual: Floats  # [services, DAYS]
    booked: Floats  # [services, DAYS]
    came: Floats  # [services, days that are over]


@dataclass(frozen=True, eq=False)
class Lessons:
    """What the book tells, by how early it is read."""

    known: Floats  # [leads]
    held: Floats  # [services, leads] bookings per usual job

    @classmethod
    def of(cls, seen: Sequence[_Seen]) -> Lessons:
        services = len(seen[0].usual)
        known, held = np.zeros(len(LEADS)), np.zeros((services, len(LEADS)))
        for k, (first, end) in enumerate(LEADS):
            whole = [one for one in seen if one.came.shape[1] >= end]
            if not whole:
                continue
            usual, booked, came = (
                np.stack([getattr(one, name)[:, first:end] for one in whole]) for name in ("usual", "booked", "came")
            )
            held[:, k] = booked.sum(axis=(0, 2)) / np.maximum(usual.sum(axis=(0, 2)), _RAREST)
            more = booked - held[None, :, k, None] * usual
            per = np.maximum(held[None, :, k, None] * usual, _RAREST)
            there = (held[None, :, k, None] * usual > _RAREST) & (usual > _RAREST)
            x = np.where(there, more / per, 0.0)
            known[k] = (x * (came - usual) * there).sum() / ((usual * x * x).sum() + PRIOR)
        return cls(np.clip(known, 0.0, 1.0), held)

    def moved(self, usual: Floats, booked: Floats) -> Floats:
        """How many times the usual jobs [services, DAYS] are expected."""
        found = np.ones(usual.shape)
        for k, (first, end) in enumerate(LEADS):
            held = self.held[:, k, None] * usual[:, first:end]
            known = np.minimum(self.known[k], MOST_JOBS_A_BOOKING * self.held[:, k, None])
            is_usual = (held > _RAREST) & (usual[:, first:end] > _RAREST)
            ratio = np.where(is_usual, booked[:, first:end] / np.maximum(held, _RAREST), 1.0)
            found[:, first:end] = 1.0 + known * (ratio - 1.0)
        return np.clip(found, LEAST, MOST)


def learn(
    seen: BookedSeen, jobs: JobsDone, quantities: Floats, distribution: DemandDistribution, today: date
) -> tuple[BookedAhead, NearDays | None]:
    """What the book is worth, and what it says of the days from ``today`` on if that is worth anything.

    ``quantities`` [parts, days] is what was used until the jobs' last day.
    """
    over = _over(seen, jobs, today)
    said = BookedAhead(days_seen=len(over))
    if not jobs.services or len(over) < FEWEST_SIGHTINGS or (today - over[0].day).days < FEWEST_DAYS:
        return said, None
    gains = _gains(over, jobs, quantities, distribution)
    mean = float(gains.mean())
    error = float(gains.std(ddof=1) / np.sqrt(len(gains)))
    lessons = Lessons.of(over)
    said = BookedAhead(
        days_seen=len(over),
        shares_known=tuple(round(float(share), 3) for share in lessons.known),
        gain=round(mean, 4),
        is_used=mean >= LEAST_GAIN and mean >= LEAST_CERTAINTY * error,
    )
    now = seen.sightings.get(today)
    if not said.is_used or now is None:
        return replace(said, is_used=False), None
    return said, NearDays(today, _factors(lessons, jobs, jobs.usual(today), _counted(now, jobs.services)))


def _over(seen: BookedSeen, jobs: JobsDone, today: date) -> list[_Seen]:
    """The sightings of which at least the judged days are over, the oldest first."""
    found = []
    for day, sighting in sorted(seen.sightings.items()):
        days_over = (jobs.last_day - day).days + 1
        is_over = today - timedelta(OLDEST_DAYS) <= day < today and days_over >= JUDGED_DAYS
        if is_over and jobs.days_before(day) >= FEWEST_BEFORE:
            found.append(_Seen(day, jobs.usual(day), _counted(sighting, jobs.services), jobs.came(day)))
    return found


def _counted(sighting: Mapping[str, Sequence[int]], services: Sequence[str]) -> Floats:
    return np.array([sighting.get(service, (0,) * DAYS) for service in services], float).reshape(-1, DAYS)


def _factors(lessons: Lessons, jobs: JobsDone, usual: Floats, booked: Floats) -> Floats:
    """[parts, DAYS]"""
    found: Floats = 1.0 + jobs.shares @ (lessons.moved(usual, booked) - 1.0)
    return np.clip(found, LEAST, MOST)


def _gains(over: Sequence[_Seen], jobs: JobsDone, quantities: Floats, distribution: DemandDistribution) -> Floats:
    """By week seen: the share of the loss that the book saves, taught by the other weeks."""
    weeks: dict[int, list[_Seen]] = {}
    for one in over:
        weeks.setdefault(one.day.toordinal() // 7, []).append(one)
    lessons = [Lessons.of([one for one in over if one.day.toordinal() // 7 % 2 != parity]) for parity in (0, 1)]
    recent = quantities[:, -OLDEST_DAYS:]
    used = np.argsort(-(recent > 0).sum(axis=1), kind="stable")[:MOST_PARTS]
    used = used[recent[used].any(axis=1)]
    came, scale = quantities[used], np.maximum(recent[used].std(axis=1), _RAREST)
    alone = distribution.only(used)

    def loss(said: DemandDistribution, day: date) -> float:
        end = came.shape[1] - (jobs.last_day - day).days - 1
        sums = came[:, end : end + JUDGED_DAYS].sum(axis=1)
        levels = said.quantiles(day, JUDGED_DAYS, measures.JUDGED_LEVELS).T
        losses = [measures.pinball(sums, q, p) / scale for q, p in zip(levels, measures.JUDGED_LEVELS, strict=True)]
        return float(np.mean(losses))

    lost = np.zeros((len(weeks), 2))
    for row, (week, of_week) in enumerate(weeks.items()):
        taught = lessons[week % 2]
        for one in of_week:
            near = NearDays(one.day, _factors(taught, jobs, one.usual, one.booked)[used])
            lost[row] += loss(alone, one.day), loss(alone.with_near(near), one.day)
    gains: Floats = (lost[:, 0] - lost[:, 1]) / max(float(lost[:, 0].mean()), _RAREST)
    return gains
