"""The version before, for /v1/changes: looked for once, and not again at once where the bucket gave no answer."""

from __future__ import annotations

import io

import pytest

from restock.errors import StoreUnavailableError
from restock.logs import Log
from restock.serving.kept import FIRST_RETRY_SECONDS
from restock.serving.live_model import LiveModel
from restock.serving.previous import PreviousVersion
from tests.fakes import FakeSeconds
from tests.published import PublishedShelf, artifact


class Versions:
    """The bucket, which can be down."""

    def __init__(self, shelf: PublishedShelf) -> None:
        self.shelf, self.is_down, self.reads = shelf, False, 0

    def read(self, name: str):
        self.reads += 1
        if self.is_down:
            raise StoreUnavailableError("down")
        return self.shelf.read(name)

    def versions(self) -> list[int]:
        return [1, 2]


@pytest.fixture
def live():
    shelf = PublishedShelf()
    for version in (1, 2):
        shelf.publish(artifact({"Oil": version}, version=version))
    live = LiveModel(
        shelf, reload_seconds=10, stale_seconds=60, wait_seconds=5, log=Log("forecast", stream=io.StringIO())
    )
    yield live, Versions(shelf)
    live.stop()


def test_it_is_read_once_for_each_live_version(live):
    model, versions = live[0].get(), live[1]
    previous = PreviousVersion(live[0], versions, FakeSeconds(100.0))

    assert [previous.artifact(model).header.version for _ in range(3)] == [1, 1, 1]
    assert versions.reads == 1


def test_a_bucket_without_an_answer_is_asked_again_after_a_pause(live):
    model, versions, clock = live[0].get(), live[1], FakeSeconds(100.0)
    previous = PreviousVersion(live[0], versions, clock)
    versions.is_down = True

    assert [previous.artifact(model) for _ in range(3)] == [None] * 3
    assert versions.reads == 1
    versions.is_down = False
    clock.now += FIRST_RETRY_SECONDS

    assert previous.artifact(model).header.version == 1
