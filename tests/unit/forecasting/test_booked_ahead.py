"""What bookings do to the near days: only where the shop's own weeks say it helps, and never against the laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from bench.booked_shop import SERVICES, BookedShop
from bench.bookings import BOOKED, worth
from restock.forecasting import booked_ahead
from restock.forecasting.demand import Demand
from restock.forecasting.fitting import Fitter
from restock.forecasting.jobs_done import jobs_done
from restock.forecasting.laws import violations
from restock.forecasting.methods.candidates import fit_candidates
from restock.forecasting.methods.compact import Compact
from restock.forecasting.methods.series import OpenSeries
from restock.history.booked_seen import BookedSeen
from restock.stored.artifact import ForecastArtifact
from restock.stored.header import Header
from restock.stored.learnt import Learnt
from restock.stored.near_days import DAYS, NearDays
from tests.unit.forecasting.shops import NOW, a_lesson, say_nothing

ORIGIN, SEEN_DAYS = 320, 90
SHOP = BookedShop.generate(BOOKED[0.5])
TODAY = SHOP.day_at(ORIGIN)


def the_book(shop, origin=ORIGIN, days=SEEN_DAYS):
    return {
        shop.day_at(day): {name: tuple(counts) for name, counts in shop.counts(day).items()}
        for day in range(origin - days, origin + 1)
    }


@pytest.fixture(scope="module")
def fitted():
    """Jobs, what was used, and the forecast without bookings, of the shop on its day."""
    known = SHOP.quantities()[:, :ORIGIN]
    demand = Demand(tuple(SHOP.parts), SHOP.day_at(0), known)
    distribution = fit_candidates(OpenSeries.of(demand), [Compact()]).distribution(Compact.name)
    return jobs_done(SHOP.history(ORIGIN), SHOP.parts, demand.last_day, demand.days), known, distribution


@pytest.fixture(scope="module")
def half(fitted):
    return booked_ahead.learn(BookedSeen(the_book(SHOP)), *fitted, TODAY)


@pytest.mark.parametrize(("known", "most"), [(0.0, 0.003), (0.1, 0.003), (0.5, -0.04)])
def test_known_bookings_help_and_few_do_no_harm(known, most):
    found = worth(BookedShop.generate(BOOKED[known], seed=3), range(300, 400, 25))

    assert found.change <= most


def test_what_is_learnt_is_how_much_of_the_jobs_is_known(half):
    said, near = half

    assert said.is_used
    assert near.first_day == TODAY
    assert said.gain > 0.02
    assert said.shares_known[0] == pytest.approx(0.6, abs=0.12)
    assert sorted(said.shares_known, reverse=True) == pytest.approx(list(said.shares_known), abs=0.08)


def test_more_booked_than_usual_is_more_expected_of_the_parts_of_that_service_alone(fitted):
    jobs, book = fitted[0], the_book(SHOP)
    doubled = book[TODAY] | {SERVICES[0]: tuple(2 * count for count in book[TODAY][SERVICES[0]])}

    _, before = booked_ahead.learn(BookedSeen(book), *fitted, TODAY)
    _, after = booked_ahead.learn(BookedSeen(book | {TODAY: doubled}), *fitted, TODAY)

    more = (after.factors - before.factors).sum(axis=1)
    shares = jobs.shares[:, jobs.services.index(SERVICES[0])]
    assert more[shares.argmax()] > 5 * more[shares.argmin()] >= 0


@pytest.mark.parametrize("days", [0, 30, 55])
def test_before_eight_weeks_were_seen_nothing_is_moved(fitted, days):
    said, near = booked_ahead.learn(BookedSeen(the_book(SHOP, days=days)), *fitted, TODAY)

    assert (said.is_used, said.gain, near) == (False, None, None)


def test_a_book_that_tells_nothing_is_not_used(fitted):
    """Counts of other days: what stood there has nothing to do with what came."""
    book = the_book(SHOP)
    shuffled = np.random.default_rng(4).permutation(list(book.values()))

    said, near = booked_ahead.learn(BookedSeen(dict(zip(book, shuffled, strict=True))), *fitted, TODAY)

    assert said.gain is not None
    assert (said.is_used, near) == (False, None)


def test_a_service_never_done_and_a_day_without_a_sighting_move_nothing(fitted, half):
    book = the_book(SHOP)
    unknown = book | {TODAY: book[TODAY] | {"paint": (50,) * DAYS}}

    _, with_unknown = booked_ahead.learn(BookedSeen(unknown), *fitted, TODAY)
    said, unseen = booked_ahead.learn(BookedSeen({d: its for d, its in book.items() if d != TODAY}), *fitted, TODAY)

    assert np.array_equal(with_unknown.factors, half[1].factors)
    assert (said.is_used, unseen) == (False, None)


@pytest.mark.parametrize("clock", [date(1970, 1, 1), date(2035, 1, 1)])
def test_a_run_with_a_broken_clock_takes_nothing_away(fitted, half, clock):
    seen = BookedSeen(the_book(SHOP) | {clock: {SERVICES[0]: (9,) * DAYS}})

    _, near = booked_ahead.learn(seen, *fitted, TODAY)

    assert np.array_equal(near.factors, half[1].factors)


def test_a_shop_of_which_no_service_is_known_is_left_alone(fitted):
    jobs, known, distribution = fitted
    nameless = replace(jobs, services=[], counts=jobs.counts[:0], shares=jobs.shares[:, :0])

    said, near = booked_ahead.learn(BookedSeen(the_book(SHOP)), nameless, known, distribution, TODAY)

    assert (said.is_used, near) == (False, None)


def test_the_laws_hold_whatever_is_booked(fitted, half):
    wild = np.random.default_rng(3).choice([0.05, 0.5, 1.0, 2.0, 5.0], half[1].factors.shape)

    for near in (half[1], NearDays(TODAY, wild)):
        assert violations(fitted[2].with_near(near), TODAY, 300) == []


def test_mean_and_quantiles_of_the_near_days_move_and_later_ones_stay(fitted):
    alone = fitted[2]
    near = NearDays(TODAY, np.full((len(alone), DAYS), 2.0))
    moved = alone.with_near(near)
    later = TODAY + timedelta(DAYS)

    assert moved.mean(TODAY, DAYS) == pytest.approx(2 * alone.mean(TODAY, DAYS))
    assert (moved.quantiles(TODAY, 7, [0.95]) >= alone.quantiles(TODAY, 7, [0.95])).all()
    assert moved.quantiles(TODAY, 7, [0.95]).sum() > 1.4 * alone.quantiles(TODAY, 7, [0.95]).sum()
    assert np.array_equal(moved.mean(later, 60), alone.mean(later, 60))
    assert np.array_equal(moved.mean(TODAY - timedelta(40), 40), alone.mean(TODAY - timedelta(40), 40))


def test_the_artifact_keeps_what_is_booked_and_reads_one_of_before(fitted, half):
    header = Header(version=1, trained_at="2026-01-01T00:00:00+00:00", trained_through=TODAY, booked_ahead=half[0])
    recent = np.zeros((len(SHOP.parts), 90), np.float32)
    kept = ForecastArtifact(header, tuple(SHOP.parts), fitted[2].with_near(half[1]), recent)
    before = replace(kept, header=replace(header, booked_ahead=None), distribution=fitted[2])

    read, old = (ForecastArtifact.from_bytes(one.to_bytes()) for one in (kept, before))

    assert read.header.booked_ahead == half[0]
    assert read.mean(TODAY, 20) == pytest.approx(kept.mean(TODAY, 20), rel=0.02)
    assert old.distribution.near is None
    assert b"near_days" not in before.to_bytes()


@pytest.mark.parametrize("factors", [{"99999": [1.0] * DAYS}, {"0": [1.0]}, {"0": [-1.0] * DAYS}, {"0": ["x"] * DAYS}])
def test_impossible_bookings_in_an_artifact_are_refused(factors):
    with pytest.raises(ValueError, match=r"booked|convert"):
        NearDays.from_json({"first_day": TODAY.isoformat(), "factors": factors}, 60)


def test_a_run_that_learns_freezes_them_and_one_that_follows_takes_them_over():
    seen = BookedSeen(the_book(SHOP))
    catalogue = [{"id": part.key, "name": part.name} for part in SHOP.parts]
    lesson = a_lesson(SHOP.history(ORIGIN), TODAY, catalogue=catalogue, booked=seen, budget_seconds=0.0)
    fit = Fitter("UTC", frozenset())
    learnt = fit(lesson, say_nothing)
    first = Learnt(run=1, learnt_at=NOW.isoformat(), basis="b", rules="r", libraries={}, body=learnt.learnt)

    followed = fit(replace(lesson, booked=None, follows=first), say_nothing)

    one, two = (ForecastArtifact.from_bytes(model.forecast(1, NOW, None)) for model in (learnt, followed))
    alone = one.distribution.with_near(None)
    assert one.header.booked_ahead.is_used
    assert not np.allclose(one.mean(TODAY, 7), alone.mean(TODAY, 7), rtol=0.05)
    assert two.header.booked_ahead == one.header.booked_ahead
    assert two.mean(TODAY, 20) == pytest.approx(one.mean(TODAY, 20), rel=1e-5)
    assert any("bookings" in note for note in learnt.notes)
