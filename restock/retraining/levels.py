"""Keeps ``restock_levels/current`` that of the live version, whoever made it live: a run, or an operator's rollback.

    any run ─▶ levels of another generation than the pointer's? ─▶ reckoned ─▶ the pointer still the same? ─▶ written

The write is conditional on the document that was read first, so that of two runs the later publication stays.
"""

from __future__ import annotations

from datetime import date, datetime

from restock.errors import ConflictError, DamagedError
from restock.stored import names
from restock.stored.levels import generation_of
from restock.stored.published import read_live, read_verified
from restock.stores import DocumentStore, ObjectStore, Snapshot, Update


def follow_levels(documents: DocumentStore, objects: ObjectStore, day: date, now: datetime) -> str | None:
    """Write the levels of the live version unless they are there; says what was done, for the run's record."""
    live = read_live(objects)
    found = documents.get(names.CURRENT_LEVELS)
    if live.pointer is None or _generation(found) == live.generation:
        return None
    from restock.retraining.level_figures import reckoned  # and with it numpy, which most runs need for nothing else
    from restock.stored.artifact import ForecastArtifact

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


def _generation(found: Snapshot | None) -> int | None:
    """Of what a newer release wrote, or nobody can read, none: it is written anew."""
    try:
        return generation_of(found.fields) if found else None
    except DamagedError:
        return None
