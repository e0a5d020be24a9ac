"""Keeps ``restock_levels/current`` that of the live version, whoever made it live: a run, or an operator's rollback.

    any run ─▶ levels of another generation than the pointer's? ─▶ reckoned ─▶ the pointer still the same? ─▶ written

The write is conditional on the document that was read first, so that of two runs the later publication stays.
"""

from __future__ import annotations

from datetime import date, datetime

from restock.errors import ConflictError, DamagedError
from restock.serving.inventory import Policy, advise
from restock.stored import names
from restock.stored.artifact import ForecastArtifact, listed_rows
from restock.stored.levels import Level, Levels, generation_of
from restock.stored.pointer import Pointer
from restock.stored.published import read_live, read_verified
from restock.stores import DocumentStore, ObjectStore, Snapshot, Update

POLICY = Policy(lead_days=7, review_days=7, service_level=0.95)
"""The defaults of /v1/restock."""
DECIMALS = 4


def follow_levels(documents: DocumentStore, objects: ObjectStore, day: date, now: datetime) -> str | None:
    """Write the levels of the live version unless they are there; says what was done, for the run's record."""
    live = read_live(objects)
    found = documents.get(names.CURRENT_LEVELS)
    if live.pointer is None or _generation(found) == live.generation:
        return None
    data = read_verified(objects, names.forecast(live.pointer.version), live.pointer.forecast_sha256)
    levels = reckoned(ForecastArtifact.from_bytes(data), live.pointer, live.generation, day, now)
    if read_live(objects).generation != live.generation:
        return None  # whoever moved it writes its own
    *others, (path, fields) = levels.to_documents()
    for other, its in others:
        documents.set(other, its)
    try:
        if found is None:
            documents.create(path, fields)
        else:
            documents.update(Update(path, {**dict.fromkeys(found.fields), **fields}, found.update_time))
    except ConflictError:
        return None  # another run was faster
    return f"levels of version {levels.version} written for {len(levels.parts)} parts"


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


def _generation(found: Snapshot | None) -> int | None:
    """Of what a newer release wrote, or nobody can read, none: it is written anew."""
    try:
        return generation_of(found.fields) if found else None
    except DamagedError:
        return None
