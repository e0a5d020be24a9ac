"""Where a run stands: is what it found live its own, and the newest? What was put back is noticed here.

Compared is ``run``, which rollback, pin and unpin leave as it is. The state is read in the lease's write, the pointer
after it, so a pointer of an earlier run than the state has seen published can only have been put back::

    state, in the lease   published: run 16 ──┐
    pointer, after it     run 12              └─ 12 < 16: put back. Nobody else can make it smaller: runs only publish
                                                 under numbers above that of the pointer they replace.
"""

from __future__ import annotations

from dataclasses import dataclass

from restock.settings import Settings
from restock.stored.pointer import Pointer
from restock.stored.state import RetrainState

ADOPT = "if this is a move that is meant, adopt it: python -m restock rebuild --adopt"


@dataclass(frozen=True, slots=True)
class Place:
    """Whose appointments are counted, and where they are published."""

    database: str
    bucket: str

    @classmethod
    def of(cls, settings: Settings) -> Place:
        return cls(f"projects/{settings.project}/databases/(default)", settings.bucket)


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another Restock's: this run must write nothing."""

    message: str


@dataclass(frozen=True, slots=True)
class Renumber:
    """This run's number has been used: runs go on after a greater one."""

    after: int
    why_full_read: str | None
    """The database no longer says what became of the changes; kept in the state until a full read is live."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Its own, and in order, or to be put in order by a full read."""

    put_back: str = ""
    """What was, if anything."""


def standing(  # noqa: PLR0913  # the plain values it decides over, all named
    run: int, state: RetrainState, pointer: Pointer | None, place: Place, *, newest_stored: int, adopts: bool
) -> Foreign | Renumber | Standing:
    """Pure. ``newest_stored``: the greatest number under which the bucket holds files, asked only without a pointer."""
    if not adopts and (message := reason_foreign(state, pointer, place)):
        return Foreign(f"{message}; nothing was written; {ADOPT}")
    newest = pointer.run if pointer else newest_stored
    if newest >= run:
        why = f"the database was put back or its state lost: run {newest} had published, and it counted {run - 1} runs"
        return Renumber(newest, why if pointer else None)
    published = state.published
    if published and pointer is None:
        return Standing(f"the pointer is gone: run {published.run} had published")
    if published and pointer and pointer.run < published.run:
        return Standing(
            f"an older pointer was put back: it is run {pointer.run}'s, and run {published.run} had published"
        )
    return Standing()


def reason_foreign(state: RetrainState, pointer: Pointer | None, place: Place) -> str | None:
    """Both names, for whoever reads it has to correct one of the two. What older releases did not name is ours."""
    if pointer and pointer.database not in ("", place.database):
        return f"the bucket {place.bucket} is published to from {pointer.database}; this run is of {place.database}"
    if state.published and state.published.bucket != place.bucket:
        return f"{place.database} is published to the bucket {state.published.bucket}; this run's is {place.bucket}"
    return None
