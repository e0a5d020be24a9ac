"""The second opinion and counting agree on every form the contract names, and on the refined days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest

from restock.counting.appointments import usage_of
from tests.builders import NOON, appointment, part, rules
from tests.recount import recount

STAMP = 1772236800  # 2026-02-28 in Greenwich

FORMS = {
    "as the app writes it": appointment(),
    "an enum's text": appointment("AppointmentStatus.completed"),
    "another enum's text": appointment("AppointmentStatus.pending"),
    "a status of old": appointment("COMPLETE "),
    "parts in a map": appointment() | {"spareParts": {"0": part("Oil", 2), "1": part("Belt", "1,5")}},
    "a quantity with a unit": appointment(parts=[part("Oil", "2 pcs"), part("Oil", 1)]),
    "a quantity that may be thousands": appointment(parts=[part("Oil", "1,200"), part("Belt", 1)]),
    "nothing readable": appointment(parts=[part("Oil", "two")]),
    "a compact day": appointment(date="20260227"),
    "seconds": appointment(date=STAMP),
    "milliseconds": appointment(date=STAMP * 1000),
    "an exported timestamp": appointment(date={"_seconds": STAMP, "_nanoseconds": 0}),
    "a zone behind a blank": appointment(date="2026-02-28T00:10:00 +07:00"),
    "dd/mm/yyyy": appointment(date="27/02/2026"),
    "done early": appointment(date="2026-03-20"),
    "further ahead than can be booked": appointment(date="2027-03-20"),
    "rescheduled": appointment(date="2026-02-20", dateTime="2026-02-25T09:00:00"),
    "rescheduled, no date": appointment(date=None, dateTime="2026-02-25T09:00:00"),
    "rescheduled and done early": appointment(date="2026-02-20", dateTime="2026-03-25T09:00:00.000"),
    "a moment of the day before": appointment(date="2026-02-20", dateTime="2026-02-19T23:00:00Z"),
    "a moment of another day": appointment(date="2026-02-20", dateTime=datetime(2026, 2, 24, tzinfo=UTC)),
    "a service in two lines": appointment(service="Oil\nChange ", createdAt="2026-02-27T20:30:00-08:00"),
    "a service that is none": appointment(service=["Oil"], createdAt="soon"),
    "booked after it was done": appointment(createdAt="2026-03-20"),
    "a date before the shop's history": appointment(date="1999-01-01"),
}


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Bangkok"])
@pytest.mark.parametrize("name", FORMS)
def test_the_second_opinion_agrees(name: str, zone: str) -> None:
    fields = FORMS[name]
    snapshot = SimpleNamespace(id="a1", update_time=NOON, to_dict=lambda: fields)

    found = usage_of(fields, NOON, rules(time_zone=zone)).usage

    job = (found.service, found.booked_on or date.min)
    expected = [("a1", found.day or date.min, part.key, part.quantity, *job) for part in found.parts]
    assert recount([snapshot], zone=zone) == sorted(expected)
