"""The parts every bench stands on: load, spread, rows, and the results file."""

from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest

from bench.load import drive, request
from bench.metering import Spread, alternate
from bench.results import Row, Section, count_row, ratio_row, read_sections, write_results
from local.loopback import LoopbackServer
from local.processes import ProcessError


@pytest.fixture
def echo():
    """A server that answers with the body it got, or with the status the path names."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(int(self.path[1:]))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with LoopbackServer(Handler) as server:
        yield server.port


def test_every_request_is_sent_once_and_its_answer_seen(echo):
    bodies = [b"%d" % number * 50_000 for number in range(7)]
    seen = []

    answers = drive(
        echo,
        iter([request("POST", "/200", body) for body in bodies]),
        clients=3,
        on_answer=lambda status, body: seen.append(body),
    )

    assert sorted(seen) == sorted(bodies)
    assert answers.statuses == {200: 7}
    assert len(answers.latencies) == 7


def test_a_load_of_errors_is_no_result(echo):
    answers = drive(echo, iter([request("POST", "/200", b"x"), request("POST", "/500", b"x")]), clients=1)

    with pytest.raises(ProcessError, match="500"):
        answers.expect(200)


def test_a_spread_names_the_quantiles_of_a_sample():
    assert Spread.of(float(number) for number in range(101)) == Spread(p50=50, p95=95, p99=99)


def test_measuring_side_by_side_takes_turns():
    turns = []

    found = alternate(2, one=lambda: turns.append("one") or 1.0, other=lambda: turns.append("other") or 2.0)

    assert turns == ["one", "other", "one", "other"]
    assert found == {"one": [1.0, 1.0], "other": [2.0, 2.0]}


@pytest.mark.parametrize(("value", "is_met"), [(2.0, True), (2.2, False)])
def test_a_row_says_whether_its_limit_was_met(value, is_met):
    assert ratio_row("cold start", value, 1.0, of="a constant function", most=2.0).is_met is is_met
    assert count_row("documents read", value, 2.0).is_met is is_met


def test_a_section_measured_again_replaces_itself_and_leaves_the_others(tmp_path):
    results = tmp_path / "RESULTS.md"
    write_results([Section("First", [Row("a", "1")]), Section("Second", [Row("b", "2")])], "python -m bench", results)

    write_results([Section("First", [Row("a", "3")])], "python -m bench --only first", results)

    sections = read_sections(results)
    assert list(sections) == ["First", "Second"]
    assert "| a | 3 |" in sections["First"]
    assert "--only first" in sections["First"]
    assert "| b | 2 |" in sections["Second"]
    assert results.read_text().count("# Bench results") == 1


def test_a_section_says_when_and_how_it_was_measured():
    text = Section("Title", [Row("a", "1", is_met=False)]).markdown(
        "make bench", datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    )

    assert "2026-01-02 03:04 UTC, `make bench`" in text
    assert "NOT MET" in text
