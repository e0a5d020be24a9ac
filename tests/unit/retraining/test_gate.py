"""Promise 4: when a challenger is not fit to be published, and when a read is not to be believed."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from restock.retraining.gate import (
    Evidence,
    reason_to_distrust_catalogue,
    reason_to_distrust_read,
    reasons_to_refuse,
)
from restock.stored.manifest import Window

FIT = Evidence(
    is_finite=True, forecast_28=100.0, recent_28=(90.0, 110.0, 100.0), challenger_score=1.0, champion_score=1.0
)


def reasons(**changed):
    return reasons_to_refuse(replace(FIT, **changed))


def test_a_fit_challenger_is_not_refused():
    assert reasons() == []


def test_without_a_past_and_a_champion_there_is_nothing_to_refuse():
    assert reasons(recent_28=(), challenger_score=None, champion_score=None) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"is_finite": False}, "not finite"),
        ({"forecast_28": math.nan}, "not finite"),
        ({"forecast_28": math.inf}, "not finite"),
        ({"forecast_28": 551.0}, "551 units in 28 days; recently at most 110"),
        ({"forecast_28": 17.0}, "17 units in 28 days; recently at least 90"),
        ({"forecast_28": 0.0}, "0 units in 28 days"),
        ({"broken_laws": ("less is said of more days",)}, "contradicts itself: less is said of more days"),
        ({"missing_parts": ("Belt", "Oil")}, "2 parts of the catalogue have no forecast: Belt, Oil"),
        ({"challenger_score": 1.051}, "scores 1.0510 where the champion scores 1.0000"),
    ],
)
def test_what_is_refused_and_why(changed, words):
    assert any(words in reason for reason in reasons(**changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"forecast_28": 550.0},
        {"forecast_28": 18.0},
        {"challenger_score": 1.05},
        {"challenger_score": 0.1},
        {"recent_28": (0.0, 0.0), "forecast_28": 250.0},
        {"recent_28": (50.0, 50.0), "forecast_28": 0.0},
    ],
)
def test_what_is_near_or_too_little_to_tell_is_published(changed):
    assert reasons(**changed) == []


def test_every_reason_is_given_at_once():
    assert len(reasons(is_finite=False, forecast_28=9999.0, missing_parts=("Oil",), challenger_score=9.0)) == 4


@pytest.mark.parametrize(("vanished", "expected"), [(0, 10), (5, 10), (10, 100), (0, 0)])
def test_a_read_that_misses_few_is_believed(vanished, expected):
    assert reason_to_distrust_read(vanished, expected) is None


@pytest.mark.parametrize(("vanished", "expected"), [(6, 10), (11, 100), (1001, 10_000)])
def test_a_read_that_misses_many_is_not_believed(vanished, expected):
    assert "force" in reason_to_distrust_read(vanished, expected)


@pytest.mark.parametrize(("before", "now"), [(10, 10), (10, 5), (10, 12), (0, 1), (4, 1)])
def test_a_catalogue_that_lost_few_parts_is_believed(before, now):
    assert reason_to_distrust_catalogue(Window(active_parts=before), Window(active_parts=now)) is None


@pytest.mark.parametrize(("before", "now"), [(10, 4), (200, 99), (6, 0)])
def test_a_catalogue_that_lost_most_parts_is_not_believed(before, now):
    assert "force" in reason_to_distrust_catalogue(Window(active_parts=before), Window(active_parts=now))
