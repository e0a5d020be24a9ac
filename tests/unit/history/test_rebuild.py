"""The full read: in ranges, in threads, and continued by the next run where one reached its deadline."""

import itertools
from datetime import timedelta

import pytest

from restock.counting.appointments import CountingRules
from restock.errors import ConflictError, OutOfTimeError
from restock.history.checkpoint import OLDEST, Checkpoint, Piece, chain
from restock.history.history import History, JobsOf
from restock.history.rebuild import ID_LETTERS, ranges, read_everything
from restock.stored import names
from restock.stored.run_record import RunRecord
from tests.builders import NOON, a_settings, appointment, change, part, usage
from tests.fakes import FakeClock, FakeDocuments, FakeObjects

ANCHOR = "restock_state/retrain"
NAMES = [f"{ID_LETTERS[k % 62]}{k:03}" for k in range(0, 400, 7)]


class Shop:
    """Appointments, a bucket, and full reads that stop after so many messages of progress."""

    def __init__(self, **settings):
        self.clock = FakeClock(NOON)
        self.documents, self.objects = FakeDocuments(self.clock), FakeObjects(self.clock)
        self.rules = CountingRules.of(a_settings(**settings))
        self.documents.set(ANCHOR, {"run": 1})
        self.read_ids = []
        self.runs = 0
        self.attempts = itertools.count()
        for name in NAMES:
            self.complete(name)

    def complete(self, name, quantity=1):
        self.documents.set(f"appointments/{name}", appointment(parts=[part(quantity=quantity)]))

    def count(self, name, **more):
        """What on_appointment leaves of a write."""
        self.documents.set(names.change(name), change(name, at=self.clock(), **more).to_fields())

    def begin_run(self):
        self.runs += 1
        self.pieces = ()
        self.note()

    def note(self, *pieces):
        self.pieces += pieces
        record = RunRecord(run=self.runs, reason="manual", pieces=self.pieces, started_at=self.clock())
        self.documents.set(names.run_record(self.runs), record.to_fields())

    def read(self, *, parallel=3, stop_after=None, expected=None):
        self.begin_run()
        checkpoint = Checkpoint(
            self.objects,
            self.documents,
            rules=self.rules.digest,
            ranges=parallel,
            run=self.runs,
            attempt=f"attempt{next(self.attempts)}",
            note=self.note,
        )
        messages = []

        def progress(message):
            messages.append(message)
            if len(messages) == stop_after:
                raise OutOfTimeError("stopped")

        history = read_everything(
            self.documents,
            self.rules,
            anchor=ANCHOR,
            page_size=2,
            parallel=parallel,
            checkpoint=checkpoint,
            expected=expected or History.of((), self.rules.digest, NOON),
            reject=lambda where, rejections: None,
            pass_over=lambda status: None,
            progress=progress,
            kept_every=4,
        )
        checkpoint.clear()  # as the run does once the history is live
        return history

    def stop_halfway(self):
        with pytest.raises(OutOfTimeError):
            self.read(stop_after=len(NAMES) // 4)
        self.clock.advance(minutes=10)


def units(history):
    """Of every appointment in the history."""
    return dict(zip(history.rows["appointment"].to_pylist(), history.rows["quantity"].to_pylist(), strict=True))


@pytest.mark.parametrize("parallel", [1, 2, 7, 60])
def test_any_number_of_ranges_reads_every_appointment_once(parallel):
    shop = Shop()
    shop.documents.set("appointments/Ärger", appointment())
    reads = shop.documents.reads

    history = shop.read(parallel=parallel)

    assert units(history) == dict.fromkeys([*NAMES, "Ärger"], 1.0)
    assert shop.documents.reads - reads == len(NAMES) + 2


def test_ranges_leave_no_gap_and_no_overlap():
    for count in range(1, 61):
        found = ranges(count)

        assert [one.after for one in found[1:]] == [one.up_to for one in found[:-1]]
        assert (found[0].after, found[-1].up_to) == ("", "")


def test_a_continued_read_reads_only_what_is_left_and_finds_the_same():
    shop, undisturbed = Shop(), Shop()
    shop.stop_halfway()
    reads = shop.documents.reads

    history = shop.read()

    assert units(history) == units(undisturbed.read())
    assert shop.documents.reads - reads < len(NAMES)
    assert history.rebuilt_at < shop.clock() - timedelta(minutes=9)  # what was written since may be missing


def test_pieces_survive_any_number_of_deadlines():
    shop = Shop()
    attempts = 0
    history = None

    while history is None:
        attempts += 1
        try:
            history = shop.read(stop_after=9)
        except OutOfTimeError:
            shop.clock.advance(minutes=10)

    assert units(history) == dict.fromkeys(NAMES, 1.0)
    assert attempts > 3


def test_what_was_written_after_its_page_was_read_is_read_again():
    shop = Shop()
    shop.stop_halfway()
    edited, withdrawn, deleted, added = NAMES[0], NAMES[1], NAMES[2], "000"
    shop.complete(edited, quantity=5)
    shop.documents.set(f"appointments/{withdrawn}", appointment("cancelled"))
    shop.documents.delete(f"appointments/{deleted}")
    shop.complete(added)
    for name in (edited, withdrawn, deleted, added):
        shop.count(name, used=usage())

    history = shop.read()

    expected = dict.fromkeys(NAMES, 1.0) | {edited: 5.0, added: 1.0}
    assert units(history) == {name: count for name, count in expected.items() if name not in (withdrawn, deleted)}


def test_a_change_trained_meanwhile_is_read_again_all_the_same():
    shop = Shop()
    shop.stop_halfway()
    shop.documents.set(f"appointments/{NAMES[0]}", appointment("cancelled"))
    shop.count(NAMES[0], used=usage(), trained_time=shop.clock())

    assert NAMES[0] not in units(shop.read())


def test_an_appointment_without_usage_is_not_taken_for_deleted_in_a_continued_read():
    shop = Shop(keep_usage_when_deleted_after_days=1)
    shop.documents.set(f"appointments/{NAMES[0]}", appointment("cancelled"))
    known = shop.read()
    old = change(NAMES[0], usage(1, day=NOON.date() - timedelta(days=400)), rules=shop.rules.digest)
    expected, _ = known.applied([old])
    shop.stop_halfway()

    assert NAMES[0] not in units(shop.read(expected=expected))


def test_other_rules_another_number_of_ranges_or_a_day_make_pieces_worthless():
    shop = Shop()
    shop.stop_halfway()
    assert shop.objects.list(names.FULL_READS)

    shop.clock.advance(seconds=OLDEST.total_seconds())
    reads = shop.documents.reads
    shop.read()

    assert shop.documents.reads - reads > len(NAMES)

    shop.stop_halfway()
    reads = shop.documents.reads
    shop.read(parallel=2)

    assert shop.documents.reads - reads > len(NAMES)


def test_a_damaged_piece_is_read_anew():
    shop = Shop()
    shop.stop_halfway()
    for info in shop.objects.list(names.FULL_READS):
        shop.objects.damage(info.name)

    assert units(shop.read()) == dict.fromkeys(NAMES, 1.0)


def test_promise_1_what_was_read_of_a_database_that_was_put_back_is_not_continued():
    shop = Shop()
    shop.stop_halfway()
    assert shop.objects.list(names.FULL_READS)
    shop.runs = 0  # put back to before that run and to other appointments, of which no change tells
    for name in NAMES:
        shop.complete(name, quantity=3)
    shop.begin_run()  # it has the number of the run before

    assert units(shop.read()) == dict.fromkeys(NAMES, 3.0)


def test_promise_1_what_was_read_after_a_backup_is_not_continued_once_it_is_put_back():
    shop = Shop()
    shop.stop_halfway()
    first, *later = shop.pieces
    assert later
    shop.pieces = ()
    shop.note(first)  # put back to just after the first piece, with other appointments behind it
    before_the_backup = Piece.from_bytes(shop.objects.read(first).data).rows["appointment"].to_pylist()
    for name in set(NAMES) - set(before_the_backup):
        shop.complete(name, quantity=3)

    assert units(shop.read()) == {name: 1.0 if name in before_the_backup else 3.0 for name in NAMES}


def test_nothing_is_left_once_cleared_and_clearing_costs_nothing_where_nothing_was_read():
    shop = Shop()
    shop.stop_halfway()
    unused = Checkpoint(shop.objects, shop.documents, rules="r", ranges=1, run=9, attempt="nobody", note=shop.note)

    unused.clear()

    assert shop.objects.list(names.FULL_READS)

    unused.load(shop.clock())
    unused.clear()

    assert not shop.objects.list(names.FULL_READS)


def test_of_pieces_from_the_same_id_the_longest_is_followed():
    rows = History.of((), "r", NOON).rows
    pieces = [
        Piece(after, last, NOON, rows) for after, last in (("", "b"), ("", "c"), ("b", "x"), ("c", "f"), ("g", "h"))
    ]

    assert [piece.last for piece in chain(pieces, "", "")] == ["c", "f"]


def test_a_piece_that_meets_its_own_first_try_is_kept():
    shop = Shop()

    def lose_the_answer(effect):
        if effect.startswith("write rebuild/"):
            shop.objects.after = lambda effect: None
            raise ConflictError(f"{effect}: met its own first try")

    shop.objects.after = lose_the_answer

    assert set(units(shop.read())) == set(NAMES)


def test_pieces_end_with_their_range_though_the_next_range_goes_on_from_there():
    shop = Shop()
    shop.documents._documents.clear()
    shop.documents.set(ANCHOR, {"run": 1})
    for name in ("1", "2", ID_LETTERS[7], "71", "8", "9"):
        shop.complete(name)
    with pytest.raises(OutOfTimeError):
        shop.read(parallel=8, stop_after=4)

    assert sorted(shop.read(parallel=8).rows["appointment"].to_pylist()) == ["1", "2", "7", "71", "8", "9"]


@pytest.mark.parametrize("is_continued", [False, True])
def test_a_full_read_counts_the_completed_jobs_of_each_service_without_parts(is_continued):
    shop = Shop()
    for k in range(30):
        bare = appointment(("completed", "pending")[k % 2], parts=[], service=("Check Up", "Check\nup ")[k % 4 // 2])
        shop.documents.set(f"appointments/{NAMES[k]}", bare | {"date": f"2026-0{1 + k // 20}-10"})
    if is_continued:
        shop.stop_halfway()

    found = shop.read()

    assert found.without_parts == {JobsOf("check up", "2026-01"): 10, JobsOf("check up", "2026-02"): 5}
    assert set(found.rows["appointment"].to_pylist()) == set(NAMES[30:])


def test_services_that_hold_anything_do_not_fill_the_head_of_the_history(monkeypatch):
    monkeypatch.setattr("restock.history.rebuild.MOST_JOBS_OF", 3)
    shop = Shop()
    for k, name in enumerate(NAMES):
        shop.documents.set(f"appointments/{name}", appointment(parts=[], service=f"service {k % 7 and k}"))

    found = shop.read()

    assert len(found.without_parts) == 3
    assert found.without_parts[JobsOf("service 0", "2026-03")] == len(NAMES[::7])
