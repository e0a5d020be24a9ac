"""Prepared answers are the computed ones, and never more than their budget."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import numpy as np
import orjson

from restock.serving.compression import Encoded
from restock.serving.prepared import FEWEST_DAYS, MAKERS, MOST_DAYS, PreparedAnswers, PreparedDays
from restock.stored.artifact import Part
from tests.published import BUSY_MONDAY_CLOSED_SUNDAY, artifact, many_parts

MONDAY = date(2026, 5, 4)
HOLIDAY = date(2026, 5, 6)


def test_a_period_is_the_same_however_its_days_came_to_be_prepared():
    forecast = many_parts(30)
    at_once, bit_by_bit = PreparedDays(forecast), PreparedDays(forecast)
    for start, days in ((MONDAY + timedelta(20), 3), (MONDAY, 5), (MONDAY + timedelta(30), 40)):
        bit_by_bit.period(start, days)

    assert at_once.period_json(MONDAY, 60) == bit_by_bit.period_json(MONDAY, 60)


def test_days_that_are_alike_share_their_json_and_closed_days_are_their_own():
    forecast = artifact({"Oil": 1.0}, weekday=BUSY_MONDAY_CLOSED_SUNDAY, closed_days=frozenset({HOLIDAY}))

    period = PreparedDays(forecast).period(MONDAY, 28)

    assert period[0].demand is period[7].demand
    assert period[2].demand is period[6].demand, "a holiday asks what a Sunday asks: nothing"
    assert len({id(day.demand) for day in period}) == 5  # Monday, three alike, Friday, Saturday, closed


def test_the_json_of_a_period_is_what_the_artifact_says():
    forecast = artifact([(Part("b", "Belt"), 0.2), (Part("a1", "Axle"), 1.1), (Part("a2", "Axle"), 0.3)])

    answer = orjson.loads(PreparedDays(forecast).period_json(MONDAY, 10))

    assert answer["total_restock_demand"] == {"Axle": 14, "Belt": 2}
    assert answer["daily_breakdown"][9] == {
        "date": "2026-05-13",
        "total_usage": 1.6,
        "parts": {"Axle": 1.4, "Belt": 0.2},
    }


def test_many_days_of_a_small_shop_are_not_kept_forever():
    days = PreparedDays(artifact({"Oil": 1.0}))

    for year in range(1, 60):
        days.period(date(year * 100, 1, 1), 90)

    assert len(days.known()) == MOST_DAYS


def test_a_large_shop_keeps_the_longest_periods_whatever_its_budget():
    days = PreparedDays(many_parts(50), budget_bytes=1)

    days.period(MONDAY, 90)
    days.period(MONDAY + timedelta(500), 90)
    days.period(MONDAY + timedelta(900), 30)

    assert len(days.known()) == FEWEST_DAYS


def test_days_that_are_alike_count_once_towards_the_budget():
    days = PreparedDays(many_parts(50), budget_bytes=7 * 5000)

    for month in range(10):
        days.period(MONDAY + timedelta(90 * month), 90)

    assert len(days.known()) == 900


class NoTwoDaysAlike:
    """A forecast in which every day asks something else."""

    def __init__(self, forecast) -> None:
        self.parts = forecast.parts

    def mean(self, start: date, days: int) -> np.ndarray:
        return np.tile(start.toordinal() + np.arange(days), (len(self.parts), 1)).astype(float)


def test_days_that_differ_are_kept_within_the_budget():
    days = PreparedDays(NoTwoDaysAlike(many_parts(50)), budget_bytes=300 * 2500)

    for month in range(10):
        days.period(MONDAY + timedelta(90 * month), 90)

    kept = days.known()
    assert FEWEST_DAYS < len(kept) < 400
    assert kept[-1] == MONDAY + timedelta(899), "the latest stay"


def test_prepared_answers_stay_within_their_budget_and_the_newest_stay():
    answers = PreparedAnswers(budget_bytes=20_000)
    for number in range(100):
        answers.get(number, lambda number=number: b"{%d" % number + b" " * 1000)

    made = []
    answers.get(99, lambda: made.append(99) or b"{")
    answers.get(0, lambda: made.append(0) or b"{")

    assert made == [0]
    assert answers._size <= 20_000


def test_few_answers_are_made_at_once_and_none_by_all_who_ask():
    answers = PreparedAnswers()
    made, under_way, most = [], 0, 0
    counting = threading.Lock()

    def make(number: int) -> bytes:
        nonlocal under_way, most
        with counting:
            made.append(number)
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with counting:
            under_way -= 1
        return b"{%d" % number

    with ThreadPoolExecutor(20) as pool:
        ask = lambda number: answers.get(number % 5, lambda: make(number % 5), is_costly=True).tail  # noqa: E731
        found = list(pool.map(ask, range(40)))

    assert found == [b"%d" % (number % 5) for number in range(40)]
    assert max(Counter(made).values()) <= MAKERS
    assert most <= MAKERS


def test_promise_5_what_is_only_joined_waits_for_no_costly_answer():
    answers, goes_on = PreparedAnswers(), threading.Event()
    under_way = threading.Barrier(MAKERS + 1)

    def make() -> bytes:
        under_way.wait(10)
        assert goes_on.wait(10)
        return b"{costly"

    with ThreadPoolExecutor(MAKERS) as pool:
        costly = [pool.submit(answers.get, number, make, is_costly=True) for number in range(MAKERS)]
        under_way.wait(10)

        assert answers.get("the app's", lambda: b"{joined").tail == b"joined"
        goes_on.set()
        assert [one.result().tail for one in costly] == [b"costly"] * MAKERS


def test_an_answer_larger_than_the_budget_is_given_and_not_kept():
    answers = PreparedAnswers(budget_bytes=100)

    assert answers.get("large", lambda: b"{" + b"x" * 5000).tail == b"x" * 5000
    assert answers._size == 0


def test_compressed_answers_are_the_plain_ones():
    import gzip

    tail = orjson.dumps(np.arange(5000).tolist())
    encoded = Encoded(tail)

    for head in (b"", b"{", b'{"timestamp":"2026-05-04T10:00:00+00:00",'):
        assert gzip.decompress(b"".join(encoded.gzip(head))) == head + tail
