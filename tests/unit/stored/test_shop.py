"""A shop's settings: held to the environment's rules, each mistake named with its remedy."""

from __future__ import annotations

from datetime import date

import pytest

from restock.errors import SettingsError
from restock.stored.shop import Asked, Shop
from tests.builders import a_settings


def shop(id: str = "north", **fields: object) -> Shop:
    return Shop.from_fields(id, {"time_zone": "Europe/Lisbon", **fields}, a_settings())


def test_a_shops_own_settings_stand_in_place_of_the_deployments_and_the_rest_is_shared():
    found = shop(closed_days=["2026-12-25"], threshold=4, lead_time_days=3, name="North Street")

    assert found.settings.time_zone == "Europe/Lisbon"
    assert found.settings.closed_days == {date(2026, 12, 25)}
    assert found.settings.retrain_threshold == 4
    assert found.settings.bucket == a_settings().bucket
    assert (found.name, found.lead_time_days, found.asked) == ("North Street", 3, None)


@pytest.mark.parametrize("days", ["2026-12-25, 2026-12-26", ["2026-12-25", "2026-12-26"]])
def test_closed_days_are_a_list_or_a_text_as_in_the_environment(days):
    assert shop(closed_days=days).settings.closed_days == {date(2026, 12, 25), date(2026, 12, 26)}


@pytest.mark.parametrize("threshold", [7, 7.0, "7"])
def test_a_number_is_read_however_it_was_typed(threshold):
    assert shop(threshold=threshold).settings.retrain_threshold == 7


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"time_zone": None}, "time_zone is not set"),
        ({"time_zone": "Mars/Olympus"}, "time_zone='Mars/Olympus' is not a time zone; write one like Europe/London"),
        ({"threshold": 0}, "threshold=0 is outside 1 to 100000"),
        ({"threshold": True}, "threshold=True is neither a text nor a number"),
        ({"threshold": 2.5}, "threshold=2.5 is not a whole number"),
        ({"closed_days": ["Christmas"]}, "closed_days="),
        ({"closed_days": [7]}, "is neither a text nor a number"),
        ({"lead_time_days": 91}, "lead_time_days=91 is outside 0 to 90"),
        ({"treshold": 5}, "treshold is not known"),
        ({"asked": "rebuild"}, "is not a map of rebuild, force and adopt"),
        ({"asked": {"rebild": True}}, "is not a map of rebuild, force and adopt"),
        ({"asked": {"rebuild": "perhaps"}}, "is neither true nor false"),
    ],
)
def test_a_mistake_is_named_with_the_shop_the_field_and_the_remedy(fields, words):
    with pytest.raises(SettingsError, match=words) as found:
        shop(**fields)

    assert str(found.value).startswith("shop north stands still: ")
    assert str(found.value).endswith("correct restock_shops/north")


def test_all_mistakes_are_told_at_once():
    with pytest.raises(SettingsError, match=r"threshold=0 .*lead_time_days=-1 .*time_zone is not set"):
        shop(time_zone=None, threshold=0, lead_time_days=-1)


def test_why_a_shop_is_asked_for_is_read():
    assert shop(asked={}).asked == Asked()
    assert shop(asked={"rebuild": True}).asked == Asked(rebuild=True)
