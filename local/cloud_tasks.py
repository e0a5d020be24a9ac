"""A Cloud Tasks endpoint for this machine: the REST surface the real google-cloud-tasks client uses, and delivery.

What it promises, held to by tests/emulator/test_cloud_tasks.py:

1. A task name is used once per queue: creating it again is 409 ALREADY_EXISTS, also after the task is done, for as
   long as `remember_names_seconds` says (Google's texts say one to twenty-four hours).
2. A task is delivered no earlier than its schedule time, one at a time per queue, with the request's own method,
   headers and body, and the X-CloudTasks-* headers under their real, short names.
3. Anything but a 2xx, and silence beyond the dispatch deadline, is tried again by the queue's retry settings.
4. A task with an OIDC token carries `Authorization: Bearer` as Cloud Run hands it to a function: the claims Google
   would sign, the signature replaced.

    created ── schedule time ── attempt 1 ──x── backoff ── attempt 2 ──x── 2 × backoff ── attempt 3 ── 200: gone
       └───────────────── its name stays taken ──────────────────────────────────────────────────────────────►
"""

from __future__ import annotations

import json
import threading
import time
import urllib.parse
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

from infra.retries import RetryConfig
from local.delivery import deliver, headers_of
from local.loopback import LoopbackServer
from local.queues import QUEUE, TASK_ID, Queue, Task, TaskRefusedError, seconds_of


class LocalCloudTasks:
    """The endpoint and its dispatchers. Queues are made by `create_queue`; others answer 404, as in production."""

    def __init__(
        self, *, port: int = 0, listener: Callable[[str], None] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._queues: dict[str, Queue] = {}
        self._changed = threading.Condition()
        self._stopped = False
        self._clock = clock
        self._say = listener or (lambda line: None)
        self._threads: list[threading.Thread] = []
        self._server = LoopbackServer(handler_for(self), port=port, name="cloud-tasks")
        self.host = self._server.host

    def start(self) -> LocalCloudTasks:
        self._server.start()
        return self

    def stop(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._server.stop()
        for thread in self._threads:
            thread.join(timeout=1)

    def _spawn(self, run: Callable[..., None], name: str, *args: Any) -> None:
        thread = threading.Thread(target=run, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def create_queue(
        self, name: str, retry: RetryConfig | None = None, *, remember_names_seconds: float = 3600
    ) -> Queue:
        if not QUEUE.fullmatch(name):
            raise ValueError(f"{name!r} is not projects/P/locations/L/queues/Q")
        queue = Queue(name, retry or RetryConfig(), remember_names_seconds)
        with self._changed:
            self._queues[name] = queue
        self._spawn(self._dispatch_forever, f"queue-{name.rpartition('/')[2]}", queue)
        return queue

    def pause(self, name: str, *, is_paused: bool = True) -> None:
        """A paused queue accepts tasks and delivers none."""
        with self._changed:
            self.queue(name).is_paused = is_paused
            self._changed.notify_all()

    def queue(self, name: str) -> Queue:
        if name not in self._queues:
            raise TaskRefusedError(404, "NOT_FOUND", f"Queue does not exist: {name}")
        return self._queues[name]

    def task(self, name: str) -> Task:
        queue = self.queue(name.partition("/tasks/")[0])
        if name not in queue.tasks:
            raise TaskRefusedError(404, "NOT_FOUND", f"Task does not exist: {name}")
        return queue.tasks[name]

    def pending(self, queue: str) -> list[Task]:
        """The tasks of a queue that are not done, in the order they are due."""
        with self._changed:
            return sorted(self.queue(queue).tasks.values(), key=lambda task: task.due)

    def done(self, queue: str) -> list[Task]:
        """The tasks that were delivered, given up or deleted, in that order."""
        with self._changed:
            return list(self.queue(queue).done)

    def create(self, queue_name: str, body: dict[str, Any]) -> Task:
        """Accept one task, or refuse it as Cloud Tasks would."""
        with self._changed:
            queue = self.queue(queue_name)
            task = self._accept(queue, body.get("task") or {})
            now = self._clock()
            queue.taken_until = {name: until for name, until in queue.taken_until.items() if until > now}
            if task.name in queue.tasks or task.name in queue.taken_until:
                raise TaskRefusedError(409, "ALREADY_EXISTS", "Requested entity already exists")
            queue.tasks[task.name] = task
            self._changed.notify_all()
        self._say(f"created {task.name.rpartition('/')[2]}, due in {max(0.0, task.due - now):.0f} s")
        return task

    def _accept(self, queue: Queue, given: dict[str, Any]) -> Task:
        now = self._clock()
        name = given.get("name") or f"{queue.name}/tasks/{uuid.uuid4().int}"
        prefix, _, task_id = name.rpartition("/tasks/")
        if prefix != queue.name or not TASK_ID.fullmatch(task_id):
            raise TaskRefusedError(400, "INVALID_ARGUMENT", f"Task name {name!r} must be {queue.name}/tasks/ID")
        request = given.get("httpRequest") or {}
        if not str(request.get("url", "")).startswith(("http://", "https://")):
            raise TaskRefusedError(400, "INVALID_ARGUMENT", "HttpRequest.url is required and must be http or https")
        due = seconds_of(given["scheduleTime"]) if given.get("scheduleTime") else now
        if due > now + 30 * 86_400:
            raise TaskRefusedError(400, "INVALID_ARGUMENT", "Task.scheduleTime is more than 30 days in the future")
        deadline = float(str(given.get("dispatchDeadline", "600s")).removesuffix("s"))
        if not 15 <= deadline <= 1800:
            raise TaskRefusedError(400, "INVALID_ARGUMENT", "Task.dispatchDeadline must be between 15s and 1800s")
        return Task(name, request, max(due, now), deadline, created=now)

    def delete(self, name: str) -> None:
        with self._changed:
            task = self.task(name)
            self._forget(self.queue(name.partition("/tasks/")[0]), task)

    def run_now(self, name: str) -> Task:
        """Make a task due at once (`tasks.run`)."""
        with self._changed:
            task = self.task(name)
            task.due = self._clock()
            self._changed.notify_all()
        return task

    def _forget(self, queue: Queue, task: Task) -> None:
        queue.tasks.pop(task.name, None)
        task.finished = self._clock()
        queue.done.append(task)
        queue.taken_until[task.name] = task.finished + queue.remember_names_seconds

    def _dispatch_forever(self, queue: Queue) -> None:
        while True:
            with self._changed:
                task = min(queue.tasks.values(), key=lambda task: task.due, default=None)
                if self._stopped or self._queues.get(queue.name) is not queue:
                    return
                if task is None or queue.is_paused:
                    self._changed.wait()
                    continue
                if (wait := task.due - self._clock()) > 0:
                    self._changed.wait(wait)
                    continue
                now = self._clock()
                task.first_attempt = task.first_attempt or now
                headers = headers_of(queue, task, now)
                task.attempts += 1
            status = deliver(task, headers)
            with self._changed:
                self._settle(queue, task, status)

    def _settle(self, queue: Queue, task: Task, status: int | None) -> None:
        now, short = self._clock(), task.name.rpartition("/")[2]
        task.last_status = status
        task.responses += status is not None
        if status is not None and 200 <= status < 300:
            self._forget(queue, task)
            self._say(f"delivered {short}: {status}")
        elif queue.retry.is_exhausted(task.attempts, now - (task.first_attempt or now)):
            self._forget(queue, task)
            self._say(f"gave up {short} after {task.attempts} attempts: {status or 'no answer'}")
        elif task.name in queue.tasks:  # not deleted meanwhile
            wait = queue.retry.backoff_seconds(task.attempts)
            task.due = now + wait
            self._say(f"failed {short}: {status or 'no answer'}, next attempt in {wait:g} s")


def handler_for(  # noqa: C901  # the sum of the six small methods it holds
    tasks: LocalCloudTasks,
) -> type[BaseHTTPRequestHandler]:
    """The REST surface: queues.get, tasks.create, tasks.get, tasks.list, tasks.delete, tasks.run."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(self._get)

        def do_POST(self) -> None:
            self._answer(self._post)

        def do_DELETE(self) -> None:
            self._answer(self._delete)

        def _get(self, name: str) -> dict[str, Any]:
            if name.endswith("/tasks"):
                return {"tasks": [task.as_json() for task in tasks.pending(name.removesuffix("/tasks"))]}
            if "/tasks/" in name:
                return tasks.task(name).as_json()
            queue = tasks.queue(name)
            return {"name": queue.name, "state": "PAUSED" if queue.is_paused else "RUNNING"}

        def _post(self, name: str) -> dict[str, Any]:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if name.endswith(":run"):
                return tasks.run_now(name.removesuffix(":run")).as_json()
            if not name.endswith("/tasks"):
                raise TaskRefusedError(404, "NOT_FOUND", f"Nothing answers a POST to {name}")
            try:
                given = json.loads(body or b"{}")
            except ValueError as exc:
                raise TaskRefusedError(400, "INVALID_ARGUMENT", f"Not JSON: {exc}") from exc
            return tasks.create(name.removesuffix("/tasks"), given).as_json()

        def _delete(self, name: str) -> dict[str, Any]:
            tasks.delete(name)
            return {}

        def _answer(self, act: Callable[[str], dict[str, Any]]) -> None:
            name = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path).removeprefix("/v2/")
            try:
                code, found = 200, act(name)
            except TaskRefusedError as exc:
                code, found = exc.code, exc.body
            data = json.dumps(found).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass  # the listener is told what matters

    return Handler
