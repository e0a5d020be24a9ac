"""Promise 8 through a whole run: what was lost whole stands in its record, and a day of it raises an alarm."""

from __future__ import annotations

import json

import pytest

from restock.counting.rejected import KIND
from restock.stored.run_record import RunRecord
from tests.builders import appointment, part
from tests.unit.retraining.shop import Shop

UNREADABLE = [part("Oil", "two")]


def alarms(shop: Shop) -> list[str]:
    lines = [json.loads(line) for line in shop.lines.getvalue().splitlines()]
    return [line["message"] for line in lines if line.get("kind") == KIND and line["severity"] == "ERROR"]


def test_promise_8_a_day_of_unreadable_completions_is_reported_by_the_next_run_and_raises_an_alarm() -> None:
    shop = Shop()
    shop.complete("known")
    shop.retrain()
    shop.complete("a1", "a2", "a3", parts=UNREADABLE)
    shop.complete("sound")

    outcome = shop.retrain("schedule")

    assert outcome.status == "published"
    assert shop.record(2)["rejected"] == {"spareParts.quantity is not a number": 3}
    assert any("restock_changes/a1" in example for example in shop.record(2)["rejected_examples"])
    assert alarms(shop) == [
        "most completions were not counted: 3 of 4 on 2026-03-02; spareParts.quantity is not a number"
    ]
    assert shop.pending() == []


def test_promise_8_a_run_without_any_other_change_reports_them_too() -> None:
    shop = Shop()
    shop.complete("known")
    shop.retrain()
    shop.complete("a1", parts=UNREADABLE)

    outcome = shop.retrain("schedule")

    assert outcome.status == "unchanged"
    assert shop.record(2)["rejected"] == {"spareParts.quantity is not a number": 1}
    assert len(alarms(shop)) == 1


def test_once_published_they_are_reported_no_more() -> None:
    shop = Shop()
    shop.complete("known")
    shop.complete("a1", parts=UNREADABLE)
    shop.retrain()
    shop.happen("a1", appointment(parts=UNREADABLE, rating=5))
    shop.complete("sound")

    shop.retrain()

    assert shop.record(2)["rejected"] == {}
    assert alarms(shop) == []


def test_a_slip_among_others_raises_no_alarm() -> None:
    shop = Shop(retrain_threshold=100)
    shop.complete("a1", parts=UNREADABLE)
    shop.complete("a2", "a3")

    shop.retrain()

    assert shop.record(1)["rejected"] == {"spareParts.quantity is not a number": 1}
    assert alarms(shop) == []


def test_promise_8_a_full_read_names_the_statuses_it_passed_over() -> None:
    shop = Shop()
    shop.complete("sound")
    for number in range(12):
        shop.write(f"d{number}", appointment("BookingStatus.done"))
    shop.write("cancelled", appointment("cancelled"))
    shop.write("none", appointment(None))
    shop.write("empty", appointment(""))
    shop.write("without parts", appointment("finished", parts=[]))

    shop.retrain()

    record = RunRecord.from_fields(shop.record(1))
    assert record.passed_over == {"cancelled": 1, "done": 12, "no status": 2}
    told = "with parts, and not counted for their status: 1 × 'cancelled', 12 × 'done', 2 × 'no status' (promise 8)"
    assert told in record.notes


def test_a_status_field_that_holds_anything_does_not_fill_the_record() -> None:
    shop = Shop()
    shop.complete("sound")
    for number in range(50):
        shop.write(f"d{number}", appointment(f"status {number:02}"))

    shop.retrain()

    passed_over = RunRecord.from_fields(shop.record(1)).passed_over
    assert len(passed_over) == 21
    assert sum(passed_over.values()) == 50


@pytest.mark.parametrize("status", ["AppointmentStatus.completed", "Completed "])
def test_an_enum_of_dart_is_counted_by_event_and_full_read_alike(status: str) -> None:
    shop = Shop()
    shop.happen("a1", appointment(status))
    shop.write("a2", appointment(status))

    shop.retrain()

    assert shop.used() == {"a1": 1.0, "a2": 1.0}
    assert shop.record(1)["passed_over"] == []
