"""What the app's contract asks for: so many days from a day on. A key of prepared answers, too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class DemandRequest:
    days: int
    start: date
