"""What a run writes down: readable in one screen, whole in the database, read back by the class that wrote it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.counting.appointments import Rejection
from restock.retraining.journal import MOST_EXAMPLES, Journal
from restock.stored.run_record import RunRecord
from tests.builders import NOON
from tests.fakes import FakeDocuments


def test_stages_are_timed_and_told():
    told = []
    journal = Journal(1, "manual", NOON)

    with journal.stage("history", told.append):
        pass

    assert told == ["history"]
    assert journal.record.seconds["history"] >= 0


def test_a_stage_that_failed_is_timed_but_not_told():
    told = []
    journal = Journal(1, "manual", NOON)

    with pytest.raises(KeyError), journal.stage("history", told.append):
        raise KeyError("no")

    assert told == []
    assert "history" in journal.record.seconds


def test_promise_8_rejections_are_counted_by_reason_and_a_few_are_named():
    journal = Journal(1, "manual", NOON)

    for number in range(100):
        journal.reject(f"appointments/{number}", (Rejection("date", "is not a date"), Rejection("date", "is early")))

    assert journal.record.rejected == {"date is not a date": 100, "date is early": 100}
    assert len(journal.record.rejected_examples) == MOST_EXAMPLES
    assert journal.record.rejected_examples[0] == "appointments/0: date is not a date"


def test_the_record_is_stored_under_its_run_and_expires():
    documents = FakeDocuments()
    journal = Journal(42, "manual", NOON)
    journal.know(scores={"challenger": {"loss": 1.5}})

    journal.write(documents, NOON)

    stored = documents.stored("restock_runs")["restock_runs/42"]
    assert stored["run"] == 42
    assert stored["scores"] == {"challenger": {"loss": 1.5}}
    assert stored["expire_at"] == NOON + timedelta(days=90)
    assert "error" not in stored


@pytest.mark.parametrize("finished_at", [None, NOON])
def test_what_is_stored_is_read_back_as_it_was(finished_at):
    documents = FakeDocuments()
    journal = Journal(7, "schedule", NOON)
    journal.know_changes(pending=3)
    journal.note("n")

    journal.write(documents, finished_at)

    assert RunRecord.from_fields(documents.stored("restock_runs")["restock_runs/7"]) == journal.record
