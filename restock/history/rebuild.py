"""The full read: history recomputed from every appointment.

Needed for the first training, when the counting rules change, when the history is damaged, on the first schedule after
one of these, on request, and weekly as a check of promise 1. It costs one read per appointment, so nothing else ever
does it.

Several ranges of document ids are read at once, each page at its own read time, and what was counted is kept from time
to time, so that however large the shop, some run gets to the end of it::

    run 41   begun ──── pages ──── pages ──── deadline: 500, the queue asks again
    run 42                                       └── pages ──── pages ──── what was touched since, again ──── history
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from restock.counting.appointments import (
    FIELDS_READ,
    NOTHING,
    CountingRules,
    Rejection,
    Usage,
    is_kept_when_deleted,
    job_without_parts,
    status_passed_over,
    usage_of,
)
from restock.errors import StoreUnavailableError
from restock.history.checkpoint import Checkpoint, Piece, chain
from restock.history.history import CountedAppointment, History, JobsOf
from restock.history.rows import COLUMNS, Row, table_of
from restock.stored import names
from restock.stores import DocumentStore, Snapshot

KEPT_EVERY = 20_000
"""Appointments of one range after which they are kept; a shop with fewer is read in one go."""

MOST_JOBS_OF = 2000
"""Services and months of which jobs without parts are told apart: fifty services and more than three years."""

ID_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
"""What Firestore's clients draw ids from. Ids made otherwise are read as well, only less evenly."""

Reject = Callable[[str, tuple[Rejection, ...]], None]


@dataclass
class Range:
    """Ids after one and up to another, read as far as ``last``."""

    after: str
    up_to: str
    tables: list[pa.Table] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.last = self._kept_to = self.after
        self._kept_tables = 0
        self.unkept = 0

    def resume(self, pieces: Sequence[Piece]) -> None:
        for piece in chain(pieces, self.after, self.up_to):
            self.tables.append(piece.rows)
            self.last = piece.last
        self._keep()

    def add(self, page: Sequence[Snapshot], rows: pa.Table) -> None:
        self.tables.append(rows)
        self.last = page[-1].id
        self.unkept += len(page)

    def piece(self, begun_at: datetime) -> Piece:
        """What no piece holds yet."""
        piece = Piece(self._kept_to, self.last, begun_at, pa.concat_tables(self.tables[self._kept_tables :]))
        self._keep()
        return piece

    def _keep(self) -> None:
        self._kept_to, self._kept_tables, self.unkept = self.last, len(self.tables), 0


def ranges(count: int) -> list[Range]:
    """All ids, in so many ranges.

    >>> [(one.after, one.up_to) for one in ranges(4)]
    [('', 'F'), ('F', 'V'), ('V', 'k'), ('k', '')]
    """
    ends = [ID_LETTERS[len(ID_LETTERS) * k // count] for k in range(1, count)]
    return [Range(after, up_to) for after, up_to in zip(["", *ends], [*ends, ""], strict=True)]


def read_everything(  # noqa: PLR0913  # how a full read is bounded, resumed and told, all named in every call
    documents: DocumentStore,
    rules: CountingRules,
    *,
    anchor: str,
    page_size: int,
    parallel: int,
    checkpoint: Checkpoint,
    expected: History,
    reject: Reject,
    pass_over: Callable[[str], None],
    progress: Callable[[str], None],
    kept_every: int = KEPT_EVERY,
) -> History:
    """Count every appointment. ``anchor`` is any existing document: its read time, taken first, dates the read.

    Every page is newer than ``rebuilt_at``: a version written meanwhile is either in already, under its own
    source_time, or arrives as a change. Changes must have been read before this is called; ``expected``, the history
    with them applied, tells what purged bookings used, where the shop keeps that. ``pass_over`` is told the status of
    every appointment with parts that is not counted for it (promise 8).
    """
    begun = documents.get(anchor)
    if begun is None:
        raise StoreUnavailableError(f"{anchor} vanished while the history was being rebuilt")
    pieces = checkpoint.load(begun.read_time)
    rebuilt_at = min([begun.read_time, *(piece.begun_at for piece in pieces)])
    parts = ranges(parallel)
    for part in parts:
        part.resume(pieces)
    if pieces:
        progress(f"continuing the full read begun at {rebuilt_at:%H:%M:%S} UTC")
    read = 0
    for part, page in _pages(documents, parts, page_size):
        part.add(page, counted(page, rules, reject))
        for snapshot in page:
            if status := status_passed_over(snapshot.fields, rules):
                pass_over(status)
        if part.unkept >= kept_every:
            checkpoint.save(part.piece(rebuilt_at))
        read += len(page)
        progress(f"{read} appointments read")
    rows = pa.concat_tables([COLUMNS.empty_table(), *(table for part in parts for table in part.tables)])
    if pieces:
        rows = _read_again(documents, rows, _touched(documents, rebuilt_at, page_size), rules, reject)
    if rules.keep_usage_when_deleted_after_days is not None:
        rows = pa.concat_tables([rows, _purged(expected, rows, rebuilt_at, rules)])
    used = rows.filter(pc.is_valid(rows["part"]))
    return History(used, rules.digest, rebuilt_at, without_parts=_jobs_without_parts(rows))


def _jobs_without_parts(rows: pa.Table) -> dict[JobsOf, int]:
    """The commonest, for a field that holds anything must not fill the history's head."""
    done = rows.filter(pc.and_(pc.is_null(rows["part"]), pc.is_valid(rows["day"]))).select(["service", "day"])
    monthly = done.set_column(1, "month", pc.strftime(done["day"], "%Y-%m"))
    counts = monthly.group_by(["service", "month"]).aggregate([([], "count_all")])
    found = Counter({JobsOf(*jobs): count for *jobs, count in zip(*counts.to_pydict().values(), strict=True)})
    return dict(sorted(found.most_common(MOST_JOBS_OF)))


def _purged(expected: History, seen: pa.Table, rebuilt_at: datetime, rules: CountingRules) -> pa.Table:
    """What is expected of appointments that are gone, and so old that deleting them was housekeeping.

    One that was made anew under its id since, and uses nothing yet, is gone as well: it is another appointment.
    """
    is_empty = pc.is_null(seen["part"])
    using, empty = seen.filter(pc.invert(is_empty)), seen.filter(is_empty)
    made_at = dict(zip(empty["appointment"].to_pylist(), empty["source_time"].to_pylist(), strict=True))
    missing = expected.without(using["appointment"].unique().to_pylist())
    counted_at = missing.source_times(list(made_at))
    kept = missing.without([appointment for appointment, time in counted_at.items() if made_at[appointment] <= time])
    days = [day for day in kept.rows["day"].unique().to_pylist() if is_kept_when_deleted(Usage(day), rebuilt_at, rules)]
    return kept.rows.filter(pc.is_in(kept.rows["day"], value_set=pa.array(days, pa.date32())))


def counted(page: Sequence[Snapshot], rules: CountingRules, reject: Reject) -> pa.Table:
    """The history's rows of these appointments; one without usage has a single row without a part, dated by its making,
    for whether it is still the appointment that a history counted. If it is a completed job, the row has its day."""
    return table_of(row for snapshot in page for row in _rows_of(snapshot, rules, reject))


def _rows_of(snapshot: Snapshot, rules: CountingRules, reject: Reject) -> Iterator[Row]:
    found = usage_of(snapshot.fields, snapshot.update_time, rules)
    reject(names.appointment(snapshot.id), found.rejections)
    if found.usage.is_empty:
        job = job_without_parts(snapshot.fields, snapshot.update_time, rules) or NOTHING
        yield Row(snapshot.id, job.day, None, None, snapshot.create_time, None, job.service, job.booked_on)
    else:
        yield from CountedAppointment(snapshot.id, found.usage, snapshot.update_time).rows()


def _pages(documents: DocumentStore, parts: Sequence[Range], page_size: int) -> Iterator[tuple[Range, list[Snapshot]]]:
    """The pages of all ranges as they come, one request under way for each range."""
    readers = [documents.pages(names.APPOINTMENTS, FIELDS_READ, page_size, part.last, part.up_to) for part in parts]
    if len(readers) == 1:
        yield from ((parts[0], page) for page in readers[0])
        return
    with ThreadPoolExecutor(len(readers)) as pool:
        waiting = {pool.submit(next, reader, None): number for number, reader in enumerate(readers)}
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                number = waiting.pop(future)
                page = future.result()
                if page is not None:
                    waiting[pool.submit(next, readers[number], None)] = number
                    yield parts[number], page


def _touched(documents: DocumentStore, since: datetime, page_size: int) -> list[str]:
    """The appointments whose change document was written since, whatever became of it meanwhile."""
    pages = documents.pages(names.CHANGES, ("schema",), page_size)
    return [snapshot.id for page in pages for snapshot in page if snapshot.update_time > since]


def _read_again(
    documents: DocumentStore, rows: pa.Table, appointments: Sequence[str], rules: CountingRules, reject: Reject
) -> pa.Table:
    """Promise 1 for a read that was continued: the run will mark their changes trained, so they must be in as they are.

    Not only the pending ones: a run in between may have trained or settled a change, and a withdrawal of what was never
    trained leaves nothing but its document.
    """
    kept = rows.filter(pc.invert(pc.is_in(rows["appointment"], value_set=pa.array(appointments, pa.string()))))
    found = [documents.get(names.appointment(appointment)) for appointment in appointments]
    return pa.concat_tables([kept, counted([one for one in found if one], rules, reject)])
