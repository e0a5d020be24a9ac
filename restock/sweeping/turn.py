"""Whose turn it is: decisions over plain values.

::

    a shop's day   0 ····· H ─────────────────────── 24     H: SWEEP_HOUR, on the shop's own clock
    not its turn   ───────┤
    its turn              ├── until a sweep has gone through with it, or the day is over

Clock changes, hours that were missed and executions that overlap need nothing else: the question is always whether a
sweep went through on the day that it now is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from restock.stored.retrain_request import RetrainRequest
from restock.stored.shop import Shop
from restock.stored.summary import Summary

TRIES = 4
"""A task, and the three times Cloud Run repeats it; a shop that failed so often is left alone for a while."""
LEFT_ALONE = timedelta(hours=6)
BEHIND = "shops stand still, or have learnt nothing for two days"
"""What the sweep says of shops that are left behind; an alert of this name waits for these words (infra/alerts.py)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A shop as the sweep's list has it, before its settings are checked."""

    id: str
    time_zone: str
    is_asked_for: bool
    summary: Summary | None


def is_turn(shop: Listed, now: datetime, hour: int) -> bool:
    """A shop whose zone is none is taken, so that what is wrong is told."""
    summary = shop.summary
    if summary and summary.failures >= TRIES and now < summary.at + LEFT_ALONE:
        return False
    if shop.is_asked_for:
        return True
    try:
        there = now.astimezone(ZoneInfo(shop.time_zone))
    except Exception:  # whatever the database of zones makes of what somebody typed
        return True
    return there.hour >= hour and (summary is None or summary.swept_on != there.date())


def is_behind(shop: Listed, now: datetime) -> bool:
    """Whether no sweep went through with it on this day of its own, nor on the two before.

    Of a shop that no sweep ever went through with, that is so once it has failed often enough to be left alone.
    """
    if shop.summary is None:
        return False
    if shop.summary.swept_on is None:
        return shop.summary.failures >= TRIES
    try:
        today = now.astimezone(ZoneInfo(shop.time_zone)).date()
    except Exception:  # its settings are wrong, which is another matter
        return False
    return today - shop.summary.swept_on > timedelta(days=2)


def in_order(shops: Sequence[Listed], index: int) -> list[Listed]:
    """The largest first, so that none is left to the end alone; what was never swept counts as the largest.

    Each task begins at a place of its own, for all begin at once.
    """
    largest_first = sorted(shops, key=lambda one: (one.summary is not None, -_cost(one), one.id))
    start = index % len(largest_first) if largest_first else 0
    return largest_first[start:] + largest_first[:start]


def _cost(shop: Listed) -> float:
    return shop.summary.cpu_seconds if shop.summary else 0.0


def request_for(shop: Shop) -> RetrainRequest:
    """What the shop is asked for, else the schedule's."""
    asked = shop.asked
    if asked is None:
        return RetrainRequest("schedule", shop=shop.id)
    return RetrainRequest("manual", asked.rebuild, asked.force, asked.adopt, shop.id)
