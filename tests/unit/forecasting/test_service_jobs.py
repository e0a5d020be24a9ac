"""Jobs of each service on each of the last days."""

from __future__ import annotations

from datetime import timedelta

from restock.counting.appointments import Usage, UsedPart
from restock.forecasting.service_jobs import MOST_SERVICES, recent_jobs
from restock.history.history import CountedAppointment, History
from restock.stored.artifact import RECENT_DAYS
from tests.builders import NOON, TODAY


def job(number, service, days_ago, *parts):
    used = tuple(UsedPart(key, key, 2.0) for key in parts or ("oil",))
    return CountedAppointment(f"a{number}", Usage(TODAY - timedelta(days_ago), used, service), NOON)


def counted(*jobs):
    return recent_jobs(History.of(jobs, "r", NOON), TODAY)


def test_a_job_counts_once_on_its_day_however_many_parts_it_used():
    found = counted(job(1, "oil change", 0, "oil", "filter"), job(2, "oil change", 0), job(3, "brakes", 89))

    assert sorted(found) == ["brakes", "oil change"]
    assert found["oil change"][-1] == sum(found["oil change"]) == 2
    assert found["brakes"][0] == sum(found["brakes"]) == 1
    assert {len(counts) for counts in found.values()} == {RECENT_DAYS}


def test_older_jobs_later_ones_and_those_of_no_service_are_left_out():
    assert counted(job(1, "oil change", 90), job(2, "oil change", -1), job(3, "", 3)) == {}
    assert recent_jobs(History.of([], "r", NOON), TODAY) == {}


def test_of_services_without_end_the_most_frequent_are_told():
    jobs = [job(n, f"service {n % 150}", 5) for n in range(300)]
    jobs += [job(1000 + n, "oil change", n % 30) for n in range(50)]

    found = counted(*jobs)

    assert len(found) == MOST_SERVICES
    assert sum(found["oil change"]) == 50
