"""The sweep over a chain in memory: every shop once, whatever dies, fails, is leased or is set wrong."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import pytest

from restock.errors import StoreUnavailableError
from restock.logs import Log
from restock.retraining.run import retrain
from restock.retraining.tools import Tools
from restock.scoped import documents_of, objects_of, queue_of
from restock.shops import Shops
from restock.stored import names
from restock.stored.balance import Balance
from restock.stored.published import read_live
from restock.stored.retrain_request import RetrainRequest
from restock.stored.shop import Shop
from restock.stored.summary import Standing, Summary, summary_of
from restock.sweeping.sweep import Sweeper, Swept, sweep
from restock.sweeping.task import Task
from restock.sweeping.turn import TRIES
from tests.builders import a_settings, appointment
from tests.fakes import FakeClock, FakeDocuments, FakeObjects, FakeQueue
from tests.unit.retraining.models import ConstantFit

NIGHT = datetime(2026, 3, 3, 4, 0, tzinfo=UTC)
STANDING = Standing(
    at=NIGHT,
    trained_at=NIGHT,
    stock_outs=1,
    order_today=2,
    stock_value=90.0,
    idle_value=10.0,
    parts_without_cost=0,
)


class Killed(BaseException):
    """The process is gone: no clean-up, no answer."""


class Chain:
    def __init__(self, *shops: str) -> None:
        self.clock = FakeClock(NIGHT)
        self.documents, self.objects = FakeDocuments(self.clock), FakeObjects(self.clock)
        self.queue = FakeQueue(self.clock)
        self.settings = a_settings(is_chain=True, lease_seconds=600)
        self.learnt: list[str] = []
        self.lines = io.StringIO()
        self.step: Callable[[str, str], None] = lambda shop, step: None
        self.stands: Callable[[Shop], tuple[Standing, Balance]] = lambda shop: (STANDING, Balance(at=NIGHT))
        for shop in shops:
            self.register(shop)

    def register(self, shop: str, **fields: Any) -> None:
        self.documents.set(names.shop(shop), {"time_zone": "Europe/London"} | fields)
        own = documents_of(shop, self.documents)
        own.set("spare_parts/p1", {"name": "Oil Filter", "category": "Filters"})
        own.set(names.appointment("a1"), appointment(parts=[{"id": "p1", "name": "Oil Filter", "quantity": 1}]))

    def sweep(self, index: int = 0, count: int = 2, attempt: int = 0, execution: str = "e1") -> Swept:
        task = Task(execution, index, count, attempt)
        return sweep(
            Sweeper(
                task=task,
                hour=2,
                documents=self.documents,
                shops=Shops(self.settings, lambda: self.documents),
                learn=lambda shop, asked: self.learn(shop, asked, task),
                limited=nullcontext,
                log=Log("sweep", stream=self.lines),
                clock=self.clock,
                stands=self.stands,
                cpu=lambda: 0.0,
            )
        )

    def learn(self, shop: Shop, asked: RetrainRequest, task: Task) -> Any:
        self.learnt.append(shop.id)
        tools = Tools(
            settings=shop.settings,
            documents=documents_of(shop.id, self.documents),
            objects=objects_of(shop.id, self.objects),
            queue=queue_of(shop.id, self.queue),
            fit=ConstantFit(),
            log=Log("sweep", stream=self.lines),
            clock=self.clock,
            after=lambda step: self.step(shop.id, step),
            holder=task.holder,
        )
        return retrain(asked, tools)

    def version(self, shop: str) -> int | None:
        live = read_live(objects_of(shop, self.objects)).pointer
        return live.version if live else None

    def summary(self, shop: str) -> Summary:
        found = documents_of(shop, self.documents).get(names.SUMMARY)
        known = summary_of(found.fields if found else None)
        assert known
        return known

    def logged(self, severity: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.lines.getvalue().splitlines()]
        return [line for line in lines if line["severity"] == severity]


def test_every_shop_learns_once_whichever_tasks_come():
    chain = Chain("a", "b", "c")

    first, second = chain.sweep(0), chain.sweep(1)

    assert sorted(chain.learnt) == ["a", "b", "c"]
    assert [chain.version(shop) for shop in "abc"] == [1, 1, 1]
    assert (first.ended["published"], second.ended["not its turn"]) == (3, 3)
    assert (first.exit_code, second.exit_code) == (0, 0)


def test_a_shop_that_went_through_says_how_it_stands_and_one_that_fails_what_was_known_of_it():
    chain = Chain("a")
    chain.sweep()
    found = documents_of("a", chain.documents).get(names.BALANCE)

    assert chain.summary("a").standing == STANDING
    assert found
    assert Balance.from_fields(found.fields) == Balance(at=NIGHT)

    def fail(shop: str, step: str) -> None:
        if step == "changes":
            raise RuntimeError("no such thing")

    chain.step = fail
    chain.clock.advance(hours=24)
    chain.sweep(execution="e2")

    assert (chain.summary("a").status, chain.summary("a").standing) == ("failed", STANDING)


def test_a_shop_whose_stock_cannot_be_told_has_learnt_all_the_same():
    chain = Chain("a")

    def stands(shop: Shop) -> tuple[Standing, Balance]:
        raise StoreUnavailableError("no orders to be had")

    chain.stands = stands

    assert chain.sweep().ended == {"published": 1}
    assert chain.summary("a").standing is None
    assert "how the shop stands is not known" in chain.logged("WARNING")[0]["message"]


def test_the_next_night_every_shop_learns_again_and_in_between_none_does():
    chain = Chain("a", "b")
    chain.sweep()
    chain.clock.advance(hours=6)
    chain.sweep(execution="e2")
    assert len(chain.learnt) == 2

    chain.clock.advance(hours=18)
    chain.sweep(execution="e3")

    assert len(chain.learnt) == 4
    assert [chain.version(shop) for shop in "ab"] == [2, 2]


def test_a_shop_that_another_task_took_since_it_was_listed_is_not_taken_again():
    chain = Chain("a", "b")
    met = []

    def meanwhile(shop: str, step: str) -> None:
        if step == "lease" and not met:
            met.append(shop)
            chain.sweep(1)  # goes through with the other shop, and finds this one leased

    chain.step = meanwhile
    chain.sweep(0)

    assert met == ["a"]
    assert chain.learnt == ["a", "b", "a"]  # the second task asks for a, whose lease is held
    assert [chain.version(shop) for shop in "ab"] == [1, 1]
    assert {line["ended"].get("busy", 0) for line in chain.logged("INFO") if "ended" in line} == {0, 1}
    assert {line["ended"].get("done by another task", 0) for line in chain.logged("INFO") if "ended" in line} == {0, 1}


@pytest.mark.parametrize("step", ["lease", "changes", "fitted", "files", "commit", "marked", "released"])
def test_a_killed_task_is_repeated_at_once_and_every_shop_has_exactly_one_newer_version(step):
    chain = Chain("a", "b", "c")

    def kill(shop: str, reached: str) -> None:
        if (shop, reached) == ("b", step):
            chain.step = lambda shop, step: None
            raise Killed

    chain.step = kill
    with pytest.raises(Killed):
        chain.sweep(0, attempt=0)
    again = chain.sweep(0, attempt=1)

    assert again.exit_code == 0
    published = [
        [run for run in documents_of(shop, chain.documents).newest(names.RUNS, "run", 9) if run.fields.get("version")]
        for shop in "abc"
    ]
    assert all(len({run.fields["version"] for run in runs}) <= 1 for runs in published)
    assert all(chain.version(shop) in (1, 2) for shop in "abc")
    models = [name for name in chain.objects.stored() if name.endswith("forecast")]
    assert len(models) == 3 + (step == "files")  # what was written before the commit is named by nobody


def test_what_another_execution_left_leased_is_left_to_its_end_and_made_up_for_later():
    chain = Chain("a")

    def kill(shop: str, reached: str) -> None:
        if reached == "fitted":
            chain.step = lambda shop, step: None
            raise Killed

    chain.step = kill
    with pytest.raises(Killed):
        chain.sweep(0)

    assert chain.sweep(0, execution="e2").ended == {"busy": 1}
    chain.clock.advance(seconds=601)
    assert chain.sweep(0, execution="e3").ended == {"published": 1}


def test_a_shop_with_broken_settings_stops_nobody_and_repeats_nothing():
    chain = Chain("a", "c")
    chain.register("b", time_zone="Mars/Olympus")

    swept = chain.sweep()

    assert swept.ended == {"published": 2, "wrong settings": 1}
    assert swept.exit_code == 0
    told, behind = chain.logged("ERROR")
    assert "shop b stands still: time_zone='Mars/Olympus' is not a time zone" in told["message"]
    assert told["shop"] == "b"
    assert behind["message"] == "1 of 3 shops stand still, or have learnt nothing for two days: b"


def test_a_shop_that_fails_is_repeated_so_often_and_then_left_alone():
    chain = Chain("a", "b")

    def fail(shop: str, step: str) -> None:
        if (shop, step) == ("a", "changes"):
            raise RuntimeError("no such thing")

    chain.step = fail
    codes = [chain.sweep(0, attempt=attempt).exit_code for attempt in range(TRIES + 1)]

    assert codes == [1] * (TRIES - 1) + [0, 0]
    assert chain.learnt.count("a") == TRIES
    assert chain.learnt.count("b") == 1
    assert (chain.summary("a").failures, chain.summary("a").status) == (TRIES, "failed")
    chain.step = lambda shop, step: None
    chain.clock.advance(hours=7)
    assert chain.sweep(0, execution="e2").ended["published"] == 1
    assert chain.summary("a").failures == 0


def test_a_database_that_is_away_for_one_shop_has_the_task_repeated():
    chain = Chain("a", "b")

    def away(effect: str) -> None:
        if effect == f"get {names.root('b')}{names.SUMMARY}" and chain.learnt:
            raise StoreUnavailableError("Firestore is away")

    chain.documents.before = away
    assert chain.sweep().exit_code == 1
    chain.documents.before = lambda effect: None
    assert chain.sweep(attempt=1).ended["published"] == 1


def test_what_is_asked_for_is_done_at_any_hour_and_asked_no_more():
    chain = Chain("a", "b")
    chain.sweep()
    chain.clock.advance(hours=8)
    chain.register("a", asked={"rebuild": True})

    assert chain.sweep(execution="e2").ended["published"] == 1

    record = documents_of("a", chain.documents).newest(names.RUNS, "run", 1)[0].fields
    assert record["notes"][0] == "full read: asked for"
    assert chain.documents.get(names.shop("a")).fields == {"time_zone": "Europe/London"}
    assert chain.sweep(execution="e3").ended["published"] == 0


def test_what_is_asked_for_is_done_by_one_task_alone():
    chain = Chain("a", "b")
    chain.sweep()
    chain.clock.advance(hours=8)
    for shop in "ab":
        chain.register(shop, asked={})
    learnt_before = len(chain.learnt)

    def meanwhile(shop: str, step: str) -> None:
        if step == "lease" and len(chain.learnt) == learnt_before + 1:
            chain.step = lambda shop, step: None
            chain.sweep(1, execution="e2")  # goes through with the other shop, and finds this one leased

    chain.step = meanwhile
    swept = chain.sweep(0, execution="e2")

    assert swept.ended == {"published": 1, "done by another task": 1}
    assert [chain.version(shop) for shop in "ab"] == [2, 2]


def test_what_somebody_asks_for_meanwhile_stays():
    chain = Chain()
    chain.register("a", asked={})

    def ask(shop: str, step: str) -> None:
        if step == "commit":
            chain.register("a", asked={"rebuild": True})

    chain.step = ask
    chain.sweep()

    assert chain.documents.get(names.shop("a")).fields["asked"] == {"rebuild": True}


def test_a_summary_nobody_can_read_is_written_anew():
    chain = Chain("a")
    documents_of("a", chain.documents).set(names.SUMMARY, {"schema": 99})

    assert chain.sweep().ended == {"published": 1}
    assert chain.summary("a").version == 1


def test_which_task_it_is_the_environment_says():
    cloud_run = {"CLOUD_RUN_EXECUTION": "sweep-x7", "CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "2"}

    assert Task.from_env(cloud_run | {"CLOUD_RUN_TASK_ATTEMPT": "3"}) == Task("sweep-x7", 1, 2, 3)
    assert Task.from_env(cloud_run).holder == Task.from_env(cloud_run | {"CLOUD_RUN_TASK_ATTEMPT": "3"}).holder
    assert Task.from_env({}) == Task()
