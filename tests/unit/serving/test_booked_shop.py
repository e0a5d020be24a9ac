"""Parts per service and tomorrow's list against the truth of a generated shop, learnt from its history alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from restock.counting.appointments import Usage, UsedPart
from restock.forecasting.service_parts import learn
from restock.history.history import CountedAppointment, History
from restock.serving.ordering.booked_need import COVERED, needs
from restock.stored.artifact import Part
from tests.builders import NOON, TODAY

SERVICES = ("oil change", "brakes", "tyres", "inspection")
SHARES = (0.4, 0.3, 0.2, 0.1)
PARTS = [Part(f"p{row}", f"Part {row}") for row in range(60)]
DAYS, JOBS_A_DAY = 240, 8


@pytest.fixture(scope="module")
def chances():
    """[services, parts]: each has a few parts that it mostly needs, and a long tail."""
    draw = np.random.default_rng(7)
    found = draw.choice(
        [0.0, 0.01, 0.03, 0.1, 0.6, 0.95], (len(SERVICES), len(PARTS)), p=[0.6, 0.1, 0.1, 0.1, 0.06, 0.04]
    )
    found[:, 0] = 0.9
    return found


@pytest.fixture(scope="module")
def learnt(chances):
    draw = np.random.default_rng(8)
    jobs = []
    for ago in range(1, DAYS):
        day = TODAY - timedelta(ago)
        for number, service in enumerate(draw.choice(len(SERVICES), JOBS_A_DAY, p=SHARES)):
            used = np.flatnonzero(draw.random(len(PARTS)) < chances[service])
            parts = tuple(UsedPart(PARTS[row].key, PARTS[row].name, 1.0 + row % 2) for row in used)
            at = datetime.combine(day, NOON.time(), UTC)
            jobs.append(CountedAppointment(f"{ago}-{number}", Usage(day, parts, SERVICES[service]), at))
    return learn(History.of(jobs, "r", NOON), PARTS, TODAY)


def test_the_chances_learnt_are_those_of_the_shop(learnt, chances):
    found = np.zeros_like(chances)
    for number, service in enumerate(SERVICES):
        for use in learnt.of(service):
            found[number, use.row] = use.chance

    assert np.abs(found - chances).mean() < 0.01
    assert np.abs(found - chances).max() < 0.12


def test_of_tomorrows_parts_truly_needed_as_many_as_promised_are_on_the_list(learnt, chances):
    """Over 150 days 96.6 of 100, with 42 parts on the list of the 21 that a day's eight jobs need."""
    draw = np.random.default_rng(9)
    needed = covered = listed = 0
    for _ in range(40):
        services = draw.choice(len(SERVICES), JOBS_A_DAY, p=SHARES)
        booked = {SERVICES[number]: int((services == number).sum()) for number in set(services)}
        at_most = {need.row: need.at_most for need in needs(learnt, booked, np.ones(len(PARTS))) if need.at_most}
        used = (draw.random((JOBS_A_DAY, len(PARTS))) < chances[services]).sum(axis=0) * (1 + np.arange(len(PARTS)) % 2)
        rows = np.flatnonzero(used)
        needed, listed = needed + len(rows), listed + len(at_most)
        covered += sum(used[row] <= at_most.get(row, 0.0) for row in rows)

    assert covered / needed >= COVERED
    assert listed < 3 * needed
