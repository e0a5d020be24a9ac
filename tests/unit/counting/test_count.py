"""One delivery counted: understood, merged, the threshold looked at."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest

from restock import stores
from restock.counting.appointments import NOTHING
from restock.counting.count import count, understand
from restock.counting.threshold import task_name
from restock.errors import ConflictError, StoreUnavailableError
from restock.logs import Log
from restock.stored.names import STATE
from tests.builders import NOON, appointment, completion, part, rules, written
from tests.fakes import FakeClock, FakeDocuments, FakeQueue

MINUTE = timedelta(minutes=1)
OLD = appointment(date="2026-01-01")
JANUARY = NOON - timedelta(days=60)


class World:
    def __init__(self, threshold=10, **settings):
        self.clock = FakeClock(NOON)
        self.documents, self.queue = FakeDocuments(self.clock), FakeQueue(self.clock)
        self.threshold, self.rules = threshold, rules(**settings)
        self.opened = 0
        self.lines = io.StringIO()

    def open_documents(self):
        self.opened += 1
        return self.documents

    def deliver(self, *events, now=NOON):
        for event in events:
            count(
                event,
                rules=self.rules,
                threshold=self.threshold,
                documents=self.open_documents,
                queue=lambda: self.queue,
                now=now,
                log=Log("on_appointment", stream=self.lines),
            )

    def change(self, id="a1"):
        found = self.documents.get(f"restock_changes/{id}")
        return found and found.fields

    def logged(self):
        return [json.loads(line) for line in self.lines.getvalue().splitlines()]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr(stores, "pause", lambda attempt: None)


def test_a_completion_is_stored_as_a_change():
    world = World()

    world.deliver(completion())

    assert world.change() == {
        "usage": [{"key": "oil filter", "name": "Oil Filter", "quantity": 1.0}],
        "day": "2026-03-02",
        "service": "service",
        "booked_on": "2026-03-01",
        "source_time": NOON,
        "completed_time": NOON,
        "pending": True,
        "awaiting": True,
        "rules": world.rules.digest,
        "schema": 2,
    }


def test_a_write_that_changes_no_usage_costs_no_database_call():
    world = World()

    world.deliver(
        written(after=appointment("pending")),
        written(before=appointment("pending"), after=appointment("confirmed")),
        written(before=appointment(), after=appointment(rating=5)),
        written(before=appointment("cancelled")),
    )

    assert world.opened == 0


def test_a_changed_day_is_a_changed_usage():
    world = World()

    world.deliver(written(before=appointment(), after=appointment(date="2026-03-01")))

    assert world.change()["day"] == "2026-03-01"


def test_promise_1_a_redelivered_completion_is_written_once():
    world = World()

    world.deliver(completion(), completion())

    assert world.documents.writes == 1


def test_promise_1_deliveries_out_of_order_end_at_the_newest_version():
    world = World()

    world.deliver(written(before=appointment(), after=appointment(parts=[part("Belt", 4)]), at=NOON + MINUTE))
    world.deliver(completion())

    assert world.change()["usage"] == [{"key": "belt", "name": "Belt", "quantity": 4.0}]
    assert world.change()["awaiting"] is True


def test_promise_1_a_deletion_follows_the_version_it_deleted():
    world = World()
    deletion = written(before=appointment(), before_at=NOON)

    world.deliver(deletion)
    world.deliver(completion())  # delivered late, and older

    assert world.change()["usage"] == []
    assert world.change()["source_time"] == NOON + timedelta(microseconds=1)


def test_promise_1_an_appointment_created_again_after_a_deletion_wins_over_it():
    world = World()

    world.deliver(written(after=appointment(), at=NOON + MINUTE), written(before=appointment(), before_at=NOON))

    assert world.change()["usage"] != []


def test_the_tenth_completion_asks_for_a_retrain():
    world = World(threshold=10)

    world.deliver(*(completion(f"a{n}") for n in range(9)))
    assert world.queue.tasks == {}
    world.deliver(completion("a9"))

    assert [task.body for task in world.queue.tasks.values()] == [{"reason": "threshold"}]


def test_failing_1_the_first_training_needs_no_more_than_the_threshold():
    world = World(threshold=1)

    world.deliver(completion())

    assert len(world.queue.created) == 1


def test_failing_2_withdrawals_do_not_outweigh_completions():
    world = World(threshold=12)

    world.deliver(*(completion(f"new{n}") for n in range(12)))
    world.deliver(*(written(f"old{n}", appointment(), appointment("in_process")) for n in range(3)))

    assert len(world.queue.created) == 1


def test_promise_2_edits_do_not_count():
    world = World(threshold=1)

    world.deliver(written(before=appointment(), after=appointment(parts=[part("Oil", 3)])))

    assert len(world.queue.created) == 0


def test_promise_2_a_delivery_that_changes_nothing_still_looks_at_the_threshold():
    """The process may have died after merging and before asking."""
    world = World(threshold=1)
    world.deliver(completion())
    world.queue.tasks.clear()

    world.deliver(completion())

    assert len(world.queue.tasks) == 1


def test_promise_2_a_queue_that_is_away_is_an_error_that_a_redelivery_mends():
    world = World(threshold=1)

    def away(effect):
        raise StoreUnavailableError("queue")

    world.queue.before = away
    with pytest.raises(StoreUnavailableError):
        world.deliver(completion())
    world.queue.before = lambda effect: None
    world.deliver(completion())

    assert len(world.queue.created) == 1


def test_one_crossing_is_one_task_however_often_it_is_seen():
    world = World(threshold=2)

    world.deliver(*(completion(f"a{n}") for n in range(8)))

    assert len(world.queue.created) == 1


def test_promise_2_the_crossing_after_another_run_gets_a_task_of_its_own():
    world = World(threshold=1)
    world.deliver(completion("a1"))
    world.documents.set(STATE, {"run": 1})

    world.deliver(completion("a2"))

    assert len(world.queue.created) == 2


def test_a_task_waits_for_retry_at():
    world = World(threshold=1)
    world.documents.set(STATE, {"run": 3, "retry_at": NOON + 10 * MINUTE})

    world.deliver(completion())

    assert [task.due for task in world.queue.tasks.values()] == [NOON + 10 * MINUTE]


def test_task_names_are_of_one_run_and_one_hour():
    assert task_name(1, NOON) == task_name(1, NOON + 59 * MINUTE)
    assert task_name(1, NOON) != task_name(1, NOON + 60 * MINUTE)
    assert task_name(1, NOON) != task_name(2, NOON)


def test_a_delivery_too_old_to_merge_is_reported_not_merged():
    world = World()

    world.deliver(completion(), now=NOON + timedelta(days=5, seconds=1))

    assert world.change() is None
    (line,) = [line for line in world.logged() if line["severity"] == "ERROR"]
    assert line["appointment"] == "a1"
    assert "rebuild" in line["message"]


def test_a_delivery_of_just_under_five_days_is_merged():
    world = World()

    world.deliver(completion(), now=NOON + timedelta(days=5))

    assert world.change() is not None


def test_promise_1_deleting_a_booking_last_written_long_ago_withdraws_it():
    """Its source_time is that of the version it deleted; how old the delivery is, the event itself tells."""
    world = World()

    world.deliver(written(before=OLD, before_at=JANUARY, at=NOON))

    assert world.change()["usage"] == []


def test_merging_survives_writers_that_come_first():
    world = World()
    world.deliver(completion())
    left = [5]

    def somebody_else(effect):
        if effect == "update restock_changes/a1" and left[0]:
            left[0] -= 1
            world.documents.set("restock_changes/a1", world.change())

    world.documents.before = somebody_else
    world.deliver(written(before=appointment(), after=appointment("in_process"), at=NOON + MINUTE))

    assert left == [0]
    assert world.change()["usage"] == []


def test_merging_gives_up_with_an_error_that_a_redelivery_mends():
    world = World()

    def always(effect):
        if effect.startswith(("create", "update")):
            raise ConflictError(effect)

    world.documents.before = always

    with pytest.raises(StoreUnavailableError, match="writers came first"):
        world.deliver(completion())


def test_promise_8_rejections_are_logged_with_the_appointment_and_kept_for_the_run_record():
    world = World()

    world.deliver(completion(parts=[part("Oil", "two"), part("Belt", 1)]))

    (line,) = [line for line in world.logged() if line["severity"] == "WARNING"]
    assert line["appointment"] == "a1"
    assert line["message"].startswith("spareParts.quantity is not a number")
    assert world.change()["rejected"] == [{"field": "spareParts.quantity", "reason": "is not a number"}]


def test_logs_hold_no_customer_data():
    world = World(threshold=1)

    world.deliver(completion(parts=[part("Secret", "x"), part("Belt", 1)], userId="Jane", service="Private"))

    assert not any(word in world.lines.getvalue() for word in ("Secret", "Jane", "Private", "Belt"))


def test_one_delivery_says_its_outcome_once():
    world = World(threshold=2)

    world.deliver(completion("a1"), completion("a2"))

    assert [line["message"] for line in world.logged()] == [
        "merged; 1 of 2 completions await training",
        "merged; threshold of 2 reached: asked for a retrain",
    ]


@pytest.mark.parametrize(
    ("days", "age_days", "is_kept"),
    [(None, 900, False), (30, 0, False), (30, 29, False), (30, 30, True), (30, 900, True)],
)
def test_purging_old_bookings_keeps_their_demand_if_the_shop_says_so(days, age_days, is_kept):
    """The deletion's own time decides, not the time of the version it deleted, which was written when it was new."""
    day_used = NOON - timedelta(days=age_days)
    booking = appointment(date=day_used.date().isoformat())

    delivery = understand(
        written(before=booking, before_at=day_used, at=NOON), rules(keep_usage_when_deleted_after_days=days)
    )

    assert delivery.after == (delivery.before if is_kept else NOTHING)


def test_a_kept_deletion_costs_no_database_call():
    world = World(keep_usage_when_deleted_after_days=30)

    world.deliver(written(before=OLD, before_at=JANUARY))

    assert world.opened == 0


def test_uncompleting_an_old_booking_withdraws_it_whatever_the_setting_says():
    world = World(keep_usage_when_deleted_after_days=30)

    world.deliver(written(before=OLD, after=appointment("cancelled", date="2026-01-01"), before_at=JANUARY))

    assert world.change()["usage"] == []


LOST = {"parts": [part("Oil", "two")]}


def test_promise_8_a_completion_of_which_nothing_counts_leaves_a_change_that_awaits_nothing():
    world = World(threshold=1)

    world.deliver(completion(**LOST))

    assert world.change() == {
        "usage": [],
        "source_time": NOON,
        "pending": True,
        "awaiting": False,
        "rejected": [{"field": "spareParts.quantity", "reason": "is not a number"}],
        "rules": world.rules.digest,
        "schema": 2,
    }
    assert world.queue.tasks == {}
    assert world.logged()[-1]["message"] == "merged; nothing of it could be counted, the next run reports it"


@pytest.mark.parametrize(
    "fields",
    [
        appointment(date="01/03/2026", createdAt=None),
        appointment() | {"spareParts": "2 x Oil"},
        appointment() | {"spareParts": {"name": "Oil"}},
        appointment(parts=["Oil"]),
        appointment(parts=[{"quantity": 1}]),
        appointment(parts=[part("Oil", 0), part("Belt", None)]),
    ],
)
def test_promise_8_whatever_made_a_completion_uncountable_it_leaves_a_trace(fields):
    world = World()

    world.deliver(written(before=appointment("in_process"), after=fields))

    assert world.change()["pending"] is True
    assert world.change()["rejected"]


@pytest.mark.parametrize(
    "event",
    [
        written(before=appointment(**LOST), after=appointment(**LOST, rating=5)),
        written(before=appointment("pending", **LOST), after=appointment("cancelled", **LOST)),
        written(after=appointment(parts=[])),
    ],
)
def test_promise_8_a_write_that_loses_nothing_more_costs_no_database_call(event):
    world = World()

    world.deliver(event)

    assert world.opened == 0


@pytest.mark.parametrize(
    ("after", "used"),
    [(appointment(), 1), (appointment("cancelled", **LOST), 0), (appointment(parts=[]), 0), (None, 0)],
)
@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0), (1, 0, 1, 0)])
def test_promise_1_a_trace_gives_way_to_what_came_later_in_any_order_of_deliveries(after, used, order):
    world = World()
    events = [completion(**LOST), written(before=appointment(**LOST), after=after, before_at=NOON, at=NOON + MINUTE)]

    world.deliver(*(events[number] for number in order))

    assert len(world.change()["usage"]) == used
    assert "rejected" not in world.change()
    assert world.change()["awaiting"] is bool(used)


def test_an_edit_that_makes_a_completion_unreadable_withdraws_it_and_says_why():
    world = World()

    world.deliver(completion(), written(before=appointment(), after=appointment(**LOST), at=NOON + MINUTE))

    assert world.change()["usage"] == []
    assert world.change()["rejected"] == [{"field": "spareParts.quantity", "reason": "is not a number"}]


@pytest.mark.parametrize("status", ["done", "BookingStatus.done", "Terminé", 3, None])
def test_promise_8_an_unknown_status_is_said_with_its_remedy_if_there_are_parts(status):
    world = World()

    world.deliver(written(after=appointment(status)), written(after=appointment(status, parts=[])))

    (line,) = [line for line in world.logged() if line["severity"] == "WARNING"]
    assert line["appointment"] == "a1"
    assert "is not known" in line["message"]
    assert "COMPLETED_STATUSES" in line["message"]
    assert world.opened == 0


@pytest.mark.parametrize("status", ["pending", "confirmed", "in_process", "Cancelled ", "BookingStatus.rejected"])
def test_a_status_of_the_app_is_nothing_to_speak_of(status):
    world = World()

    world.deliver(written(after=appointment(status)))

    assert [line for line in world.logged() if line["severity"] == "WARNING"] == []


def test_the_queue_is_loaded_at_the_threshold_not_at_the_first_completion():
    """Its client takes longer to load than a delivery takes."""
    world = World(threshold=3)
    loaded = []

    def load():
        loaded.append(len(world.documents.stored("restock_changes")))
        return world.queue

    for number in range(4):
        count(
            completion(f"a{number}"),
            rules=world.rules,
            threshold=3,
            documents=world.open_documents,
            queue=load,
            now=NOON,
            log=Log("on_appointment", stream=world.lines),
        )

    assert loaded == [3, 4]
