"""The settings file: what is refused, all at once and with a remedy, before Google is asked anything."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from infra.errors import SettingsFileError
from infra.parts.functions import variables_of
from infra.settings import DOORS, FIXED, FOLLOWS, InfraSettings, complete, load
from restock.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
GIVEN = {
    "project": "my-shop",
    "region": "europe-west1",
    "time_zone": "Europe/London",
    "size": "medium",
    "auth": "firebase",
    "alert_email": "owner@example.com",
}


def settings(**changed: object) -> InfraSettings:
    return complete({**GIVEN, **changed})


def test_the_example_is_complete_and_its_comments_name_the_defaults() -> None:
    example = load(ROOT / "infra/settings.example.toml")

    assert example == settings()
    assert example.bucket == "my-shop-restock"
    assert f'# runtime = "{example.runtime}"' in (ROOT / "infra/settings.example.toml").read_text()


@pytest.mark.parametrize(
    ("size", "threshold", "schedule", "hours"),
    [("small", 10, "0 3 * * *", 24), ("medium", 15, "0 3 * * *", 24), ("large", 20, "0 3,15 * * *", 12)],
)
def test_a_size_sets_threshold_and_schedule(size: str, threshold: int, schedule: str, hours: int) -> None:
    found = settings(size=size)

    assert (found.threshold, found.schedule, found.schedule_interval_hours()) == (threshold, schedule, hours)
    assert settings(size=size, threshold=3, schedule="0 */6 * * *").threshold == 3
    assert settings(size=size, schedule="0 */6 * * *").schedule_interval_hours() == 6


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [
        ("30 1 * * *", 24),
        ("0 8-18/5 * * *", 14),
        ("0 3 * * 1", 168),
        ("0 3 * * 1-6", 48),
        ("0 3,15 * * MON-FRI", 60),
        ("0 3 * * 6,7", 144),
        ("0 3 */2 * *", 48),
        ("0 3 1 * *", 744),
        ("0 3 1 * 1", 168),
        ("0 3 29 2 *", 35064),
    ],
)
def test_the_longest_pause_of_a_schedule_is_what_an_old_model_is_measured_by(schedule: str, hours: int) -> None:
    assert settings(schedule=schedule).schedule_interval_hours() == hours


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"project": "My Shop"}, "project = 'My Shop'"),
        ({"project": 7}, "project = 7"),
        ({"region": "Belgium"}, "a region like europe-west1"),
        ({"region": "europe-west33"}, "is no region that functions run in; did you mean europe-west3?"),
        ({"make_database": "yes"}, "true or false, without quotes"),
        ({"queue": "a queue"}, "letters, digits and hyphens"),
        ({"time_zone": "Mars/Olympus"}, "is not a time zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"size": "huge"}, "is none of small, medium, large"),
        ({"auth": "none"}, "is none of firebase, iam, public"),
        ({"alert_email": "owner"}, "one e-mail address"),
        ({"alert_email": ""}, "alert_email is empty"),
        ({"runtime": "python39"}, "python311 or newer"),
        ({"bucket": "UPPER"}, "lower-case"),
        ({"schedule": "daily"}, "five cron fields"),
        ({"schedule": "0 24 * * *"}, "schedule = '0 24 * * *' is refused (24 is outside 0 to 23)"),
        ({"schedule": "0 3 30 2 *"}, "never fires"),
        ({"schedule": "0 3 * * FRI-SUN"}, "5-0 is outside"),
        ({"threshold": 0}, "1 to 100000"),
        ({"threshold": True}, "1 to 100000"),
        ({"time_zone": "localtime"}, "whatever machine reads it"),
        ({"project": "example.com:my-shop"}, "a project of a domain"),
        ({"auth": "iam", "callers": 5}, "callers = 5 is refused; write a list in square brackets"),
        ({"auth": "iam", "callers": [5]}, "callers names 5; write user:"),
        ({"variables": "x"}, "variables = 'x' is not a table; write [variables]"),
        ({"retrain": {"concurrency": "2"}}, "[retrain] concurrency = '2' is refused; write a whole number from 1"),
        ({"retrain": {"cpu": 1.5}}, "[retrain] cpu = 1.5 is refused"),
        ({"retrain": [{"cpu": 2}]}, "is not a table"),
        ({"size": ["small"]}, "is none of small, medium, large"),
        ({"auth": {}}, "is none of firebase, iam, public"),
        ({"time_zone": 5}, "time_zone = 5 is refused"),
        ({"retrain_url": "http://elsewhere.example"}, "root address"),
        ({"callers": ["user:a@b.de"]}, "only for auth"),
        ({"auth": "iam", "callers": ["a@b.de"]}, "write user:"),
        ({"variables": {"CLOSED_DAYS": 5}}, "write it in quotes"),
        ({"variables": {"FORECAST_AUTH": "iam"}}, "FORECAST_AUTH follows from auth; remove it and set auth"),
        ({"variables": {"SHOP_TIME_ZONE": "Asia/Tokyo"}}, "set time_zone"),
        ({"variables": {"RETRAIN_DEADLINE_SECONDS": "1790"}}, "RETRAIN_DEADLINE_SECONDS must fit"),
        ({"variables": {"TASKS_EMULATOR_HOST": "127.0.0.1:1"}}, "remove it"),
        ({"retrain": {"max_instances": 2}}, "must stay 1"),
        ({"retrain": {"concurrency": 1}}, "at least 2"),
        ({"forecast": {"memory": "lots"}}, "512Mi or 2Gi"),
        ({"forecast": {"disk": 1}}, "disk is not a setting"),
        ({"forecast": 3}, "is not a table"),
        ({"regoin": "x"}, "did you mean region?"),
        ({"shops": 50}, "shops is only for a chain; remove it or write chain = true"),
        ({"sweep": {"tasks": 3}}, "[sweep] and SWEEP_HOUR are only for a chain"),
        ({"variables": {"SWEEP_HOUR": "3"}}, "[sweep] and SWEEP_HOUR are only for a chain"),
        ({"variables": {"RESTOCK_CHAIN": "true"}}, "RESTOCK_CHAIN follows from chain; remove it and set chain"),
        ({"chain": "yes"}, "true or false, without quotes"),
        ({"chain": True, "retrain": {"max_instances": 9}}, "max_instances and concurrency follow from shops"),
        ({"chain": True, "sweep": {"concurrency": 2}}, "[sweep] concurrency is not a setting"),
    ],
)
def test_a_wrong_value_is_refused_with_its_remedy(changed: dict, told: str) -> None:
    with pytest.raises(SettingsFileError) as refused:
        settings(**changed)

    assert told in str(refused.value)


def test_a_single_caller_without_brackets_is_one_mistake_not_one_a_letter() -> None:
    with pytest.raises(SettingsFileError) as refused:
        settings(auth="iam", callers="user:a@b.de")

    assert str(refused.value).count("  - ") == 1


@pytest.mark.parametrize("value", [None, 1, -1.5, True, "x", [], ["x"], {}, {"x": {"y": 1}}, date(2026, 1, 1)])
def test_no_value_of_any_kind_ends_in_anything_but_a_mistake(value: object) -> None:
    for key in ("project", "size", "callers", "variables", "retrain", "threshold", "schedule", "bucket", "other"):
        told = key
        try:
            settings(**{key: value})
        except SettingsFileError as exc:
            told = str(exc)
        assert key in told


def test_what_the_deploy_sets_cannot_be_set_beside_it() -> None:
    ours = {name for door in DOORS for name in variables_of(settings(chain=True), door, "5")} - {"THREADS"}

    assert ours | {"TASKS_EMULATOR_HOST"} == {*FOLLOWS, *FIXED}


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(SettingsFileError) as refused:
        complete({"project": "X", "size": "huge"})

    text = str(refused.value)
    assert all(word in text for word in ("project = 'X'", "huge", "region is missing", "alert_email is missing"))


def test_a_missing_or_broken_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("project = ")

    with pytest.raises(SettingsFileError, match=r"Copy infra/settings\.example\.toml"):
        load(tmp_path / "absent.toml")
    with pytest.raises(SettingsFileError, match="is not TOML"):
        load(tmp_path / "broken.toml")


@pytest.mark.parametrize("door", DOORS)
def test_every_door_gets_what_it_requires_and_nothing_it_does_not_read(door: str) -> None:
    found = variables_of(settings(variables={"CLOSED_DAYS": "2026-12-25,2026-12-26"}), door, "123")

    read = {one.metadata["variable"] for one in Settings.__dataclass_fields__.values() if door in one.metadata["doors"]}
    assert found.keys() - {"THREADS"} <= read
    assert Settings.from_env(door, found).project == "my-shop"
    assert ("CLOSED_DAYS" in found) == (door == "retrain")


@pytest.mark.parametrize(
    ("variables", "told"),
    [({"CLOSED_DAYS": "Christmas"}, "CLOSED_DAYS"), ({"COLSED_DAYS": "2026-12-25"}, "which no function reads")],
)
def test_a_variable_no_function_would_accept_is_refused(variables: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsFileError, match=told):
        variables_of(settings(variables=variables), "retrain", "123")


def test_a_public_address_where_anybody_may_write_is_refused() -> None:
    with pytest.raises(SettingsFileError, match="anybody who finds the address"):
        settings(auth="public", variables={"ORDERS": "callers"})
