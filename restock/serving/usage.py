"""The answer of /v1/usage: which parts and services were used most in a period, from what the model keeps.

It knows the last 90 days. The app reads all appointments for this: 14,593 documents a view, where nothing is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from restock.serving.http import HttpError
from restock.serving.model import Model
from restock.stored.artifact import RECENT_DAYS

DECIMALS = 4


def usage(model: Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """Of the days up to and including ``through``; the last day known, if it is left out."""
    artifact = model.artifact
    last: date = artifact.header.trained_through
    through = last if values["through"] is None else values["through"]
    days, end = values["days"], RECENT_DAYS - (last - through).days
    if not days <= end <= RECENT_DAYS:
        first = artifact.recent_start + timedelta(days - 1)
        raise HttpError(404, f"through must be a day from {first} to {last}: more is not known here", field="through")
    used = artifact.recent[:, end - days : end]
    parts: list[dict[str, Any]] = [
        {
            "part": part.key,
            "name": part.name,
            "used": round(float(units.sum()), DECIMALS),
            "days_used": int((units > 0).sum()),
        }
        for part, units in zip(artifact.parts, used, strict=True)
        if units.any()
    ]
    jobs = {service: sum(counts[end - days : end]) for service, counts in (artifact.header.recent_jobs or {}).items()}
    services: list[dict[str, Any]] = [{"service": service, "jobs": count} for service, count in jobs.items() if count]
    most = values["most"]
    return {
        "from": (through - timedelta(days - 1)).isoformat(),
        "through": through.isoformat(),
        "days": days,
        "counts": {"parts": len(parts), "services": len(services)},
        "parts": sorted(parts, key=lambda one: (-one["used"], one["name"], one["part"]))[:most],
        "services": sorted(services, key=lambda one: (-one["jobs"], one["service"]))[:most],
    }
