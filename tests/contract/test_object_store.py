"""One contract for objects, held by the fake and by the real adapter against a Cloud Storage server."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from local.loopback import LoopbackServer
from restock.errors import ConflictError
from restock.retraining.publish import commit
from restock.scoped import objects_of
from restock.stored import names
from restock.stored.published import Live, write_once
from restock.stores import ObjectStore
from tests.fakes import FakeObjects
from tests.unit.retraining.models import a_pointer


@pytest.fixture(params=["fake", "storage", "fake, a shop's", "storage, a shop's"])
def objects(request: pytest.FixtureRequest) -> ObjectStore:
    """At the root, and a shop's of a chain in which the next shops have the same names for other things."""
    kind, _, shop = request.param.partition(", ")
    is_fake = kind == "fake"
    whole = FakeObjects(lambda: datetime.now(UTC)) if is_fake else real_objects(request.getfixturevalue("bucket"))
    if not shop:
        return whole
    for other in ("north2", "nort"):
        for name in ("models/1/forecast", "models/current.json", "history/1.parquet", "a", "a.json"):
            objects_of(other, whole).write(name, other.encode(), if_generation=0)
    return objects_of("north", whole)


def real_objects(bucket: str) -> ObjectStore:
    from restock.gcp.storage import BucketObjects

    return BucketObjects(f"of-{bucket}", bucket)  # one client a project, and STORAGE_EMULATOR_HOST differs by test


def test_what_is_not_there_is_none(objects):
    assert objects.read("models/1/forecast") is None


@pytest.mark.parametrize("data", [b"", b"{}", bytes(range(256)) * 5000], ids=["empty", "small", "1.3 MB"])
def test_bytes_come_back_as_written_with_their_generation(objects, data):
    generation = objects.write("models/1/forecast", data, if_generation=0)

    found = objects.read("models/1/forecast")

    assert found.data == data
    assert found.generation == generation


def test_writing_what_exists_is_a_conflict_and_changes_nothing(objects):
    objects.write("a.json", b"1", if_generation=0)

    with pytest.raises(ConflictError):
        objects.write("a.json", b"2", if_generation=0)

    assert objects.read("a.json").data == b"1"


def test_only_who_read_the_live_generation_may_write(objects):
    first = objects.write("a.json", b"1", if_generation=0)
    second = objects.write("a.json", b"2", if_generation=first)

    with pytest.raises(ConflictError):
        objects.write("a.json", b"3", if_generation=first)

    assert second != first
    assert objects.read("a.json").data == b"2"


def test_a_precondition_on_what_is_not_there_is_a_conflict(objects):
    with pytest.raises(ConflictError):
        objects.write("a.json", b"1", if_generation=12345)

    assert objects.read("a.json") is None


def test_the_same_bytes_written_again_are_a_new_generation(objects):
    first = objects.write("a.json", b"1", if_generation=0)

    assert objects.write("a.json", b"1", if_generation=first) != first


def test_what_was_deleted_can_be_created_again_under_another_generation(objects):
    first = objects.write("a.json", b"1", if_generation=0)
    objects.delete("a.json")

    assert objects.read("a.json") is None
    assert objects.list("") == []
    assert objects.write("a.json", b"2", if_generation=0) != first


def test_deleting_what_is_gone_is_no_error(objects):
    objects.delete("models/1/forecast")


def test_a_list_holds_what_begins_with_the_prefix_by_name(objects):
    for name in ("models/2/forecast", "models/10/forecast", "models/current.json", "history/2.parquet"):
        objects.write(name, b"123", if_generation=0)

    found = objects.list("models/")

    assert [one.name for one in found] == ["models/10/forecast", "models/2/forecast", "models/current.json"]
    assert all(one.size == 3 for one in found)
    assert all(abs(datetime.now(UTC) - one.updated) < timedelta(minutes=1) for one in found)
    assert objects.read("models/2/forecast").generation == found[1].generation


def test_a_list_shows_only_live_generations(objects):
    first = objects.write("a", b"1", if_generation=0)
    second = objects.write("a", b"2", if_generation=first)

    assert [one.generation for one in objects.list("a")] == [second]


def test_of_many_writers_with_one_precondition_one_wins(objects):
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            objects.write("a.json", str(number).encode(), if_generation=0)
            outcomes.append(str(number))
        except ConflictError:
            pass

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 1
    assert objects.read("a.json").data == outcomes[0].encode()


class LosesAnswers:
    """A proxy that hands on an upload and then cuts the connection instead of answering, so many times."""

    def __init__(self, target: str, lose: int) -> None:
        host = urlsplit(target).netloc
        proxy = self
        self.lose = lose
        self.lost = 0

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection(host, timeout=20)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                data = answer.read()
                connection.close()
                if self.command == "POST" and proxy.lost < proxy.lose:
                    proxy.lost += 1
                    self.close_connection = True
                    return
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_PUT = do_DELETE = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self.server = LoopbackServer(Handler).start()
        self.url = self.server.url


@pytest.fixture
def lossy(bucket, storage_server, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ObjectStore, LosesAnswers]]:
    proxy = LosesAnswers(storage_server.url, lose=1)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
    yield real_objects(bucket), proxy
    proxy.server.stop()


def test_the_answer_to_a_conditional_write_is_lost_and_the_retry_meets_its_own_first_try(lossy):
    objects, proxy = lossy

    with pytest.raises(ConflictError):
        objects.write("a.json", b"1", if_generation=0)

    assert proxy.lost == 1
    assert objects.read("a.json").data == b"1"


def test_promise_3_a_commit_whose_answer_was_lost_is_read_back_as_success(lossy):
    objects, proxy = lossy
    pointer = a_pointer()

    generation = commit(objects, pointer, Live(None, 0))

    assert proxy.lost == 1
    assert objects.read(names.POINTER).generation == generation


def test_a_file_whose_answer_was_lost_is_taken_as_written(lossy):
    objects, proxy = lossy

    write_once(objects, {"models/1/forecast": b"numbers"})

    assert proxy.lost == 1
    assert objects.read("models/1/forecast").data == b"numbers"


def test_erasing_leaves_of_a_prefix_only_what_is_kept(objects):
    for name in ("history/1.parquet", "history/2.parquet", "history/3.parquet", "models/1/forecast"):
        objects.write(name, b"1", if_generation=0)
    objects.write("history/1.parquet", b"2", if_generation=objects.read("history/1.parquet").generation)
    objects.delete("history/3.parquet")

    gone = objects.erase("history/", keep="history/2.parquet")

    assert "history/1.parquet" in gone
    assert "history/2.parquet" not in gone
    assert [found.name for found in objects.list("history/")] == ["history/2.parquet"]
    assert objects.read("models/1/forecast") is not None
    assert objects.erase("history/", keep="history/2.parquet") == []
