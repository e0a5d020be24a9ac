"""What every test may use: real stand-ins of the cloud, started once per run when the first test asks for them.

A test whose needs this machine lacks is not run, and the end of the report names it with the remedy; with CI=true it
fails, for there everything is installed (.ci/run). See docs/architecture.md for which test stands where.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import machine
from local.check import in_ci
from local.cloud_tasks import LocalCloudTasks
from local.emulators import FirestoreEmulator, StorageServer
from tests.receiver import Receiver

collect_ignore_glob = ["*/traps/*"]  # doors with traps: started as processes, not importable without settings
SLOWEST = (
    "test_interrupted.py",
    "test_simulation_catches.py",
    "test_deploy.py",
    "test_deployed_again.py",
    "test_taking_back.py",
    "test_teardown.py",
    "test_chain_deployed.py",
    "test_who_may.py",
    "test_simulation.py",
    "test_burst.py",
    "test_crash_points.py",
    "test_description.py",
    "test_train.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: SLOWEST.index(item.path.name) if item.path.name in SLOWEST else len(SLOWEST))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    require(item, *(need for marker in item.iter_markers("needs") for need in marker.args))


def require(item: pytest.Item, *needs: str) -> None:
    """Run the test only where the machine has what it needs."""
    remedies = [remedy for need in dict.fromkeys(needs) if (remedy := machine.remedy_for(need))]
    if not remedies:
        return
    if in_ci():
        pytest.fail("CI must run every test, but " + "; ".join(remedies), pytrace=False)
    pytest.skip("; ".join(remedies))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    not_run: dict[str, list[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        not_run.setdefault(report.longrepr[2].removeprefix("Skipped: "), []).append(report.nodeid)
    for remedy, tests in not_run.items():
        terminalreporter.section(f"not run: {len(tests)} test(s)", yellow=True)
        terminalreporter.line(remedy)
        for test in tests:
            terminalreporter.line(f"    {test}")


@pytest.fixture(autouse=True)
def _environment_restored() -> Iterator[None]:
    """No test sees what another one put into the environment."""
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]
    os.environ.update(before)


@pytest.fixture(scope="session")
def logs_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of this run write."""
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="session")
def _firestore(logs_dir: Path) -> Iterator[FirestoreEmulator]:
    emulator = FirestoreEmulator.start(log_dir=logs_dir)
    yield emulator
    emulator.stop()


@pytest.fixture
def firestore_emulator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The Firestore emulator's host:port; FIRESTORE_EMULATOR_HOST is set for the test."""
    require(request.node, "firestore")
    emulator: FirestoreEmulator = request.getfixturevalue("_firestore")
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", emulator.host)
    return emulator.host


@pytest.fixture(scope="session")
def _storage(logs_dir: Path) -> Iterator[StorageServer]:
    server = StorageServer.start(log_dir=logs_dir)
    yield server
    server.stop()


@pytest.fixture
def storage_server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> StorageServer:
    """A Cloud Storage server: `.url`, `.create_bucket(name)`; STORAGE_EMULATOR_HOST is set for the test."""
    require(request.node, "storage")
    server: StorageServer = request.getfixturevalue("_storage")
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    return server


@pytest.fixture
def bucket(storage_server: StorageServer) -> str:
    """A versioned bucket of this test's own."""
    return storage_server.create_bucket(f"bucket-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def project() -> str:
    """A project of this test's own; in the emulator projects share nothing."""
    return f"demo-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def _tasks() -> Iterator[LocalCloudTasks]:
    server = LocalCloudTasks().start()
    yield server
    server.stop()


@pytest.fixture
def tasks_server(_tasks: LocalCloudTasks, monkeypatch: pytest.MonkeyPatch) -> LocalCloudTasks:
    """The local Cloud Tasks endpoint: `.host`, `.create_queue(name, RetryConfig(...))`, `.pending(queue)`."""
    monkeypatch.setenv("TASKS_EMULATOR_HOST", _tasks.host)
    return _tasks


@pytest.fixture
def queue(tasks_server: LocalCloudTasks, project: str) -> str:
    """A queue of this test's own."""
    return tasks_server.create_queue(f"projects/{project}/locations/europe-west1/queues/retrain").name


@pytest.fixture
def receiver() -> Iterator[Callable[..., Receiver]]:
    """Makes HTTP servers that record what they are sent and answer as told."""
    running: list[Receiver] = []

    def make(*statuses: int, seconds: float = 0, port: int = 0) -> Receiver:
        running.append(Receiver(*statuses, seconds=seconds, port=port))
        return running[-1]

    yield make
    for server in running:
        server.stop()
