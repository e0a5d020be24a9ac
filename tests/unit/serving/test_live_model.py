"""When the pointer is looked at, who waits, what is swapped. Promise 5: served always, one answer from one model."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator

import pytest

from restock.errors import BucketMissingError, StoreUnavailableError
from restock.logs import Log
from restock.serving.live_model import BUCKET_MISSING, LiveModel
from restock.stored import names
from tests.fakes import FakeSeconds
from tests.published import PublishedShelf, artifact
from tests.waiting import wait_until


@pytest.fixture
def shelf() -> PublishedShelf:
    return PublishedShelf()


@pytest.fixture
def clock() -> FakeSeconds:
    return FakeSeconds()


@pytest.fixture
def lines() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def live_model(shelf, clock, lines) -> Iterator[Callable[..., LiveModel]]:
    made = []

    def make(**changed) -> LiveModel:
        settings = {"reload_seconds": 10.0, "stale_seconds": 60.0, "wait_seconds": 5.0, "first_wait_seconds": 5.0}
        made.append(LiveModel(shelf, log=Log("forecast", stream=lines), clock=clock, **(settings | changed)))
        return made[-1]

    yield make
    for model in made:
        model.stop()


def logged(lines: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def published(shelf: PublishedShelf, version: int, **changed) -> int:
    return shelf.publish(artifact({"Oil Filter": version}, version=version), **changed)


def test_building_one_contacts_nothing_and_starts_no_thread(live_model, shelf):
    before = threading.active_count()

    live_model()

    assert shelf.reads == []
    assert threading.active_count() == before


def test_the_first_request_waits_for_the_first_load(live_model, shelf):
    generation = published(shelf, 1)

    model = live_model().get()

    assert (model.version, model.generation) == (1, generation)
    assert shelf.reads == ["models/current.json", "models/1/forecast"]


def test_loading_can_begin_before_the_first_request(live_model, shelf):
    published(shelf, 1)
    live = live_model()

    live.start()
    wait_until(lambda: len(shelf.reads) == 2)

    assert live.get().version == 1
    assert len(shelf.reads) == 2


def test_steady_traffic_is_answered_at_once_and_a_check_runs_beside_it(live_model, shelf, clock):
    published(shelf, 1)
    live = live_model()
    live.get()
    published(shelf, 2)
    gate = threading.Event()
    shelf.spoil = lambda name, stored: stored if gate.wait(10) else None

    clock.now += 11  # a check is due; the last one is not stale
    assert live.get().version == 1
    gate.set()
    wait_until(lambda: live.get().version == 2)


def test_within_the_interval_nothing_is_read(live_model, shelf, clock):
    published(shelf, 1)
    live = live_model()
    live.get()

    for _ in range(100):
        clock.now += 0.09
        live.get()

    assert len(shelf.reads) == 2


def test_after_a_pause_the_request_itself_waits_for_the_check(live_model, shelf, clock):
    published(shelf, 1)
    live = live_model()
    live.get()
    published(shelf, 2)

    clock.now += 3600

    assert live.get().version == 2


def test_after_a_pause_a_slow_store_delays_a_request_no_longer_than_its_limit(live_model, shelf, clock):
    published(shelf, 1)
    live = live_model(wait_seconds=0.05)
    live.get()
    gate = threading.Event()
    shelf.spoil = lambda name, stored: stored if gate.wait(10) else None
    clock.now += 3600

    assert live.get().version == 1  # waited, and answered from what it has
    clock.now += 1
    assert live.get().version == 1  # the check still hangs: nobody waits for it again
    gate.set()


def test_the_first_look_is_told_of_once_whether_it_found_a_model_or_not(live_model, shelf, clock):
    told = []
    model = live_model(after_first_look=lambda: told.append(shelf.reads[:]))

    assert model.get() is None
    wait_until(lambda: told)
    shelf.publish(artifact({"Oil": 1.0}))
    clock.now += 3600

    assert model.get() is not None
    assert len(told) == 1


def test_a_check_that_was_frozen_half_way_is_waited_for_again(live_model, shelf, clock):
    published(shelf, 1)
    live = live_model()
    live.get()
    published(shelf, 2)
    gate = threading.Event()
    shelf.spoil = lambda name, stored: stored if gate.wait(10) else None
    clock.now += 11
    live.get()
    wait_until(lambda: len(shelf.reads) == 3)

    clock.now += 3600  # the platform froze it all in the middle of the read
    threading.Timer(0.05, gate.set).start()

    assert live.get().version == 2


def test_a_rollback_is_followed_though_its_version_is_older(live_model, shelf, clock):
    published(shelf, 7)
    live = live_model()
    assert live.get().version == 7

    published(shelf, 3)
    clock.now += 3600

    assert live.get().version == 3
    assert live.previous.header.version == 7


def test_without_a_pointer_there_is_no_model_and_the_next_second_looks_again(live_model, shelf, clock):
    live = live_model()

    assert live.get() is None
    assert live.problem == ""
    assert live.retry_after_seconds() >= 1
    assert live.get() is None
    assert len(shelf.reads) == 1

    published(shelf, 1)
    clock.now += 1.1
    assert live.get().version == 1


def down(name, stored):
    raise StoreUnavailableError(f"{name} could not be read: status 503")


def test_when_storage_fails_it_answers_logs_once_and_backs_off(live_model, shelf, clock, lines):
    published(shelf, 1)
    live = live_model()
    live.get()
    shelf.spoil = down
    reads = len(shelf.reads)

    for _ in range(600):  # ten minutes, a request a second
        clock.now += 1
        assert live.get().version == 1
        wait_until(lambda: not live._checks.is_running)

    attempts = len(shelf.reads) - reads
    assert 8 <= attempts <= 14, "10, 20, 40, then every 60 seconds"
    errors = [line for line in logged(lines) if line["severity"] == "ERROR"]
    assert [line["message"] for line in errors] == [
        "the live model could not be followed: StoreUnavailableError: models/current.json could not be read: status 503"
    ]

    shelf.spoil = lambda name, stored: stored
    clock.now += 61
    live.get()
    wait_until(lambda: live.problem == "")
    assert logged(lines)[-1]["message"] == "the live model can be followed again"


def test_a_cold_instance_without_storage_has_no_model_and_tries_again_soon(live_model, shelf, clock):
    published(shelf, 1)
    shelf.spoil = down
    live = live_model()

    assert live.get() is None
    assert live.problem == "the model store cannot be read"
    shelf.spoil = lambda name, stored: stored
    clock.now += 1.1

    assert live.get().version == 1


def test_a_cold_instance_whose_store_hangs_says_so_and_when_to_come_back(live_model, shelf):
    published(shelf, 1)
    gate = threading.Event()
    shelf.spoil = lambda name, stored: stored if gate.wait(10) else None
    live = live_model(first_wait_seconds=0.05)

    assert live.get() is None
    assert live.problem == "the model store has not answered yet"
    assert live.retry_after_seconds() == 1
    gate.set()


def test_a_cold_instance_looks_again_within_seconds_however_long_the_outage_was(live_model, shelf, clock):
    published(shelf, 1)
    shelf.spoil = down
    live = live_model()
    for _ in range(20):
        clock.now += 60
        assert live.get() is None
    shelf.spoil = lambda name, stored: stored
    clock.now += 5

    assert live.get().version == 1


def missing(shelf: PublishedShelf) -> None:
    shelf.point(2)


def of_other_bytes(shelf: PublishedShelf) -> None:
    published(shelf, 2, forecast_sha256="f" * 64)


def of_a_newer_format(shelf: PublishedShelf) -> None:
    import hashlib

    data = artifact({"Oil Filter": 2}, version=2).to_bytes().replace(b'"schema":2', b'"schema":9')
    shelf.put("models/2/forecast", data)
    shelf.point(2, forecast_sha256=hashlib.sha256(data).hexdigest())


def truncated(shelf: PublishedShelf) -> None:
    published(shelf, 2)
    stored = shelf.objects["models/2/forecast"]
    shelf.objects["models/2/forecast"] = stored._replace(data=stored.data[:-40])


def without_a_zone(shelf: PublishedShelf) -> None:
    published(shelf, 2, trained_at="2026-05-01T03:00:00")


@pytest.mark.parametrize("spoil", [missing, of_other_bytes, of_a_newer_format, truncated, without_a_zone])
def test_a_bad_version_is_named_and_tried_again_only_after_a_pause(live_model, shelf, clock, lines, spoil):
    published(shelf, 1)
    live = live_model()
    live.get()
    spoil(shelf)

    for _ in range(6):
        clock.now += 10
        assert live.get().version == 1
        wait_until(lambda: not live._checks.is_running)

    downloads = shelf.reads.count("models/2/forecast")
    assert downloads == 2, "at the first sight and once more within a minute"
    assert "version 2 cannot be served" in live.problem
    assert len([line for line in logged(lines) if line["severity"] == "ERROR"]) == 1


def test_a_good_generation_after_a_bad_one_is_taken_at_once(live_model, shelf, clock):
    published(shelf, 1)
    live = live_model()
    live.get()
    missing(shelf)
    clock.now += 100
    live.get()
    assert live.problem

    published(shelf, 3)
    clock.now += 61

    assert live.get().version == 3
    assert live.problem == ""


@pytest.mark.parametrize("pointer", [b"", b"{}", b"[]", b"nonsense", b'{"schema": 99}', b"[" * 100_000, b"\xff"])
def test_a_damaged_pointer_leaves_the_model(live_model, shelf, clock, pointer):
    published(shelf, 1)
    live = live_model()
    live.get()

    shelf.put(names.POINTER, pointer)
    clock.now += 3600

    assert live.get().version == 1
    assert "what the pointer names cannot be served" in live.problem


def test_a_pointer_that_vanished_leaves_the_model(live_model, shelf, clock):
    published(shelf, 1)
    live = live_model()
    live.get()

    del shelf.objects[names.POINTER]
    clock.now += 3600

    assert live.get().version == 1
    assert live.problem == "the pointer is missing"


def test_a_missing_bucket_is_not_a_shop_without_a_model(live_model, shelf, lines):
    def gone(name, stored):
        raise BucketMissingError("the bucket models does not exist")

    shelf.spoil = gone
    live = live_model()

    assert live.get() is None
    assert live.problem == BUCKET_MISSING
    assert "the bucket models does not exist" in logged(lines)[-1]["message"]


def test_all_is_not_well_once_the_last_look_that_succeeded_is_older_than_stated(live_model, shelf, clock):
    """A store that hangs fails nothing: no check ends, and what is served may be anything's age."""
    published(shelf, 1)
    live = live_model(stale_seconds=3.0, wait_seconds=0.01)
    live.get()
    assert live.problem == ""
    gate = threading.Event()
    shelf.spoil = lambda name, stored: stored if gate.wait(20) else None

    clock.now += 3.1
    assert live.get().version == 1
    assert live.problem == "the model store last answered 3 s ago"
    clock.now += 40
    assert live.get().version == 1
    assert live.problem == "the model store last answered 43 s ago"
    gate.set()
    wait_until(lambda: live.problem == "")


def test_a_swap_prepares_what_callers_lately_asked(live_model, shelf, clock):
    from datetime import date

    published(shelf, 1)
    live = live_model()
    live.get().days.period(date(2026, 5, 4), 7)
    published(shelf, 2)
    clock.now += 3600

    assert len(live.get().days.known()) == 7


def test_a_swap_prepares_the_answers_that_were_lately_given_compressed_where_they_were(live_model, shelf, clock):
    from datetime import UTC, date, datetime

    from restock.serving.app_contract import demand
    from restock.serving.demand_request import DemandRequest

    published(shelf, 1)
    live = live_model()
    plain, packed = DemandRequest(7, date(2026, 5, 4)), DemandRequest(30, date(2026, 5, 4))
    demand(live.get(), plain, datetime.now(UTC))
    demand(live.get(), packed, datetime.now(UTC))[1].gzip(b"{")
    published(shelf, 2)
    clock.now += 3600

    prepared = dict(live.get().answers.latest(8))

    assert {request: answer.is_deflated for request, answer in prepared.items()} == {plain: False, packed: True}
    assert b'"Oil Filter":14' in prepared[plain].tail


def test_64_first_requests_load_once(live_model, shelf):
    published(shelf, 1)
    live = live_model()
    versions = []

    callers = [threading.Thread(target=lambda: versions.append(live.get().version)) for _ in range(64)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert versions == [1] * 64
    assert len(shelf.reads) == 2
