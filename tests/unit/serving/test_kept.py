"""One reader renews, the others go on with what is known; nothing that hangs holds more than those who came first."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from restock.errors import StoreUnavailableError
from restock.serving.kept import FIRST_RETRY_SECONDS, LOST_SECONDS, RETRY_SECONDS, Kept, Patience, Reading
from tests.fakes import FakeSeconds
from tests.waiting import wait_until


class Source:
    """Counts up at each read; can fail, and hang."""

    def __init__(self, fresh: float = 60.0, usable: float = float("inf")) -> None:
        self.fresh, self.usable = fresh, usable
        self.reads = 0
        self.error: Exception | None = None
        self.goes_on = threading.Event()
        self.goes_on.set()

    def __call__(self) -> Reading[int]:
        self.reads += 1
        number = self.reads
        assert self.goes_on.wait(20)
        if self.error:
            raise self.error
        return Reading(number, self.fresh, self.usable)


@pytest.fixture
def clock() -> FakeSeconds:
    return FakeSeconds()


def all_at_once(kept: Kept[int], callers: int = 20) -> tuple[list[int], float]:
    """What so many callers get, and how long the slowest waited."""
    seconds = []

    def ask(_: int) -> int:
        started = time.monotonic()
        try:
            return kept.get()
        finally:
            seconds.append(time.monotonic() - started)

    with ThreadPoolExecutor(callers) as pool:
        got = list(pool.map(ask, range(callers)))
    return got, max(seconds)


def test_a_fresh_value_is_not_read_again(clock):
    source = Source(fresh=60)
    kept = Kept(source, clock=clock)

    assert [kept.get() for _ in range(5)] == [1] * 5
    clock.now += 59
    assert kept.get() == 1
    assert source.reads == 1


def test_20_callers_of_a_known_value_wait_for_nothing_while_its_renewal_hangs(clock):
    source = Source(fresh=60)
    kept = Kept(source, clock=clock)
    kept.get()
    source.goes_on.clear()
    clock.now += 61

    got, slowest = all_at_once(kept)

    assert got == [1] * 20
    assert slowest < 1
    assert source.reads == 2
    source.goes_on.set()
    wait_until(lambda: kept.get() == 2)


def test_20_first_callers_share_one_read(clock):
    source = Source()
    kept = Kept(source, clock=clock)
    source.goes_on.clear()
    threading.Timer(0.05, source.goes_on.set).start()

    assert all_at_once(kept)[0] == [1] * 20
    assert source.reads == 1


def test_with_patience_a_caller_gets_the_value_as_it_is_now(clock):
    kept = Kept(Source(fresh=60), patience=Patience(seconds=5.0), clock=clock)
    assert kept.get() == 1

    clock.now += 61

    assert kept.get() == 2


def test_patience_counts_from_the_start_of_the_read_so_only_those_who_came_first_wait():
    source = Source(fresh=0.0)
    kept = Kept(source, patience=Patience(seconds=0.2))
    kept.get()
    source.goes_on.clear()

    _, first = all_at_once(kept)
    _, later = all_at_once(kept)

    assert 0.1 < first < 2
    assert later < 0.1
    source.goes_on.set()


def test_what_is_known_goes_on_through_an_outage_and_is_tried_again_after_a_pause(clock):
    source = Source(fresh=60)
    kept = Kept(source, patience=Patience(seconds=5.0), clock=clock)
    kept.get()
    source.error = StoreUnavailableError("down")
    clock.now += 3600

    assert [kept.get() for _ in range(5)] == [1] * 5
    assert source.reads == 2
    source.error = None
    clock.now += RETRY_SECONDS
    assert kept.get() == 3


def test_where_nothing_is_known_the_failure_is_told_and_the_next_second_tries_again(clock):
    source = Source()
    source.error = StoreUnavailableError("down")
    kept = Kept(source, clock=clock)

    for _ in range(5):
        with pytest.raises(StoreUnavailableError, match="down"):
            kept.get()
    assert source.reads == 1
    source.error = None
    clock.now += FIRST_RETRY_SECONDS
    assert kept.get() == 2


def test_a_first_read_that_hangs_is_told_within_the_patience(clock):
    source = Source()
    source.goes_on.clear()
    kept = Kept(source, patience=Patience(first_seconds=0.05), clock=clock)

    with pytest.raises(StoreUnavailableError, match="not answered yet"):
        kept.get()
    source.goes_on.set()


def test_a_value_past_its_use_is_never_handed_out(clock):
    source = Source(fresh=50, usable=60)
    kept = Kept(source, clock=clock)
    kept.get()
    source.error = StoreUnavailableError("down")
    clock.now += 55
    assert kept.get() == 1, "not fresh, but good"
    wait_until(lambda: source.reads == 2 and kept._reader is None)

    clock.now += 6

    with pytest.raises(StoreUnavailableError):
        kept.get()
    source.error = None
    clock.now += FIRST_RETRY_SECONDS
    assert kept.get() > 2


def test_a_newer_one_is_read_on_request_but_not_more_often_than_stated(clock):
    source = Source(fresh=3600)
    kept = Kept(source, clock=clock)
    kept.get()

    assert [kept.get_newer(60) for _ in range(9)] == [1] * 9
    clock.now += 60
    assert [kept.get_newer(60) for _ in range(9)] == [2] * 9


def test_a_read_that_was_frozen_with_the_instance_is_given_up_and_its_late_answer_ignored(clock):
    source = Source(fresh=60)
    kept = Kept(source, clock=clock)
    kept.get()
    frozen, source.goes_on = source.goes_on, threading.Event()
    frozen.set()
    clock.now += 61
    kept.get()
    wait_until(lambda: source.reads == 2)
    time.sleep(0.05)  # it has come to its wait
    hanging, source.goes_on = source.goes_on, frozen

    clock.now += LOST_SECONDS + 1
    kept.get()
    wait_until(lambda: kept.get() == 3)
    hanging.set()
    time.sleep(0.05)

    assert kept.get() == 3


def test_a_mistake_of_ours_does_not_look_like_an_outage(clock, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    source = Source()
    source.error = KeyError("spare_parts")

    with pytest.raises(KeyError):
        Kept(source, clock=clock).get()


def test_what_is_no_longer_so_is_read_anew_and_a_read_that_ran_meanwhile_comes_too_late(clock):
    source = Source(fresh=60)
    kept = Kept(source, patience=Patience(seconds=20), clock=clock)
    kept.get()
    clock.now += 61
    source.goes_on.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(kept.get)  # begins the second read, which hangs
        wait_until(lambda: source.reads == 2)
        kept.expire()
        source.goes_on.set()
        waiting.result()

    assert kept.get() == 3
    assert kept.get() == 3
