"""A child process of the local stack: its own process group, its log in a file and in memory, ready when it answers.

    with Child.start("firestore", command, log_dir=...) as child:
        child.wait_until_ready("http://127.0.0.1:8080/")

Nothing outlives the program that started it: `stop` ends the whole group, and on Linux a leash ends the child
when its parent is killed without a chance to stop it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

LEASH = Path(__file__).with_name("leash.py")
LOG_DIR = Path(__file__).resolve().parent.parent / ".local" / "logs"

Listener = Callable[[str, str], None]
"""Told every line a process writes: the process's name, the line."""


def line_log(name: str, log_dir: Path, listener: Listener | None) -> Callable[[str], None]:
    """What a part of the stack that is a thread, not a process, says its lines to: a log like the others'."""
    log_dir.mkdir(parents=True, exist_ok=True)
    log = log_dir / f"{name}.log"
    log.write_text("", encoding="utf-8")

    def say(line: str) -> None:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%H:%M:%S')} {line}\n")
        if listener:
            listener(name, line)

    return say


class ProcessError(Exception):
    """A process of the local stack did not start, or ended by itself; the message says which and why."""


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_taken(port: int) -> bool:
    """Whether somebody listens on this loopback port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """An impatient second Ctrl-C must not cut a stop short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass
class Child:
    """One running process."""

    name: str
    process: subprocess.Popen[str]
    log: Path
    _last_lines: deque[str] = field(default_factory=lambda: deque(maxlen=12))
    _pump: threading.Thread | None = None

    @classmethod
    def start(  # noqa: PLR0913  # what subprocess.Popen would be told
        cls,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        log_dir: Path = LOG_DIR,
        listener: Listener | None = None,
    ) -> Child:
        """Start `command` in the environment `env` alone; every line it writes goes to its log and to `listener`."""
        log_dir.mkdir(parents=True, exist_ok=True)
        log = log_dir / f"{name}.log"
        words = [str(word) for word in command]
        own_group: dict[str, int] = {}
        if os.name == "nt":
            own_group["creationflags"] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        else:
            # A group, not a session: if we are killed, the kernel wakes the frozen members of an orphaned group.
            own_group["process_group"] = 0
        if sys.platform == "linux":
            words = [sys.executable, "-IS", str(LEASH), str(os.getpid()), *words]
        try:
            process = subprocess.Popen(
                words,
                env=dict(os.environ if env is None else env),
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                **own_group,  # type: ignore[call-overload]
            )
        except OSError as exc:
            raise ProcessError(f"{name} could not be started: {exc}") from exc
        child = cls(name, process, log)
        child._pump = threading.Thread(target=child._copy_lines, args=(listener,), name=f"log-{name}", daemon=True)
        child._pump.start()
        return child

    def _copy_lines(self, listener: Listener | None) -> None:
        stream: IO[str] | None = self.process.stdout
        assert stream is not None
        with self.log.open("w", encoding="utf-8") as file, contextlib.suppress(ValueError):
            for line in stream:
                file.write(line)
                file.flush()
                self._last_lines.append(line.rstrip("\n"))
                if listener:
                    listener(self.name, line.rstrip("\n"))

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def why_it_ended(self) -> str:
        """How it ended and its last words."""
        if self._pump:
            self._pump.join(timeout=2)
        code = self.process.poll()
        if code is None:
            how = "is still running"
        elif code < 0:
            how = f"was ended by {signal.Signals(-code).name}"
        else:
            how = f"ended with exit code {code}"
        last = "".join(f"\n    {line}" for line in self._last_lines)
        return f"{self.name} {how} (log: {self.log}){last}"

    def wait_until_ready(self, url: str, *, timeout_seconds: float = 60) -> None:
        """Return once `url` answers anything at all below 500."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if not self.is_running:
                raise ProcessError(self.why_it_ended())
            if answers(url):
                return
            time.sleep(0.05)
        raise ProcessError(f"{self.name} did not answer at {url} within {timeout_seconds:.0f} s; {self.why_it_ended()}")

    def send(self, signal_number: int) -> None:
        """Send a signal to the whole group, if there is anything left of it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "nt":
                self.process.send_signal(signal_number)
            else:
                os.killpg(self.process.pid, signal_number)

    def ask_to_stop(self) -> None:
        """SIGTERM to the process alone: gunicorn and firebase-tools end their own children in good order."""
        if self.is_running:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            if os.name != "nt":
                self.send(signal.SIGCONT)  # a frozen process would never hear it

    def stop(self, *, grace_seconds: float = 5) -> None:
        """Ask politely, wait, then insist; also ends what the process itself started."""
        if self.is_running:
            self.ask_to_stop()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_seconds)
        if os.name != "nt":
            self.send(signal.SIGKILL)
        elif self.is_running:
            self.process.kill()
        self.process.wait()
        if self._pump:
            self._pump.join(timeout=2)
        if self.process.stdout:
            self.process.stdout.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def answers(
    url: str, *, is_good: Callable[[int], bool] = lambda status: status < 500, timeout_seconds: float = 2
) -> bool:
    """Whether a server answers there with a good status; never through a proxy, for it is this machine."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=timeout_seconds) as answer:
            return is_good(answer.status)
    except urllib.error.HTTPError as exc:
        return is_good(exc.code)
    except OSError:
        return False
