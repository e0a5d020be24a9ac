"""What forecasts of their time said of the last weeks, carried on from version to version."""

from datetime import date, timedelta

from restock.retraining.looking_back import look_back
from restock.stored.artifact import ForecastArtifact
from restock.stored.hindsight import WEEKS, whole_weeks
from tests.published import artifact, saying

SUNDAY = date(2026, 4, 26)


def at(day: date, rates: dict[str, float], before: ForecastArtifact | None = None) -> ForecastArtifact:
    """A version of so much a day, trained through that day."""
    forecast = saying(artifact(rates), trained_through=day)
    return saying(forecast, hindsight=look_back(before, forecast)) if before else forecast


def told(forecast: ForecastArtifact) -> dict[date, list[float | None]]:
    hindsight = forecast.header.hindsight
    assert hindsight
    rows = hindsight.to_json()
    weeks = whole_weeks(forecast.header.trained_through)
    return {monday: [row[week] if row else None for row in rows] for week, monday in weeks}


def test_of_a_week_that_had_begun_before_the_first_forecast_nothing_is_told():
    first = at(SUNDAY - timedelta(3), {"oil": 2})

    second = at(SUNDAY + timedelta(8), {"oil": 5}, first)

    assert list(told(second).values())[-2:] == [[None], [14.0]]


def test_each_day_is_told_by_the_version_that_was_live_when_it_began():
    version = at(SUNDAY, {"oil": 1})
    for more in range(1, 8):
        version = at(SUNDAY + timedelta(more), {"oil": 1 + more}, version)

    assert told(version)[SUNDAY + timedelta(1)] == [1 + 2 + 3 + 4 + 5 + 6 + 7]


def test_several_versions_a_day_add_nothing():
    first = at(SUNDAY, {"oil": 2})
    second = at(SUNDAY + timedelta(7), {"oil": 9}, first)

    third = at(SUNDAY + timedelta(7), {"oil": 9}, second)

    assert told(third) == told(second)


def test_a_part_is_told_of_from_when_it_was_known_under_whatever_row():
    first = at(SUNDAY, {"oil": 2})
    second = at(SUNDAY + timedelta(7), {"air": 1, "oil": 2}, first)
    third = at(SUNDAY + timedelta(14), {"oil": 2, "air": 1}, second)

    assert list(told(third).values())[-2:] == [[None, 14.0], [7.0, 14.0]]


def test_a_last_day_taken_back_leaves_its_week_untold_and_is_never_counted_twice():
    first = at(SUNDAY, {"oil": 2})
    second = at(SUNDAY + timedelta(3), {"oil": 2}, first)
    back = at(SUNDAY + timedelta(2), {"oil": 2}, second)

    third = at(SUNDAY + timedelta(14), {"oil": 2}, back)

    assert list(told(third).values())[-2:] == [[None], [14.0]]


def test_twelve_weeks_are_told_and_years_without_a_version_cost_no_more():
    first = at(SUNDAY - timedelta(7 * 200), {"oil": 2})

    second = at(SUNDAY, {"oil": 2}, first)

    assert list(told(second).values()) == [[14.0]] * 12
    assert second.header.hindsight
    assert second.header.hindsight.expected.shape == (1, WEEKS)
