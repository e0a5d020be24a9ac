"""The stack starts whole or not at all, says which process failed and why, and leaves nothing behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from google.cloud import firestore

from local.emulators import call
from local.processes import ProcessError, is_taken
from local.setup import ROOT
from local.stack import Options, Stack
from tests.local.conftest import options_in, write_function
from tests.waiting import wait_until

pytestmark = pytest.mark.needs("firestore", "storage")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One that no test stops or harms."""
    with Stack(options_in(tmp_path_factory.mktemp("stack"))) as running:
        yield running


def test_it_writes_down_where_everything_is(stack: Stack) -> None:
    state = json.loads(stack.options.state_file.read_text())

    assert state["project"] == "demo-stack"
    assert call("GET", state["forecast_url"]) == b'{"name":"forecast"}\n'
    assert call("POST", state["retrain_url"], {}) == b'{"name":"retrain"}\n'
    assert call("GET", f"http://{state['firestore_emulator_host']}/") == b"Ok\n"
    assert state["bucket"] in call("GET", f"{state['storage_emulator_host']}/storage/v1/b").decode()
    assert b"RUNNING" in call("GET", f"{state['tasks_url']}/v2/{stack.queue}")
    assert state["on_appointment_url"].startswith("http://127.0.0.1:")
    assert state["environment"]["GOOGLE_CLOUD_PROJECT"] == "demo-stack"


def test_a_write_to_an_appointment_reaches_the_function(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", stack.address["firestore_emulator_host"])
    client = firestore.Client(project="demo-stack")

    client.document("spare_parts/p1").set({"name": "not an appointment"})
    client.document("appointments/a1").set({"status": "completed"})

    log = wait_for_line(stack.options.log_dir / "on_appointment.log", "got appointments/a1")
    assert "spare_parts" not in log


def test_everything_listens_on_loopback_only(stack: Stack) -> None:
    listening = {
        connection.laddr.ip
        for process in {psutil.Process(), *family()}
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}


def test_stopping_leaves_no_process_and_no_state_file(options: Options) -> None:
    others = family()
    stack = Stack(options).start()
    started = family() - others

    stack.stop()

    assert len(started) >= 5
    assert psutil.wait_procs(started, timeout=10)[1] == []
    assert not options.state_file.exists()


def test_a_process_that_ends_by_itself_is_named_with_its_last_words(options: Options) -> None:
    with Stack(options) as stack:
        [victim] = [child for child in stack.children if child.name == "retrain"]
        victim.process.send_signal(signal.SIGKILL)
        victim.process.wait()

        with pytest.raises(ProcessError, match="retrain was ended by SIGKILL"):
            stack.check()


def test_a_function_that_cannot_start_stops_the_rest_and_says_why(options: Options) -> None:
    write_function(
        options.functions_dir, "forecast", "raise SystemExit('forecast cannot start: SHOP_TIME_ZONE is wrong')"
    )
    others = family()

    with pytest.raises(ProcessError, match=r"(?s)forecast ended with exit code 1.*SHOP_TIME_ZONE is wrong"):
        Stack(options).start()

    assert family() == others


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize(
    "signal_number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name
)
def test_a_signal_to_the_program_leaves_nothing_behind(options: Options, signal_number: signal.Signals) -> None:
    if signal_number == signal.SIGKILL and sys.platform != "linux":
        pytest.skip("only Linux can tie a child to its parent")
    program = f"""
import signal
from pathlib import Path
from local.__main__ import stop_politely
from local.stack import Options
from local.up import run
signal.signal(signal.SIGTERM, stop_politely)
run(Options(functions_dir=Path({str(options.functions_dir)!r}), log_dir=Path({str(options.log_dir)!r}),
            state_file=Path({str(options.state_file)!r}), forecast_port={options.forecast_port}))
"""
    up = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_until(lambda: options.state_file.exists() or up.poll() is not None)
    assert up.poll() is None, up.stderr.read() if up.stderr else ""
    started = psutil.Process(up.pid).children(recursive=True)

    up.send_signal(signal_number)

    up.wait(20)
    assert len(started) >= 5
    assert psutil.wait_procs(started, timeout=10)[1] == []
    assert is_taken(options.forecast_port or 0) is False


def family() -> set[psutil.Process]:
    """This program's processes, those of the session's emulators included."""
    return set(psutil.Process().children(recursive=True))


def wait_for_line(log: Path, text: str) -> str:
    wait_until(lambda: log.exists() and text in log.read_text())
    return log.read_text()
