"""One delivery counted: understood, merged, the threshold looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest

from restock.counting.appointments import NOTHING
from restock.counting.count import understand
from restock.errors import ConflictError, StoreUnavailableError
from tests.builders import NOON, appointment, completion, part, rules, written
from tests.unit.counting.world import World

MINUTE = timedelta(minutes=1)
OLD = appointment(date="2026-01-01")
JANUARY = NOON - timedelta(days=60)


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
