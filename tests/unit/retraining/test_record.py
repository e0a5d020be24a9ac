"""The run record: readable in one screen, whole in the database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.counting.appointments import Rejection
from restock.retraining.record import MOST_EXAMPLES, RunRecord
from tests.builders import NOON
from tests.fakes import FakeDocuments


def test_stages_are_timed_and_told():
    told = []
    record = RunRecord(1, "manual", NOON)

    with record.stage("history", told.append):
        pass

    assert told == ["history"]
    assert record.seconds["history"] >= 0


def test_a_stage_that_failed_is_timed_but_not_told():
    told = []
    record = RunRecord(1, "manual", NOON)

    with pytest.raises(KeyError), record.stage("history", told.append):
        raise KeyError("no")

    assert told == []
    assert "history" in record.seconds


def test_promise_8_rejections_are_counted_by_reason_and_a_few_are_named():
    record = RunRecord(1, "manual", NOON)

    for number in range(100):
        record.reject(f"appointments/{number}", (Rejection("date", "is not a date"), Rejection("date", "is early")))

    assert record.rejected == {"date is not a date": 100, "date is early": 100}
    assert len(record.rejected_examples) == MOST_EXAMPLES
    assert record.rejected_examples[0] == "appointments/0: date is not a date"


def test_it_is_stored_under_its_run_and_expires():
    documents = FakeDocuments()

    RunRecord(42, "manual", NOON, scores={"challenger": {"loss": 1.5}}).write(documents, NOON)

    stored = documents.stored("restock_runs")["restock_runs/42"]
    assert stored["run"] == 42
    assert stored["scores"] == {"challenger": {"loss": 1.5}}
    assert stored["expire_at"] == NOON + timedelta(days=90)
    assert "error" not in stored
