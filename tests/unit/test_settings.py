"""What a setting may be: every mistake is told at the start with its remedy, never met later."""

from __future__ import annotations

from datetime import date

import pytest

from restock.errors import SettingsError
from restock.settings import FORECAST, RETRAIN, Settings
from tests.builders import environment


@pytest.mark.parametrize(
    ("door", "variable", "value", "remedy"),
    [
        (RETRAIN, "HISTORY_START", "2024-W09-5", "is not a day; write YYYY-MM-DD"),
        (RETRAIN, "HISTORY_START", "20240301", "is not a day; write YYYY-MM-DD"),
        (RETRAIN, "HISTORY_START", "2024-02-30", "is not a day; write YYYY-MM-DD"),
        (RETRAIN, "HISTORY_START", "２０２４-03-01", "is not a day; write YYYY-MM-DD"),
        (RETRAIN, "CLOSED_DAYS", "2026-12-25,2026-W52-6", "is not a day; write YYYY-MM-DD"),
        (RETRAIN, "RETRAIN_THRESHOLD", "1_0", "is not a whole number; write one from 1 to 100000"),
        (RETRAIN, "RETRAIN_THRESHOLD", "١٠", "is not a whole number; write one from 1 to 100000"),
        (RETRAIN, "RETRAIN_THRESHOLD", "1" * 5000, "is not a whole number; write one from 1 to 100000"),
        (RETRAIN, "RETRAIN_URL", "not a url", "is not an address; write one like https://retrain.example"),
        (RETRAIN, "RETRAIN_URL", "retrain.example", "is not an address; write one like https://retrain.example"),
        (RETRAIN, "RETRAIN_URL", "ftp://retrain.example", "is not an address; write one like https://retrain.example"),
        (RETRAIN, "RETRAIN_URL", "https://", "is not an address; write one like https://retrain.example"),
        (RETRAIN, "RETRAIN_URL", "https://[::1", "is not an address; write one like https://retrain.example"),
        (RETRAIN, "RETRAIN_URL", "http://h:99999", "is not an address; write one like https://retrain.example"),
        (RETRAIN, "RETRAIN_QUEUE", "nonsense", "is not a queue; write projects/P/locations/L/queues/Q"),
        (RETRAIN, "RETRAIN_QUEUE", "projects/p/queues/q", "is not a queue; write projects/P/locations/L/queues/Q"),
        (RETRAIN, "RETRAIN_INVOKER", "nobody", "is not an account; write its e-mail address"),
        (RETRAIN, "TASKS_EMULATOR_HOST", "http://localhost:1", "is not host:port; write one like 127.0.0.1:8123"),
        (RETRAIN, "TASKS_EMULATOR_HOST", "localhost:99999", "is not host:port; write one like 127.0.0.1:8123"),
        (FORECAST, "RELOAD_SECONDS", "1_0", "is not a number; write one from 0.1 to 3600"),
        (FORECAST, "RELOAD_SECONDS", "nan", "is not a number; write one from 0.1 to 3600"),
        (FORECAST, "RELOAD_SECONDS", "infinity", "is not a number; write one from 0.1 to 3600"),
        (FORECAST, "RELOAD_SECONDS", "1e999", "is outside 0.1 to 3600"),
        (FORECAST, "RELOAD_SECONDS", "0x10", "is not a number; write one from 0.1 to 3600"),
    ],
)
def test_a_value_that_is_only_nearly_right_stops_the_start_with_its_remedy(door, variable, value, remedy):
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(door, environment(**{variable: value}))

    assert f"{variable}={value!r} {remedy}" in str(caught.value)


def test_right_values_are_taken():
    retrain = Settings.from_env(
        RETRAIN,
        environment(
            HISTORY_START="2024-02-29",
            CLOSED_DAYS="2026-12-25, 2026-12-26",
            RETRAIN_URL="https://restock-retrain-5.europe-west1.run.app",
            RETRAIN_INVOKER="restock-tasks@p.iam.gserviceaccount.com",
            TASKS_EMULATOR_HOST="localhost:8123",
        ),
    )

    assert retrain.history_start == date(2024, 2, 29)
    assert retrain.closed_days == {date(2026, 12, 25), date(2026, 12, 26)}
    assert Settings.from_env(FORECAST, environment(RELOAD_SECONDS="2.5")).reload_seconds == 2.5
