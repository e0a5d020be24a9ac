"""The whole of Restock on this machine: starts, waits for, watches and stops everything.

    with Stack() as stack:
        stack.address["forecast_url"]

Firestore's emulator → relay (Eventarc) → on_appointment → Cloud Tasks endpoint → retrain → fake-gcs-server → forecast.
Emulators and functions are processes of their own; the relay and the tasks endpoint are threads of this one.
Start it from the main thread: on Linux a child ends with the thread that started it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.retries import RetryConfig
from local.cloud_tasks import LocalCloudTasks
from local.configuration import forecast_port_from, settings_for
from local.emulators import FirestoreEmulator, StorageServer
from local.eventarc import Habits, Relay
from local.front import Front
from local.functions import FUNCTIONS, start_function, wait_until_listening
from local.metadata_server import MetadataServer
from local.processes import LOG_DIR, Child, Listener, ProcessError, free_port, line_log, uninterrupted
from local.setup import ROOT
from local.triggers import prove_events, register_trigger
from restock.stored import names
from restock.stored.retrain_request import RetrainRequest

STATE_FILE = ROOT / ".local" / "stack.json"
TRIGGER = "on-appointment"
QUEUE_RETRIES = RetryConfig(max_attempts=-1, min_backoff_seconds=1, max_backoff_seconds=30, max_doublings=5)


def appointments_of(is_chain: bool) -> str:
    """Whose writes are events.

    >>> appointments_of(False), appointments_of(True)
    ('appointments/{id}', 'shops/{shop}/appointments/{id}')
    """
    return names.root("{shop}" if is_chain else "") + names.appointment("{id}")


@dataclass(frozen=True)
class Options:
    """What a stack is made of; `settings` go to all functions, `own_settings` to one; they win over the environment."""

    project: str = "demo-restock"
    functions_dir: Path = ROOT / "functions"
    log_dir: Path = LOG_DIR
    state_file: Path = STATE_FILE
    forecast_port: int | None = None
    habits: Habits = field(default_factory=Habits)
    settings: Mapping[str, str] = field(default_factory=dict)
    own_settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    listener: Listener | None = None
    is_trigger_live: bool = True
    is_like_cloud_run: bool = False
    """Fronts that freeze the functions between requests and keep retrain private, and a metadata server."""


class Stack:
    """One running stack. `address` is what `.local/stack.json` says, `environment` what clients of it need."""

    def __init__(self, options: Options | None = None) -> None:
        self.options = options or Options()
        self.address: dict[str, str] = {}
        self.environment: dict[str, str] = {}
        self.children: list[Child] = []
        self.functions: list[Child] = []
        self.tasks: LocalCloudTasks
        self.relay: Relay
        self.storage: StorageServer
        self.firestore: FirestoreEmulator
        self._running: list[LocalCloudTasks | Relay | MetadataServer | Front] = []

    @property
    def queue(self) -> str:
        return f"projects/{self.options.project}/locations/europe-west1/queues/retrain"

    @property
    def bucket(self) -> str:
        return f"{self.options.project}-bucket"

    def start(self) -> Stack:
        """Start everything, or nothing: on any failure what was started is stopped again."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        ports = {name: free_port() for name in FUNCTIONS}
        ports["forecast"] = self.options.forecast_port or forecast_port_from(os.environ)
        urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
        own_ports = {name: free_port() for name in FUNCTIONS} if self.options.is_like_cloud_run else ports
        log_dir, listener = self.options.log_dir, self.options.listener

        self.tasks = LocalCloudTasks(listener=line_log("tasks", log_dir, listener)).start()
        self._running.append(self.tasks)
        self.tasks.create_queue(self.queue, QUEUE_RETRIES)
        self.relay = Relay(
            {TRIGGER: urls["on_appointment"]},
            habits=self.options.habits,
            listener=line_log("eventarc", log_dir, listener),
        ).start()
        self._running.append(self.relay)
        self.storage = StorageServer.start(log_dir=log_dir, listener=listener)
        self.children.append(self.storage.child)
        self.storage.create_bucket(self.bucket, project=self.options.project)
        firestore = FirestoreEmulator.launch(functions_host=self.relay.host, log_dir=log_dir, listener=listener)
        self.firestore = firestore
        self.children.append(firestore.child)

        self._describe(urls)
        for name in FUNCTIONS:
            child = start_function(
                name,
                port=own_ports[name],
                env={**self._from_platform(name), **self.environment, **self.options.own_settings.get(name, {})},
                functions_dir=self.options.functions_dir,
                log_dir=log_dir,
                listener=listener,
            )
            self.functions.append(child)
            self.children.append(child)
        firestore.wait_until_ready()
        prove_events(firestore.host, self.relay, project=self.options.project)
        if self.options.is_trigger_live:
            self.open_trigger()
        for child in self.functions:
            wait_until_listening(child, own_ports[child.name])
        if self.options.is_like_cloud_run:
            self._put_fronts_up(ports, own_ports)
        self._write_state()

    def _from_platform(self, name: str) -> dict[str, str]:
        """What only the platform tells a function, when this stack plays the platform."""
        if not self.options.is_like_cloud_run:
            return {}
        email = f"restock-{name.replace('_', '-')}@{self.options.project}.iam.gserviceaccount.com"
        metadata = MetadataServer(project=self.options.project, email=email).start()
        self._running.append(metadata)
        return {
            "GCE_METADATA_HOST": metadata.host,
            "CLOUD_RUN_TIMEOUT_SECONDS": str(FUNCTIONS[name].timeout_seconds),
        }

    def _put_fronts_up(self, ports: Mapping[str, int], own_ports: Mapping[str, int]) -> None:
        for child in self.functions:
            about = FUNCTIONS[child.name]
            front = Front(
                child,
                function_port=own_ports[child.name],
                port=ports[child.name],
                timeout_seconds=about.timeout_seconds,
                invoker=self.environment["RETRAIN_INVOKER"] if about.is_private else None,
            )
            self._running.append(front.start())

    def open_trigger(self) -> None:
        """From now on writes to appointments reach on_appointment; what was there before is history."""
        register_trigger(
            self.firestore.host, project=self.options.project, trigger=TRIGGER, document=appointments_of(self.is_chain)
        )

    @property
    def is_chain(self) -> bool:
        """As the functions take it from their environment; what is neither true nor false they refuse."""
        return self.environment["RESTOCK_CHAIN"] == "true"

    def _describe(self, urls: Mapping[str, str]) -> None:
        options = self.options
        self.address = {
            "project": options.project,
            "bucket": self.bucket,
            "firestore_emulator_host": self.firestore.host,
            "storage_emulator_host": self.storage.url,
            "forecast_url": urls["forecast"],
            "retrain_url": urls["retrain"],
            "on_appointment_url": urls["on_appointment"],
            "tasks_url": f"http://{self.tasks.host}",
        }
        self.environment = {
            **settings_for(
                project=options.project,
                bucket=self.bucket,
                storage_url=self.storage.url,
                tasks_host=self.tasks.host,
                queue=self.queue,
                retrain_url=urls["retrain"],
            ),
            "FIRESTORE_EMULATOR_HOST": self.firestore.host,
            **options.settings,
        }

    def _write_state(self) -> None:
        """For people and other programs: where everything is, and the environment of a client of it."""
        file = self.options.state_file
        file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({**self.address, "pid": os.getpid(), "environment": self.environment}, indent=2)
        file.write_text(text + "\n", encoding="utf-8")

    def ask_for_retrain(self, reason: str, *, force: bool = False) -> str:
        """Put a retrain into the queue, as the schedule and the operator do; the task's name."""
        url, account = self.environment["RETRAIN_URL"], self.environment["RETRAIN_INVOKER"]
        request = {"url": url, **RetrainRequest(reason, force=force).as_call(account, url)}
        deadline = f"{self.environment['TASK_DEADLINE_SECONDS']}s"
        return self.tasks.create(self.queue, {"task": {"httpRequest": request, "dispatchDeadline": deadline}}).name

    def check(self) -> None:
        """Raise ProcessError if a process has ended by itself."""
        for child in self.children:
            if not child.is_running:
                raise ProcessError(child.why_it_ended())

    def watch(self) -> None:
        """Return never; raise ProcessError as soon as a process ends by itself."""
        while True:
            self.check()
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop everything, functions first, so that none of them logs the loss of what it needs."""
        with uninterrupted():
            self._stop()

    def _stop(self) -> None:
        self.options.state_file.unlink(missing_ok=True)
        for server in reversed(self._running):
            server.stop()
        for group in (self.functions, self.children):
            for child in group:
                child.ask_to_stop()
            for child in group:
                child.stop()
        self._running.clear()
        self.functions.clear()
        self.children.clear()

    def __enter__(self) -> Stack:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
