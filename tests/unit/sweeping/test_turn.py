"""Whose turn it is, and in which order: tables of plain values."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from restock.stored.retrain_request import RetrainRequest
from restock.stored.shop import Shop
from restock.stored.summary import Summary
from restock.sweeping.turn import LEFT_ALONE, TRIES, Listed, in_order, is_behind, is_turn, request_for
from tests.builders import a_settings

NIGHT = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)


def a_summary(**changed: Any) -> Summary:
    given = {"at": NIGHT - timedelta(days=1), "status": "published", "message": "version 7 published", "version": 7}
    return Summary(**(given | {"swept_on": date(2026, 3, 1)} | changed))


def a_shop(id: str = "north", zone: str = "Europe/London", *, asked: bool = False, **summary: Any) -> Listed:
    return Listed(id, zone, asked, a_summary(**summary))


@pytest.mark.parametrize(
    ("zone", "is_its_turn"),
    [
        ("Europe/London", True),  # 03:30
        ("Europe/Athens", True),  # 05:30
        ("America/New_York", True),  # 22:30 of the day before: beyond its hour, and not swept on that day
        ("Atlantic/Azores", True),  # 02:30
        ("Atlantic/South_Georgia", False),  # 01:30
    ],
)
def test_a_shop_is_taken_from_its_own_hour_on(zone, is_its_turn):
    assert is_turn(a_shop(zone=zone, swept_on=date(2026, 2, 28)), NIGHT, hour=2) is is_its_turn


def test_a_shop_is_taken_once_on_its_own_day():
    swept = a_shop(zone="America/New_York", swept_on=date(2026, 3, 1))

    assert not is_turn(swept, NIGHT, hour=2)  # there it is still the first of March
    assert is_turn(swept, NIGHT + timedelta(hours=4), hour=2)  # 02:30 on the second


def test_a_missed_night_is_made_up_for_at_any_later_hour():
    assert is_turn(a_shop(swept_on=date(2026, 2, 20)), NIGHT.replace(hour=17), hour=2)


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_on_the_days_on_which_clocks_change_a_shop_is_taken_once(day):
    """Between 1 and 2 in the morning of the one there is no hour, and of the other there are two."""
    turns, swept_on = 0, day - timedelta(days=1)
    for hour in range(24):
        now = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        if is_turn(a_shop("north", swept_on=swept_on), now, hour=1):
            turns, swept_on = turns + 1, day

    assert turns == 1


def test_a_shop_that_was_never_swept_and_one_that_is_asked_for_are_taken():
    assert is_turn(Listed("north", "Europe/London", False, None), NIGHT, hour=2)
    assert is_turn(a_shop(asked=True, swept_on=date(2026, 3, 2)), NIGHT, hour=2)


def test_a_shop_whose_zone_is_none_is_taken_so_that_it_is_told():
    assert is_turn(a_shop(zone="Mars/Olympus"), NIGHT, hour=2)


@pytest.mark.parametrize("asked", [False, True])
def test_a_shop_that_fails_again_and_again_is_left_alone_for_a_while(asked):
    failing = a_shop(asked=asked, status="failed", failures=TRIES, at=NIGHT)

    assert not is_turn(failing, NIGHT + timedelta(hours=1), hour=2)
    assert is_turn(failing, NIGHT + LEFT_ALONE, hour=2)
    assert is_turn(a_shop(status="failed", failures=TRIES - 1, at=NIGHT), NIGHT, hour=2)


def test_a_shop_is_behind_when_two_whole_days_of_its_own_have_passed_without_it():
    assert not is_behind(a_shop(swept_on=NIGHT.date() - timedelta(days=2)), NIGHT)
    assert is_behind(a_shop(swept_on=NIGHT.date() - timedelta(days=3)), NIGHT)
    assert not is_behind(Listed("new", "Europe/London", False, None), NIGHT)
    assert not is_behind(a_shop(zone="Mars/Olympus", swept_on=date(2026, 1, 1)), NIGHT)  # told as what it is


def test_a_shop_no_sweep_ever_went_through_with_is_behind_once_it_is_left_alone():
    assert not is_behind(a_shop(status="failed", failures=TRIES - 1, swept_on=None), NIGHT)
    assert is_behind(a_shop(status="failed", failures=TRIES, swept_on=None), NIGHT)


def test_the_largest_come_first_and_what_was_never_swept_before_them():
    shops = [a_shop("small", cpu_seconds=1.0), a_shop("large", cpu_seconds=90.0), Listed("new", "UTC", False, None)]

    assert [shop.id for shop in in_order(shops, 0)] == ["new", "large", "small"]


def test_each_task_begins_at_a_place_of_its_own_and_walks_all():
    shops = [a_shop(id, cpu_seconds=cost) for id, cost in (("a", 5.0), ("b", 4.0), ("c", 3.0))]

    walks = [[shop.id for shop in in_order(shops, index)] for index in range(4)]

    assert walks == [["a", "b", "c"], ["b", "c", "a"], ["c", "a", "b"], ["a", "b", "c"]]
    assert in_order([], 3) == []


def test_a_shop_is_asked_as_the_schedule_does_unless_somebody_said_why():
    def registered(**fields: Any) -> Shop:
        return Shop.from_fields("north", {"time_zone": "UTC", **fields}, a_settings())

    assert request_for(registered()) == RetrainRequest("schedule", shop="north")
    assert request_for(registered(asked={})) == RetrainRequest("manual", shop="north")
    assert request_for(registered(asked={"rebuild": True})) == RetrainRequest("manual", rebuild=True, shop="north")
