"""Every verb of an operator meets every fault: it ends in a few lines that say what to do, never in a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from restock import __main__ as command
from restock.errors import BucketMissingError, NotPermittedError
from restock.gcp import firestore, storage, tasks
from restock.operating import erasing
from restock.operating.command_line import VERBS
from restock.operating.target import EMULATORS
from restock.stored import names
from restock.stored.published import read_live
from tests.builders import environment
from tests.unit.operating.test_erasing import let_the_queue_call
from tests.unit.retraining.models import reads
from tests.unit.retraining.shop import Shop

PURGED = "a1"
CSV = "date,part,quantity\n2020-01-02,Oil Filter,1\n"


def cut(name: str) -> Callable[[Shop], None]:
    def damage(shop: Shop) -> None:
        found = shop.objects.read(name)
        shop.objects.write(name, found.data[: len(found.data) // 2], if_generation=found.generation)

    return damage


def holds(name: str, data: bytes) -> Callable[[Shop], None]:
    def damage(shop: Shop) -> None:
        shop.objects.write(name, data, if_generation=shop.objects.read(name).generation)

    return damage


def away(of: str, problem: Exception) -> Callable[[Shop], None]:
    def refuse(effect: str) -> None:
        raise problem

    return lambda shop: setattr(getattr(shop, of), "before", refuse)


FAULTS: dict[str, Callable[[Shop], None]] = {
    "the bucket is deleted": away("objects", BucketMissingError("x: The specified bucket does not exist.")),
    "no role for the database": away("documents", NotPermittedError("x: 403 Missing or insufficient permissions.")),
    "no role for the bucket": away("objects", NotPermittedError("x: 403 no storage.objects.get access")),
    "no role for the queue": away("queue", NotPermittedError("x: 403")),
    "the pointer is cut off": cut(names.POINTER),
    "the pointer is a list": holds(names.POINTER, b"[1]"),
    "the pointer is of a later layout": holds(names.POINTER, b'{"schema": 99}'),
    "the pointer's version is a word": lambda shop: holds(
        names.POINTER, json.dumps(json.loads(shop.objects.read(names.POINTER).data) | {"version": "two"}).encode()
    )(shop),
    "the live manifest is cut off": cut(names.manifest(2)),
    "the older manifest is cut off": cut(names.manifest(1)),
    "the older manifest is a list": holds(names.manifest(1), b"[]"),
    "the older manifest lacks its digests": holds(names.manifest(1), b'{"schema": 1, "version": 1}'),
    "the older manifest is gone": lambda shop: shop.objects.delete(names.manifest(1)),
    "the older forecast is cut off": cut(names.forecast(1)),
    "the live history is cut off": cut(names.history(2)),
    "the state is damaged": lambda shop: shop.documents.set(names.STATE, {"schema": 1, "run": "two"}),
    "a run record is damaged": lambda shop: shop.documents.set(names.run_record(2), {"run": 2, "seconds": "many"}),
    "a change is damaged": lambda shop: shop.documents.set(names.change(PURGED), {"schema": 7, "pending": True}),
}
WORDS = {"rollback": ["1"], "forget": [PURGED], "erase": [PURGED], "import-usage": ["--before", "2024-01-01"]}
NEVER_MIND = {
    "status": {"no role for the queue", "the live history is cut off", "a change is damaged"}
    | {fault for fault in FAULTS if "older" in fault},
}
"""What a verb does not need and so need not notice."""


@pytest.fixture
def shop(monkeypatch, tmp_path):
    shop = Shop()
    for id in (PURGED, "a2"):
        shop.complete(id)
        shop.retrain()
    shop.happen(PURGED, None)
    for name, value in environment(**dict.fromkeys(EMULATORS, "127.0.0.1:1")).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(command, "FirestoreDocuments", lambda project: shop.documents)
    monkeypatch.setattr(command, "BucketObjects", lambda project, bucket: shop.objects)
    monkeypatch.setattr(command, "CloudTasksQueue", lambda settings: shop.queue)
    monkeypatch.setattr(command, "reads", reads)
    monkeypatch.setattr(command.time, "sleep", lambda seconds: let_the_queue_call(shop))
    monkeypatch.setattr(erasing, "MOST_WAITED", timedelta(seconds=1))  # by the real clock
    (tmp_path / "usage.csv").write_text(CSV)
    WORDS["import-usage"] = [str(tmp_path / "usage.csv"), "--before", "2024-01-01"]
    return shop


def assert_is_told(ended: int, out: str, err: str) -> None:
    assert "Traceback" not in out + err
    assert "Nobody foresaw" not in err, err
    assert len(err.splitlines()) <= 6, err
    if ended:
        assert err.strip() or "PROBLEM" in out


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_meets_a_fault_says_what_to_do(verb, fault, shop, capsys):
    FAULTS[fault](shop)

    ended = command.main([verb, *WORDS.get(verb, [])])

    out, err = capsys.readouterr()
    assert out.startswith(f"{verb}: the local stack\n")
    assert_is_told(ended, out, err)
    if verb == "status":
        assert (ended == 0) == (fault in NEVER_MIND["status"])
        assert "threshold" in out
    if verb == "rollback" and ("older" in fault or "pointer" in fault):
        assert ended == 1


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_without_credentials_says_how_to_get_them(verb, shop, monkeypatch, capsys, tmp_path):
    for name in (*EMULATORS, "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    for module, name, of in (
        (firestore, "FirestoreDocuments", "_clients"),
        (storage, "BucketObjects", "_clients"),
        (tasks, "CloudTasksQueue", "_clients"),
    ):
        monkeypatch.setattr(module, of, {})
        monkeypatch.setattr(command, name, getattr(module, name))
    agreed = ["--yes"] if VERBS[verb].changes else []

    ended = command.main([verb, *WORDS.get(verb, []), *agreed])

    out, err = capsys.readouterr()
    assert ended == 1
    assert out == f"{verb}: project demo-restock\n"
    assert "gcloud auth application-default login" in err
    assert len(err.splitlines()) == 2


def test_status_of_a_whole_shop_ends_well(shop, capsys):
    assert command.main(["status"]) == 0
    assert "PROBLEM" not in capsys.readouterr().out


def test_a_verb_means_the_shop_of_a_chain_that_it_names_and_no_other(shop, monkeypatch, capsys):
    monkeypatch.setenv("RESTOCK_CHAIN", "true")
    shop.documents.set("restock_shops/north", {"time_zone": "Europe/Lisbon"})
    before = shop.bucket_as_now()

    assert command.main(["status", "--shop", "north"]) == 0  # nothing has happened there yet
    out, _ = capsys.readouterr()
    assert out.startswith("status: the local stack, shop north\n")
    assert command.main(["pin", "--shop", "north"]) == 1
    assert command.main(["status", "--shop", "south"]) == 1
    assert command.main(["status"]) == 1

    _, err = capsys.readouterr()
    assert "'south' is no shop" in err
    assert "it names no shop, and RESTOCK_CHAIN is true" in err
    assert "what to do: of a chain, and only of a chain, name the shop: make status SHOP=... (or --shop ...)" in err
    assert shop.bucket_as_now() == before


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (None, "the levels for apps follow it"),
        (NotPermittedError("no role"), "the levels for apps follow with the next run: no role"),
    ],
)
def test_a_rollback_writes_the_levels_for_apps_and_stands_where_it_cannot(shop, monkeypatch, capsys, failure, said):
    asked = []

    def follow(documents, objects, *_):
        asked.append((documents, objects))
        if failure:
            raise failure

    monkeypatch.setattr(command, "follow_levels", follow)

    assert command.main(["rollback", "1"]) == 0

    assert capsys.readouterr().out.endswith(f"until the next publication; add --pin to keep it; {said}\n")
    assert asked == [(shop.documents, shop.objects)]
    assert read_live(shop.objects).pointer.version == 1
