"""Is a challenger fit to be published? A pure decision over what is known of it and of the champion."""

from __future__ import annotations

import math
from dataclasses import dataclass

from restock.stored.manifest import Window

WORSE_BY = 0.05
"""A challenger may score this much worse than the champion on the same backtest; chance alone makes so much."""

TIMES_RECENT = 5.0
"""More than so many times the busiest recent weeks, or less than that fraction of the quietest, is absurd."""

SMALL_TOTAL = 50.0
"""Below so many units in four weeks, totals say nothing."""

VANISHED_SHARE = 0.1
"""A full read may miss so large a share of the appointments before it is taken for a broken read."""

VANISHED_FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the gate looks at.

    Scores: mean scaled pinball loss of the two recipes over the same backtest, which both may have learnt from; lower
    is better.
    """

    is_finite: bool
    forecast_28: float
    """Units forecast for the next 28 days, all parts."""
    recent_28: tuple[float, ...]
    """Units used in each of the last 28-day spans, newest first; empty for a shop younger than that."""
    missing_parts: tuple[str, ...] = ()
    """Parts of the catalogue that the challenger does not know."""
    challenger_score: float | None = None
    champion_score: float | None = None
    broken_laws: tuple[str, ...] = ()
    """What the forecast says that no distribution can (restock/forecasting/laws.py)."""


def reasons_to_refuse(evidence: Evidence) -> list[str]:
    """Why not to publish; empty when the challenger is fit (promise 4)."""
    reasons = []
    if not evidence.is_finite or not math.isfinite(evidence.forecast_28):
        reasons.append("the forecast holds numbers that are not finite")
    reasons += [f"the forecast contradicts itself: {law}" for law in evidence.broken_laws]
    if evidence.missing_parts:
        names = ", ".join(evidence.missing_parts[:5])
        reasons.append(f"{len(evidence.missing_parts)} parts of the catalogue have no forecast: {names}")
    if evidence.recent_28:
        most, least = max(evidence.recent_28), min(evidence.recent_28)
        if evidence.forecast_28 > TIMES_RECENT * max(most, SMALL_TOTAL):
            reasons.append(f"it forecasts {evidence.forecast_28:.0f} units in 28 days; recently at most {most:.0f}")
        if least > SMALL_TOTAL and evidence.forecast_28 < least / TIMES_RECENT:
            reasons.append(f"it forecasts {evidence.forecast_28:.0f} units in 28 days; recently at least {least:.0f}")
    challenger, champion = evidence.challenger_score, evidence.champion_score
    if challenger is not None and champion is not None and challenger > champion * (1 + WORSE_BY):
        reasons.append(f"it scores {challenger:.4f} where the champion scores {champion:.4f} on the same backtest")
    return reasons


def reason_to_distrust_read(vanished: int, expected: int) -> str | None:
    """Why a full read looks broken: appointments gone that nobody is known to have deleted."""
    if vanished > max(VANISHED_FEW, VANISHED_SHARE * expected):
        return (
            f"{vanished} of {expected} appointments vanished without a deletion being delivered; "
            "if that is right, force it: python -m restock rebuild --force"
        )
    return None


def reason_to_distrust_usage(before: Window, now: Window) -> str | None:
    """Why a full read by other rules, or without a history to compare with, looks broken: most usage gone."""
    if before.units is None or now.units is None or before.units - now.units <= max(VANISHED_FEW, before.units / 2):
        return None
    return (
        f"a full read counts {now.units:g} units and the live version was trained on {before.units:g}; check the "
        "settings of counting; if that is right, force it: rebuild --force"
    )


def reason_to_distrust_catalogue(before: Window | None, now: Window) -> str | None:
    """Why the catalogue looks broken: empty, or most of its parts gone since the live version was trained."""
    had, has = before.active_parts if before else None, now.active_parts
    if has == 0:
        return "the catalogue reads as empty; if that is right, force it: retrain --force"
    if had is None or has is None or had - has <= max(VANISHED_FEW, had // 2):
        return None
    return f"the catalogue has {has} parts and had {had}; if that is right, force it: retrain --force"
