"""The shop that books: its book is what the app would have written, and its parts are found out from its history."""

from __future__ import annotations

import numpy as np
import pytest

from bench.booked_shop import SERVICES, BookedShop
from restock.counting.bookings import read_booked
from restock.forecasting.service_parts import learn
from restock.serving.ordering.booked_need import COVERED, needs
from tests.booked import BookedDocuments
from tests.builders import rules

SEEN = 300


@pytest.fixture(scope="module")
def shop():
    return BookedShop.generate(0.62, days=420)


@pytest.fixture(scope="module")
def learnt(shop):
    return learn(shop.history(SEEN), shop.parts, shop.day_at(SEEN))


def test_the_counts_are_what_is_read_of_the_documents(shop):
    start = shop.day_at(SEEN)

    read = read_booked(BookedDocuments(shop.documents(SEEN)), start, 14, rules())

    counted = {name: [0] * 14 for name in SERVICES}
    for booking in read.bookings:
        counted[booking.service][(booking.day - start).days] += 1
    assert counted == shop.counts(SEEN)
    assert any(isinstance(one["dateTime"], str) for one in shop.documents(SEEN).values()), "some were moved"


@pytest.mark.parametrize(("booked", "known"), [(0.0, 0.0), (0.125, 0.1), (0.31, 0.25), (0.62, 0.5), (0.95, 0.8)])
def test_so_much_of_the_next_week_is_known(booked, known):
    shop = BookedShop.generate(booked)

    shares = [shop.share_known(seen) for seen in range(200, 400)]

    assert np.mean(shares) == pytest.approx(known, abs=0.03)


def test_the_book_holds_what_will_not_be_done_and_lacks_the_walk_ins(shop):
    stands, day = shop.standing(SEEN)
    week = stands & (day < SEEN + 7)
    done = shop.is_done & (shop.day >= SEEN) & (shop.day < SEEN + 7)

    assert (week & ~shop.is_done).sum() > 0
    assert (done & ~stands).sum() > 0


def test_the_parts_of_a_service_are_those_of_the_shop(shop, learnt):
    """The chance that a job of it uses a part, of the jobs that use any: on average within .01."""
    any_part = 1 - np.prod(1 - shop.chances, axis=1)
    found = np.zeros_like(shop.chances)
    for number, service in enumerate(SERVICES):
        for use in learnt.of(service):
            found[number, use.row] = use.chance

    off = np.abs(found - shop.chances / any_part[:, None])

    assert off.mean() < 0.01
    assert off.max() < 0.15


def test_of_the_parts_that_booked_jobs_need_as_many_as_promised_are_on_the_list(shop, learnt):
    """Over a hundred days 97.4 of 100, with 33 parts on the list of the 12 that a day's booked jobs need."""
    needed = covered = listed = 0
    for seen in range(SEEN, SEEN + 100, 4):
        stands, day = shop.standing(seen)
        coming = np.flatnonzero(stands & (day == seen + 1) & shop.is_done & shop.used.any(axis=1))
        booked = {name: int((shop.service[coming] == k).sum()) for k, name in enumerate(SERVICES)}
        found = needs(learnt, {name: jobs for name, jobs in booked.items() if jobs}, np.ones(len(shop.units)))
        at_most = {need.row: need.at_most for need in found if need.at_most}
        used = (shop.used[coming] * shop.units).sum(axis=0)
        rows = np.flatnonzero(used)
        needed, listed = needed + len(rows), listed + len(at_most)
        covered += sum(used[row] <= at_most.get(int(row), 0.0) for row in rows)

    assert covered / needed >= COVERED
    assert listed < 3 * needed
