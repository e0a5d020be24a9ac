"""Writing under a version, the commit, and pruning."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.errors import ConflictError, DamagedError, OvertakenError
from restock.operating import verbs
from restock.retraining.publish import commit, prune
from restock.retraining.run import retrain
from restock.stored import names
from restock.stored.pointer import Pointer
from restock.stored.published import Live, read_live, read_verified, sha256, write_once
from restock.stored.retrain_request import RetrainRequest
from tests.fakes import FakeClock, FakeObjects
from tests.unit.retraining.models import a_pointer, reads
from tests.unit.retraining.shop import Shop


@pytest.fixture
def objects():
    return FakeObjects(FakeClock())


def test_promise_4_nothing_is_overwritten_under_a_version(objects):
    write_once(objects, {"models/1/forecast": b"first"})

    with pytest.raises(DamagedError):
        write_once(objects, {"models/1/forecast": b"second"})

    assert objects.read("models/1/forecast").data == b"first"


def test_the_same_bytes_under_the_name_are_the_echo_of_ones_own_write(objects):
    write_once(objects, {"models/1/forecast": b"first"})
    write_once(objects, {"models/1/forecast": b"first"})


def test_what_was_taken_away_after_a_write_whose_answer_was_lost_is_written_again(objects, monkeypatch):
    """It is no sign of a database that was put back: the run goes on."""

    def write(name, data, *, if_generation):
        monkeypatch.setattr(objects, "write", real_write)
        raise ConflictError(name)

    real_write = objects.write
    monkeypatch.setattr(objects, "write", write)

    write_once(objects, {"learnt/1": b"trees"})

    assert objects.read("learnt/1").data == b"trees"


def test_promise_3_a_commit_needs_the_generation_that_was_read(objects):
    live = read_live(objects)
    commit(objects, a_pointer(run=1), live)

    with pytest.raises(OvertakenError):
        commit(objects, a_pointer(run=2), live)

    assert read_live(objects).pointer == a_pointer(run=1)


def test_promise_3_a_refused_commit_that_finds_its_own_run_is_success(objects):
    first = objects.write(names.POINTER, a_pointer(run=5).to_bytes(), if_generation=0)

    assert commit(objects, a_pointer(run=5), Live(None, 0)) == first


def test_a_pointer_comes_back_from_its_bytes():
    assert Pointer.from_bytes(a_pointer(pinned=True).to_bytes()) == a_pointer(pinned=True)


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b'{"schema": 99}', b'{"schema": 1}', b"\xff"])
def test_what_is_no_pointer_is_damaged(data):
    with pytest.raises(DamagedError, match=r"current\.json"):
        Pointer.from_bytes(data)


def test_what_the_pointer_vouches_for_is_verified(objects):
    objects.write("x", b"data", if_generation=0)

    assert read_verified(objects, "x", sha256(b"data")) == b"data"
    with pytest.raises(DamagedError, match="digest differs"):
        read_verified(objects, "x", sha256(b"other"))
    with pytest.raises(DamagedError, match="missing"):
        read_verified(objects, "y", sha256(b"data"))


def versions(objects, *numbers, age_days):
    clock = objects._clock
    clock.now -= timedelta(days=age_days)
    for number in numbers:
        objects.write(f"models/{number}/forecast", b"f", if_generation=0)
        objects.write(f"models/{number}/manifest.json", b"m", if_generation=0)
        objects.write(f"history/{number}.parquet", b"h", if_generation=0)
    clock.now += timedelta(days=age_days)


def left(objects):
    return sorted(
        {int(name.split("/")[1]) for name in objects.stored() if name.startswith("models/") and name.count("/") == 2}
    )


def test_old_versions_are_pruned_but_the_last_ten_and_the_live_one_stay(objects):
    versions(objects, *range(1, 16), age_days=100)

    objects.write(names.POINTER, a_pointer(version=2, history=3).to_bytes(), if_generation=0)

    prune(objects, objects._clock(), 90)

    assert left(objects) == [2, *range(6, 16)]
    assert "history/3.parquet" in objects.stored()
    assert "history/2.parquet" not in objects.stored()


def test_young_versions_stay_however_many(objects):
    versions(objects, *range(1, 31), age_days=89)

    objects.write(names.POINTER, a_pointer(version=30, history=30).to_bytes(), if_generation=0)

    assert prune(objects, objects._clock(), 90) == []


def test_promise_4_pruning_spares_what_an_operator_rolled_back_to_meanwhile():
    shop = Shop(keep_versions_days=1)
    shop.complete("a1")
    for _ in range(11):
        shop.retrain()
    shop.clock.advance(days=2)

    def roll_back(step):
        if step == "marked":
            verbs.roll_back(shop.objects, 2, shop.clock(), reads)

    outcome = retrain(RetrainRequest("manual"), shop.tools(after=roll_back))

    assert outcome.status == "published"
    assert shop.pointer().version == 2
    assert read_verified(shop.objects, "models/2/forecast", shop.pointer().forecast_sha256)
