"""The same three functions under the Firebase CLI's own emulators, for people who live in `firebase emulators:start`.

The CLI (pinned in package.json) runs Firestore's emulator and its functions emulator; what it has no faithful stand-in
for, Cloud Storage with generation preconditions and Cloud Tasks with named tasks, are ours.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import machine
from local.cloud_tasks import LocalCloudTasks
from local.configuration import settings_for
from local.console import bold, dim, say, show_line
from local.emulator_jar import program_in
from local.emulators import StorageServer
from local.firebase_cli import CLI, install
from local.processes import LOG_DIR, Child, Listener, ProcessError, answers, free_port, is_taken, line_log
from local.setup import ROOT
from local.stack import QUEUE_RETRIES

PROJECT = "demo-restock"  # the CLI never calls Google for a project named demo-...
REGION = "europe-west1"
QUEUE = f"projects/{PROJECT}/locations/{REGION}/queues/retrain"


@dataclass(frozen=True)
class Emulators:
    """Running Firebase emulators and what we add to them."""

    firestore_host: str
    functions_url: str
    storage: StorageServer
    tasks: LocalCloudTasks
    bucket: str
    child: Child

    @property
    def forecast_url(self) -> str:
        return f"{self.functions_url}/forecast"


@contextmanager
def running(*, log_dir: Path = LOG_DIR, listener: Listener | None = None) -> Iterator[Emulators]:
    """Everything started and answering; stopped again at the end."""
    jar, java = machine.firestore_jar(), machine.java()
    if not jar or not java:
        raise ProcessError(str(machine.remedy_for("firestore")))
    install()
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="restock-firebase-"))
        file, ports = stack.enter_context(configuration())
        tasks = LocalCloudTasks(listener=line_log("tasks", log_dir, listener)).start()
        stack.callback(tasks.stop)
        tasks.create_queue(QUEUE, QUEUE_RETRIES)
        storage = StorageServer.start(log_dir=log_dir, listener=listener)
        stack.callback(storage.stop)
        bucket = storage.create_bucket(f"{PROJECT}-bucket", project=PROJECT)
        functions = f"http://127.0.0.1:{ports['functions']}/{PROJECT}/{REGION}"
        settings = settings_for(
            project=PROJECT,
            bucket=bucket,
            storage_url=storage.url,
            tasks_host=tasks.host,
            queue=QUEUE,
            retrain_url=f"{functions}/retrain",
        )
        env = {**os.environ, **settings, **cli_environment(Path(scratch), jar, java)}
        command = [str(machine.on_path("node")), str(CLI), "emulators:start", "--only", "firestore,functions"]
        command += ["--project", PROJECT, "--config", str(file)]
        child = Child.start("firebase", command, env=env, cwd=log_dir, log_dir=log_dir, listener=listener)
        stack.callback(child.stop, grace_seconds=15)  # the CLI stops its emulators one by one
        child.wait_until_ready(f"http://127.0.0.1:{ports['hub']}/emulators", timeout_seconds=120)
        wait_for_functions(child, f"{functions}/forecast/health")
        yield Emulators(f"127.0.0.1:{ports['firestore']}", functions, storage, tasks, bucket, child)


@contextmanager
def configuration() -> Iterator[tuple[Path, dict[str, int]]]:
    """firebase.json itself, or, while one of its ports is taken, a copy beside it with free ones.

    Beside it, because the CLI takes the configuration's folder for the project and refuses sources outside.
    """
    config: dict[str, Any] = json.loads((ROOT / "firebase.json").read_text(encoding="utf-8"))
    emulators = config["emulators"]
    moved = False
    for about in emulators.values():
        for name in ("port", "websocketPort"):
            if isinstance(about, dict) and name in about and is_taken(about[name]):
                about[name], moved = free_port(), True
    ports = {name: about["port"] for name, about in emulators.items() if isinstance(about, dict) and "port" in about}
    if not moved:
        yield ROOT / "firebase.json", ports
        return
    copy = ROOT / f".firebase-{os.getpid()}.json"
    try:
        copy.write_text(json.dumps(config), encoding="utf-8")
        yield copy, ports
    finally:
        copy.unlink(missing_ok=True)


def cli_environment(scratch: Path, jar: str, java: str) -> dict[str, str]:
    """The CLI runs our Java and our jar, downloads nothing, and writes its own settings outside the home folder."""
    program = program_in(Path(jar))
    return {
        "PATH": os.pathsep.join([str(Path(java).parent), os.environ.get("PATH", "")]),
        "FIRESTORE_EMULATOR_BINARY_PATH": str(runnable_jar(Path(jar), program.main_class, scratch / "firestore.jar")),
        "XDG_CONFIG_HOME": str(scratch),
        "NO_UPDATE_NOTIFIER": "1",
    }


def runnable_jar(jar: Path, main_class: str, target: Path) -> Path:
    """A jar with only a manifest: the CLI says `java -jar`, and the SDK's jar does not name its main class."""
    where = f"Class-Path: {jar.resolve().as_uri()}"
    folded = "\r\n ".join(where[start : start + 70] for start in range(0, len(where), 70))  # lines end at 72 bytes
    manifest = f"Manifest-Version: 1.0\r\nMain-Class: {main_class}\r\n{folded}\r\n\r\n"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", manifest)
    return target


def wait_for_functions(child: Child, url: str, *, timeout_seconds: float = 90) -> None:
    """The hub answers before the functions are loaded; until then they are 404."""
    deadline = time.monotonic() + timeout_seconds
    while not answers(url, is_good=lambda status: status == 200):
        if not child.is_running:
            raise ProcessError(child.why_it_ended())
        if time.monotonic() > deadline:
            raise ProcessError(f"the functions emulator did not serve {url}; {child.why_it_ended()}")
        time.sleep(0.2)


def run() -> None:
    """Keep the Firebase emulators running until Ctrl-C."""
    say("Starting the Firebase emulators, Cloud Storage and Cloud Tasks ...")
    with running(listener=show_line) as emulators:
        say(f"\n  {bold('The page and the API')}   {emulators.forecast_url}/")
        say(f"  Firestore              {emulators.firestore_host} (project {PROJECT})")
        say(dim("  Stop: Ctrl-C.\n"))
        while emulators.child.is_running:
            time.sleep(0.2)
        raise ProcessError(emulators.child.why_it_ended())
