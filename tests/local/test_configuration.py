"""Where the forecast answers, and what is said when a port or an environment is not to be had."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.parts.functions import SHAPES
from local.configuration import forecast_port_from
from local.functions import FUNCTIONS, start_function
from local.processes import ProcessError


def test_the_forecast_port_is_5057_unless_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.configuration.is_taken", lambda port: False)
    assert forecast_port_from({}) == 5057

    monkeypatch.setattr("local.configuration.is_taken", lambda port: True)
    assert forecast_port_from({}) != 5057


def test_a_named_port_that_is_taken_is_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.configuration.is_taken", lambda port: True)

    with pytest.raises(ProcessError, match="FORECAST_PORT=5100 is taken; name another"):
        forecast_port_from({"FORECAST_PORT": "5100"})


@pytest.mark.parametrize("wrong", ["fast", "0", "70000"])
def test_a_port_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(ProcessError, match="is not a port"):
        forecast_port_from({"FORECAST_PORT": wrong})


def test_a_function_here_is_of_the_deployed_ones_size() -> None:
    deployed = {door: (shape.concurrency, shape.timeout) for door, shape in SHAPES.items()}

    assert {name: (about.concurrency, about.timeout_seconds) for name, about in FUNCTIONS.items()} == deployed


def test_a_missing_environment_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.functions.ROOT", Path("/nowhere"))

    with pytest.raises(ProcessError, match="has no environment yet; run `make setup`"):
        start_function("retrain", port=1, env={}, functions_dir=tmp_path, log_dir=tmp_path)
