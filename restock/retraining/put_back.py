"""Where a run stands: is what it found live its own, and the newest? What was put back is noticed here.

Compared is ``run``, which rollback, pin and unpin leave as it is. The state is read in the lease's write, the pointer
after it, so a pointer of an earlier run than the state has seen published can only have been put back::

    state, in the lease   published: run 16 ──┐
    pointer, after it     run 12              └─ 12 < 16: put back. Nobody else can make it smaller: runs only publish
                                                 under numbers above that of the pointer they replace.

A pointer of a later run than the state has seen published is that of a run stopped after its commit, if the database
has the record of the attempt that the pointer names; else the database is an older one that has counted on since.
"""

from __future__ import annotations

from dataclasses import dataclass

from restock.settings import Settings
from restock.stored import names
from restock.stored.pointer import Pointer
from restock.stored.run_record import RunRecord
from restock.stored.state import RetrainState

ADOPT = "if this is a move that is meant, adopt it: python -m restock rebuild --adopt"


@dataclass(frozen=True, slots=True)
class Home:
    """Whose appointments are counted, and where they are published."""

    database: str
    bucket: str

    @classmethod
    def of(cls, settings: Settings, shop: str = "") -> Home:
        """A shop of a chain names its root besides: another shop's files, put under it, are noticed."""
        database = f"projects/{settings.project}/databases/(default)"
        return cls(f"{database}/documents/{names.root(shop)}".rstrip("/") if shop else database, settings.bucket)


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
class Ours:
    """Its own, and in order, or to be put in order by a full read."""

    put_back: str = ""
    """What was, if anything."""


def what_was_put_back(  # noqa: PLR0913  # the plain values it decides over, all named
    run: int,
    state: RetrainState,
    pointer: Pointer | None,
    home: Home,
    *,
    newest_stored: int,
    recorded: RunRecord | None,
    adopts: bool,
) -> Foreign | Renumber | Ours:
    """Pure. ``newest_stored``: the greatest number under which the bucket holds files, asked only without a pointer.

    ``recorded``: what the database has under the pointer's number, asked only if the pointer ``is_unnoted``.
    """
    if not adopts and (message := reason_foreign(state, pointer, home)):
        return Foreign(f"{message}; nothing was written; {ADOPT}")
    newest = pointer.run if pointer else newest_stored
    if newest >= run:
        why = f"the database was put back or its state lost: run {newest} had published, and it counted {run - 1} runs"
        return Renumber(newest, why if pointer else None)
    published = state.published
    if published and pointer is None:
        return Ours(f"the pointer is gone: run {published.run} had published")
    if published and pointer and pointer.run < published.run:
        return Ours(f"an older pointer was put back: it is run {pointer.run}'s, and run {published.run} had published")
    is_other = pointer and pointer.attempt and pointer.attempt != (recorded.attempt if recorded else None)
    if pointer and is_other and is_unnoted(state, pointer) and not state.full_read_due:
        return Ours(f"the database was put back: it has another run {pointer.run} than the one that is live")
    return Ours()


def is_unnoted(state: RetrainState, pointer: Pointer) -> bool:
    """Live, and the state never saw it published: a run was stopped after its commit, or the database was put back."""
    return state.published is None or pointer.run > state.published.run


def reason_foreign(state: RetrainState, pointer: Pointer | None, home: Home) -> str | None:
    """Both names, for whoever reads it has to correct one of the two. What older releases did not name is ours."""
    if pointer and pointer.database not in ("", home.database):
        return f"the bucket {home.bucket} is published to from {pointer.database}; this run is of {home.database}"
    if state.published and state.published.bucket != home.bucket:
        return f"{home.database} is published to the bucket {state.published.bucket}; this run's is {home.bucket}"
    return None
