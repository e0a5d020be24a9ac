"""A model without mathematics: what the run, the gate and publishing need of one, at no cost."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from restock.errors import DamagedError
from restock.retraining.gate import Evidence
from restock.retraining.tools import Lesson
from restock.stored.manifest import Window
from restock.stored.pointer import Pointer

GOOD = Evidence(is_finite=True, forecast_28=10.0, recent_28=())
ABSURD = Evidence(is_finite=False, forecast_28=float("nan"), recent_28=())


@dataclass
class ConstantModel:
    """Forecasts the same for ever, and says of itself what it is told to."""

    rows: int
    judged: Evidence = GOOD
    recipe: Mapping[str, Any] = field(default_factory=lambda: {"method": "constant"})
    scores: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
    active_parts: int = 1
    learnt: bytes | None = b"all there is to know"

    def evidence(self) -> Evidence:
        return self.judged

    def forecast(self, version: int, trained_at: datetime, previous: bytes | None) -> bytes:
        return json.dumps({"version": version, "trained_at": trained_at.isoformat(), "rows": self.rows}).encode()

    def estimators(self) -> bytes:
        return b"estimators"

    def window(self) -> Window:
        return Window(active_parts=self.active_parts, units=float(self.rows))


@dataclass
class ConstantFit:
    """Fits nothing; remembers what it was given. ``before`` may raise, or do what happens while a model is fitted."""

    judged: Evidence = GOOD
    before: Callable[[], object] = lambda: None
    active_parts: int = 1
    scores: Mapping[str, Any] = field(default_factory=dict)
    lessons: list[Lesson] = field(default_factory=list)

    def __call__(self, lesson: Lesson, progress: Callable[[str], None]) -> ConstantModel:
        self.before()
        self.lessons.append(lesson)
        model = ConstantModel(len(lesson.history), self.judged, scores=self.scores, active_parts=self.active_parts)
        return replace(model, learnt=None) if lesson.follows else model


def reads(forecast: bytes, pointer: Pointer) -> object:
    """What stands for serving's reader: a constant model's forecast is JSON."""
    try:
        return json.loads(forecast)
    except ValueError as exc:
        raise DamagedError("this is no constant model's forecast") from exc


def a_pointer(**changed: Any) -> Pointer:
    pointer = Pointer(
        version=1,
        history=1,
        run=1,
        forecast_sha256="f" * 64,
        manifest_sha256="m" * 64,
        history_sha256="h" * 64,
        published_by="retrain (manual)",
        published_at="2026-03-02T12:00:00+00:00",
        trained_at="2026-03-02T12:00:00+00:00",
        rules="r",
    )
    return replace(pointer, **changed)
