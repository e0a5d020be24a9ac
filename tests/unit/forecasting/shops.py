"""Shops to forecast: their demand, their history, and the lesson that is made of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from restock.counting.appointments import Usage, UsedPart
from restock.forecasting.demand import Demand
from restock.history.history import CountedAppointment, History
from restock.history.stock_seen import StockSeen
from restock.retraining.tools import Lesson
from restock.stored.artifact import Part

MONDAY = date(2025, 1, 6)
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
TODAY = NOW.date()


def a_demand(quantities: Any, first_day: date = MONDAY, **changed: Any) -> Demand:
    """Of parts p0, p1, ... in the order of their names."""
    parts = tuple(Part(f"p{k}", f"Part {k:03}") for k in range(len(quantities)))
    return Demand(parts, first_day, np.asarray(quantities, float), **changed)


def a_history(*used: tuple[date, str, str, float]) -> History:
    """Of (day, key, name, quantity), one appointment each."""
    counted = [
        CountedAppointment(f"a{number}", Usage(day, (UsedPart(key, name, quantity),)), NOW)
        for number, (day, key, name, quantity) in enumerate(used)
    ]
    return History.of(counted, "rules", NOW)


def a_lesson(history: History, today: date = TODAY, **changed: Any) -> Lesson:
    given: dict[str, Any] = {
        "history": history,
        "catalogue": (),
        "seen": StockSeen(),
        "today": today,
        "champion": None,
        "budget_seconds": 8.0,
    }
    return Lesson(**(given | changed))


def say_nothing(_message: str) -> None:
    """Progress that nobody follows."""
