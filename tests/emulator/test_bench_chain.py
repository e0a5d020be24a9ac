"""The bench of a chain's nights on a few shops: what it counts is counted, and who is killed is repeated."""

from __future__ import annotations

import pytest

from bench.chain import night, shops_of

pytestmark = pytest.mark.needs("firestore", "storage")


def test_one_shop_can_hold_half_of_the_work():
    *small, large = shops_of(41, one_holds_half=True)

    assert sum(shop.days * shop.a_day for shop in small) == large.days * large.a_day


def test_tasks_that_are_killed_at_random_leave_every_shop_with_one_newer_version(tmp_path):
    came = night(4, kills=1, place=tmp_path / "night")

    assert (came.once, came.recounted) == (4, 4)
    assert [task.status for task in came.tasks] == [0, 0]
