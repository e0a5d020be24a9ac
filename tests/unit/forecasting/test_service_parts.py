"""What a job of each service uses: shares among jobs, drawn to all jobs where there are few; newer ones weigh more."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from restock.counting.appointments import Usage, UsedPart
from restock.errors import DamagedError
from restock.forecasting.service_parts import MOST_PARTS, MOST_SERVICES, learn
from restock.history.history import CountedAppointment, History, JobsOf
from restock.stored.artifact import Part
from restock.stored.service_parts import PartUse, ServiceParts
from tests.builders import NOON, TODAY

PARTS = (Part("oil", "Oil"), Part("filter", "Filter", documents=("old-filter",)), Part("pads", "Pads"))
OIL, FILTER, PADS = range(3)


def job(number, service, *used, days_ago=10):
    parts = tuple(UsedPart(key, key.title(), units) for key, units in used)
    day = TODAY - timedelta(days=days_ago)
    return CountedAppointment(f"{service}-{number}", Usage(day, parts, service), NOON - timedelta(days=days_ago))


def learnt(jobs, without_parts=None):
    history = replace(History.of(jobs, "r", NOON), without_parts=without_parts or {})
    return learn(history, PARTS, TODAY)


def chance(uses, row):
    return next((use.chance for use in uses if use.row == row), 0.0)


def test_each_service_has_its_own_parts_and_units():
    jobs = [job(k, "oil change", ("oil", 4.0 if k % 4 else 5.0), ("old-filter", 1.0)) for k in range(200)]
    jobs += [job(k, "brake check", ("pads", 2.0) if k % 2 else ("oil", 0.5)) for k in range(200)]

    found = learnt(jobs)

    assert chance(found.of("oil change"), OIL) == pytest.approx(1.0, abs=0.02)
    assert chance(found.of("oil change"), FILTER) == pytest.approx(1.0, abs=0.03)
    assert chance(found.of("brake check"), PADS) == pytest.approx(0.5, abs=0.03)
    oil = next(use for use in found.of("oil change") if use.row == OIL)
    assert dict(oil.units)[4.0] == pytest.approx(0.75, abs=0.03)
    assert oil.mean == pytest.approx(4.25, abs=0.1)


def test_a_service_never_seen_is_taken_for_any_job():
    found = learnt([job(k, "oil change", ("oil", 4.0)) for k in range(20)])

    assert not found.knows("tyres")
    assert found.of("tyres") == found.any_job


def test_a_service_with_few_jobs_is_drawn_towards_all_jobs():
    jobs = [job(k, "oil change", ("oil", 4.0)) for k in range(100)]
    few = [job(k, "brake check", ("pads", 2.0)) for k in range(4)]
    many = [job(k, "brake check", ("pads", 2.0)) for k in range(100)]

    with_few, with_many = learnt(jobs + few).of("brake check"), learnt(jobs + many).of("brake check")

    assert 0.3 < chance(with_few, PADS) < 0.6
    assert chance(with_many, PADS) > 0.9


def test_newer_jobs_weigh_more():
    old = [job(f"old{k}", "oil change", ("filter", 1.0), days_ago=400) for k in range(100)]
    new = [job(f"new{k}", "oil change", ("oil", 4.0), days_ago=5) for k in range(100)]

    found = learnt(old + new).of("oil change")

    assert chance(found, OIL) > 0.75


def test_jobs_without_parts_are_jobs_too():
    jobs = [job(k, "check up", ("oil", 1.0)) for k in range(50)] + [job(k, "tyres", ("pads", 1.0)) for k in range(50)]
    month = (TODAY - timedelta(days=10)).strftime("%Y-%m")

    found = learnt(jobs, {JobsOf("check up", month): 150})

    assert chance(found.of("check up"), OIL) == pytest.approx(0.25, abs=0.05)
    assert chance(found.of("tyres"), PADS) > 0.8


def test_jobs_counted_since_the_last_full_read_teach_parts_but_not_how_many_jobs_use_any():
    month = TODAY.strftime("%Y-%m")
    read = [job(k, "check up", ("oil", 1.0)) for k in range(50)]
    since = [
        replace(job(f"new{k}", "check up", ("pads", 1.0)), source_time=NOON + timedelta(hours=1)) for k in range(50)
    ]

    found = learnt(read + since, {JobsOf("check up", month): 50}).of("check up")

    assert chance(found, OIL) == pytest.approx(0.25, abs=0.04)
    assert chance(found, PADS) == pytest.approx(0.25, abs=0.04)


def test_the_order_of_rows_changes_nothing():
    jobs = [job(k, ("a", "b")[k % 2], ("oil", 1.0 + k % 3), ("pads", 1.0)) for k in range(60)]
    shuffled = random.Random(4).sample(jobs, len(jobs))

    assert learnt(jobs) == learnt(shuffled)


@pytest.mark.parametrize("days_ago", [None, -3, 2000])
def test_without_jobs_of_late_nothing_is_learnt(days_ago):
    assert learnt([] if days_ago is None else [job(1, "a", ("oil", 1.0), days_ago=days_ago)]) == ServiceParts()


def test_services_that_hold_anything_stay_small():
    jobs = [job(k, f"service {k % 500}", *((f"part {k % 50} {n}", 1.0) for n in range(9))) for k in range(5000)]
    parts = [Part(f"part {k} {n}", f"Part {k} {n}") for k in range(50) for n in range(9)]

    found = learn(History.of(jobs, "r", NOON), parts, TODAY)

    assert len(found.services) == MOST_SERVICES
    assert max(map(len, found.services.values())) <= MOST_PARTS


def test_the_smallest_quantity_comes_back_as_more_than_none():
    found = learnt([job(k, "weighing", ("oil", 1e-6)) for k in range(50)])

    back = ServiceParts.from_json(found.to_json(), len(PARTS))

    assert [units for units, _ in back.of("weighing")[0].units] == [1e-6]


def test_it_comes_back_from_its_stored_form():
    found = learnt([job(k, "oil change", ("oil", 4.0), ("filter", 0.5)) for k in range(8)])

    again = ServiceParts.from_json(found.to_json(), len(PARTS))

    assert again.to_json() == found.to_json()
    assert again.of("oil change")[0].row == found.of("oil change")[0].row


@pytest.mark.parametrize(
    "use",
    [
        PartUse(3, 0.5, ((1.0, 1.0),)),
        PartUse(-1, 0.5, ((1.0, 1.0),)),
        PartUse(0, 1.5, ((1.0, 1.0),)),
        PartUse(0, 0.5, ()),
        PartUse(0, 0.5, ((-1.0, 1.0),)),
        PartUse(0, 0.5, ((1.0, 2.0),)),
    ],
)
def test_what_does_not_fit_the_parts_is_refused(use):
    with pytest.raises(ValueError, match="does not fit"):
        ServiceParts.from_json(ServiceParts([use], {}).to_json(), len(PARTS))


def test_the_artifact_carries_it_and_refuses_what_does_not_fit():
    from restock.forecasting.fitting import Fitter
    from restock.stored.artifact import ForecastArtifact
    from tests.unit.retraining.shop import Shop

    shop = Shop()
    shop.fit = Fitter("Europe/London", frozenset())
    shop.complete(*(f"a{k}" for k in range(12)), service="Oil\nChange")
    shop.retrain()

    stored = shop.objects.read("models/1/forecast").data
    artifact = ForecastArtifact.from_bytes(stored)

    uses = artifact.header.services.of("oil change")
    assert artifact.parts[uses[0].row].name == "Oil Filter"
    assert uses[0].chance == pytest.approx(1.0)
    with pytest.raises(DamagedError):
        ForecastArtifact.from_bytes(stored.replace(b'"row":0', b'"row":9'))
