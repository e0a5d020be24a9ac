"""Log lines as Cloud Logging and Cloud Error Reporting read them."""

from __future__ import annotations

import io
import json
from typing import Any

from restock.logs import MOST_OF_A_TRACE, Log


def logged(act: Any) -> dict[str, Any]:
    stream = io.StringIO()
    act(Log("retrain", stream=stream))
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_an_error_line_has_the_trace_of_the_exception_that_is_handled() -> None:
    def act(log: Log) -> None:
        try:
            raise KeyError("schema")
        except KeyError as exc:
            log.error(f"no run record: {exc!r}", run=7)

    line = logged(act)

    assert line["stack_trace"].startswith("Traceback (most recent call last):\n")
    assert line["stack_trace"].endswith("KeyError: 'schema'")
    assert 'raise KeyError("schema")' in line["stack_trace"]
    assert (line["message"], line["run"]) == ("no run record: KeyError('schema')", 7)


def test_an_error_line_names_what_an_error_came_from() -> None:
    def act(log: Log) -> None:
        try:
            try:
                raise OSError("no route")
            except OSError as exc:
                raise ValueError("no answer") from exc
        except ValueError:
            log.error("no answer")

    trace = logged(act)["stack_trace"]

    assert trace.index("OSError: no route") < trace.index("ValueError: no answer")


def test_a_line_without_an_exception_has_no_trace() -> None:
    def handled(log: Log) -> None:
        try:
            raise ValueError("expected")
        except ValueError:
            log.warning("as expected")

    assert "stack_trace" not in logged(lambda log: log.error("drift"))
    assert "stack_trace" not in logged(handled)


def test_a_trace_is_cut_to_what_a_line_may_hold_with_its_end_kept() -> None:
    def act(log: Log) -> None:
        try:
            raise ValueError("x" * 10 * MOST_OF_A_TRACE + " at last")
        except ValueError:
            log.error("long")

    trace = logged(act)["stack_trace"]

    assert trace.startswith("Traceback (most recent call last):\n  ...\n")
    assert trace.endswith("at last")
    assert len(trace) < MOST_OF_A_TRACE + 100
