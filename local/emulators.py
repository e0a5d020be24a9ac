"""Starts what stands in for Firestore and Cloud Storage, on loopback: Google's emulator and fake-gcs-server."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from local import emulator_jar, machine
from local.processes import LOG_DIR, Child, Listener, ProcessError, free_port

CONDITION = "&ifGenerationMatch=0"  # only if there is no such object yet


@dataclass(frozen=True)
class FirestoreEmulator:
    """A running Firestore emulator."""

    host: str
    child: Child

    @classmethod
    def start(
        cls,
        *,
        port: int | None = None,
        functions_host: str | None = None,
        rules: Path | None = None,
        log_dir: Path = LOG_DIR,
        listener: Listener | None = None,
    ) -> FirestoreEmulator:
        """Start it and wait for it; with `functions_host` it sends events there (see local/triggers.py)."""
        emulator = cls.launch(port=port, functions_host=functions_host, rules=rules, log_dir=log_dir, listener=listener)
        emulator.wait_until_ready()
        return emulator

    @classmethod
    def launch(
        cls,
        *,
        port: int | None = None,
        functions_host: str | None = None,
        rules: Path | None = None,
        log_dir: Path = LOG_DIR,
        listener: Listener | None = None,
    ) -> FirestoreEmulator:
        """Start it without waiting."""
        java, jar = machine.java(), machine.firestore_jar()
        if not java or not jar:
            raise ProcessError(machine.remedy_for("java" if not java else "firestore"))
        emulator_jar.refuse_old_java(java, Path(jar))
        host = f"127.0.0.1:{port or free_port()}"
        command = [
            java,
            "-Duser.language=en",  # the emulator knows its messages only in English
            "-Djava.net.preferIPv4Stack=true",
            "-XX:+UseSerialGC",  # with the next one ready in 0.9 s instead of 1.5 s, and smaller
            "-XX:TieredStopAtLevel=1",
            "-cp",
            jar,
            emulator_jar.program_in(Path(jar)).main_class,
            "--host=127.0.0.1",
            f"--port={host.rpartition(':')[2]}",
        ]
        if functions_host:
            command.append(f"--functions_emulator={functions_host}")
        if rules:
            command.append(f"--rules={rules}")
        return cls(host, Child.start("firestore", command, cwd=made(log_dir), log_dir=log_dir, listener=listener))

    def wait_until_ready(self) -> None:
        try:
            self.child.wait_until_ready(f"http://{self.host}/")
        except ProcessError:
            self.stop()
            raise

    def clear(self, project: str) -> None:
        """Delete every document of a project."""
        call("DELETE", f"http://{self.host}/emulator/v1/projects/{project}/databases/(default)/documents")

    def stop(self) -> None:
        self.child.stop()


@dataclass(frozen=True)
class StorageServer:
    """A running fake-gcs-server, proven to honour generation preconditions."""

    url: str
    child: Child

    @classmethod
    def start(
        cls, *, port: int | None = None, log_dir: Path = LOG_DIR, listener: Listener | None = None
    ) -> StorageServer:
        binary = machine.fake_gcs_server()
        if not binary:
            raise ProcessError(machine.remedy_for("storage"))
        port = port or free_port()
        url = f"http://127.0.0.1:{port}"
        command = [binary, "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
        # public-host: downloads by alt=media are answered only under this name; external-url: where uploads resume.
        command += ["-public-host", f"127.0.0.1:{port}", "-external-url", url, "-log-level", "warn"]
        child = Child.start("storage", command, cwd=made(log_dir), log_dir=log_dir, listener=listener)
        server = cls(url, child)
        try:
            child.wait_until_ready(f"{url}/_internal/healthcheck")
            server._prove_preconditions()
        except ProcessError:
            child.stop()
            raise
        return server

    def create_bucket(self, name: str, *, project: str = "demo-restock") -> str:
        """Create a bucket that keeps old generations, as the deployed one does."""
        body = {"name": name, "versioning": {"enabled": True}}
        call("POST", f"{self.url}/storage/v1/b?project={project}", body)
        return name

    def _prove_preconditions(self) -> None:
        """A server that ignores if_generation_match would let two trainers publish, and tests would not notice."""
        bucket = self.create_bucket("preconditions")
        # Multipart, as the client uploads: this server looks at preconditions neither in uploadType=media nor on reads.
        url = f"{self.url}/upload/storage/v1/b/{bucket}/o?uploadType=multipart{CONDITION}"
        part = "--part\r\nContent-Type: application/json\r\n\r\n"
        upload = f'{part}{{"name": "probe"}}\r\n{part}{{}}\r\n--part--\r\n'.encode()
        call("POST", url, upload, content_type="multipart/related; boundary=part")
        try:
            call("POST", url, upload, content_type="multipart/related; boundary=part")
        except urllib.error.HTTPError as exc:
            if exc.code == 412:
                return
            raise ProcessError(f"storage answered {exc.code} to a conditional upload") from exc
        raise ProcessError("this fake-gcs-server ignores if_generation_match; run `make setup` to get the pinned one")

    def stop(self) -> None:
        self.child.stop()


def made(directory: Path) -> Path:
    """A directory that exists: where an emulator may drop files of its own."""
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def call(method: str, url: str, body: object = None, *, content_type: str = "application/json") -> bytes:
    """One request to a local server, never through a proxy; what is not bytes is sent as JSON."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": content_type})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return bytes(answer.read())
