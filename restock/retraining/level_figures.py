"""The figures of ``restock_levels/current``: what one version says of every part, by the defaults of /v1/restock."""

from __future__ import annotations

from datetime import date, datetime

from restock.serving.inventory import Policy, advise
from restock.stored.artifact import ForecastArtifact, listed_rows
from restock.stored.levels import Level, Levels
from restock.stored.pointer import Pointer

POLICY = Policy(lead_days=7, review_days=7, service_level=0.95)
"""The defaults of /v1/restock."""
DECIMALS = 4


def reckoned(artifact: ForecastArtifact, pointer: Pointer, generation: int, day: date, now: datetime) -> Levels:
    """From ``day`` on, of the parts that the catalogue lists."""
    advice = advise(artifact, day, POLICY, on_hand=0.0)
    week, month = (artifact.mean(day, days).sum(axis=1) for days in (7, 30))
    figures = zip(advice.reorder_point, advice.order_up_to, week, month, strict=True)
    levels = [Level(*(round(float(figure), DECIMALS) for figure in its)) for its in figures]
    return Levels(
        generation=generation,
        version=pointer.version,
        written_at=now,
        policy={
            "from": day.isoformat(),
            "lead_time_days": POLICY.lead_days,
            "review_days": POLICY.review_days,
            "service_level": POLICY.service_level,
            "measure": POLICY.measure,
        },
        parts={artifact.parts[row].key: levels[row] for row in listed_rows(artifact.parts)},
    )
