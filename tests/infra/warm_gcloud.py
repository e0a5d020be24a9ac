"""The real gcloud, already imported: a process that forks one child per call, so that a call costs a quarter.

A deploy makes some ninety calls of gcloud, and most of each is Python importing the same modules again. The server is
started with gcloud's own Python; ``gcloud`` on the PATH is then a client that hands over its arguments, its directory
and its output, and ends with the child's exit status. What runs in the child is gcloud's own main(), unchanged.
"""

from __future__ import annotations

import array
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# The first lines are a command to the shell and a string to Python: a #! line takes no path with a blank.
CLIENT = """#!/bin/sh
'''exec' "{python}" -SE "$0" "$@"
' '''
import array, json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
server.sendmsg([len(call).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [1, 2]))])
server.sendall(call)
answer = server.recv(1)
sys.exit(answer[0] if answer else 70)
"""
# What the commands of a deploy have in common.
PRELOADED = (
    "apitools.base.py",
    "googlecloudsdk.api_lib.cloudbuild.logs",
    "googlecloudsdk.api_lib.cloudresourcemanager.projects_api",
    "googlecloudsdk.api_lib.container.api_adapter",
    "googlecloudsdk.api_lib.firestore.api_utils",
    "googlecloudsdk.api_lib.pubsub.subscriptions",
    "googlecloudsdk.api_lib.storage.gcs_json.client",
    "googlecloudsdk.api_lib.util.apis",
    "googlecloudsdk.calliope.cli",
    "googlecloudsdk.command_lib.functions.flags",
    "googlecloudsdk.command_lib.iam.iam_util",
    "googlecloudsdk.command_lib.projects.util",
    "googlecloudsdk.command_lib.run.serverless_operations",
    "googlecloudsdk.command_lib.storage.tasks.cp.copy_util",
    "googlecloudsdk.command_lib.storage.user_request_args_factory",
    "googlecloudsdk.command_lib.util.apis.yaml_command_translator",
    "googlecloudsdk.core.credentials.transports",
    "googlecloudsdk.core.resource.resource_printer",
    "googlecloudsdk.gcloud_main",
    "googlecloudsdk.generated_clients.apis.iam.v1.iam_v1_messages",
    "googlecloudsdk.generated_clients.apis.monitoring.v3.monitoring_v3_client",
    "googlecloudsdk.generated_clients.apis.run.v1.run_v1_client",
    "grpc",
    "requests",
)


def sdk_root() -> Path:
    asked = subprocess.run(
        ["gcloud", "info", "--format=value(installation.sdk_root,basic.python_location)"],
        text=True,
        capture_output=True,
        check=True,
    )
    return Path(asked.stdout.split()[0])


def sdk_python() -> str:
    bundled = sdk_root() / "platform/bundledpythonunix/bin/python3"
    return str(bundled) if bundled.exists() else sys.executable


@contextmanager
def running(folder: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """A server until the end of the block. Yields the environment in which ``gcloud`` is its client."""
    address = str(folder / "gcloud.socket")
    client = folder / "bin" / "gcloud"
    client.parent.mkdir(parents=True)
    base = getattr(sys, "_base_executable", None) or sys.executable  # not a shim, which would cost as much as the call
    client.write_text(CLIENT.format(python=base, address=address))
    client.chmod(0o755)
    whole = {**os.environ, **environment}
    server = subprocess.Popen([sdk_python(), "-S", __file__, str(sdk_root()), address], env=whole)
    try:
        for _ in range(600):
            if Path(address).exists() or server.poll() is not None:
                break
            time.sleep(0.05)
        if server.poll() is not None:  # an SDK laid out otherwise: the plain gcloud does the same, slower
            yield dict(environment)
            return
        yield {**environment, "PATH": f"{client.parent}{os.pathsep}{os.environ['PATH']}"}
    finally:
        server.terminate()
        server.wait()


def serve(root: str, address: str) -> None:
    sys.path[:0] = [f"{root}/lib", f"{root}/lib/third_party"]
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            __import__(name)
    gc.freeze()  # a child that collected garbage would copy every page it shares
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"{address}.new")
    server.listen(16)
    os.rename(f"{address}.new", address)
    while True:
        connection, _ = server.accept()
        if os.fork() == 0:
            server.close()
            os._exit(child(connection, root))
        connection.close()


def child(connection: socket.socket, root: str) -> int:
    descriptors = array.array("i")
    length, ancillary, *_ = connection.recvmsg(4, socket.CMSG_SPACE(2 * descriptors.itemsize))
    descriptors.frombytes(ancillary[0][2])
    wanted, call = int.from_bytes(length, "big"), b""
    while len(call) < wanted:
        call += connection.recv(wanted - len(call))
    arguments, directory, environment = json.loads(call)
    os.dup2(descriptors[0], 1)
    os.dup2(descriptors[1], 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    sys.argv = [f"{root}/lib/gcloud.py", *arguments]
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    import googlecloudsdk.gcloud_main as gcloud  # type: ignore[import-not-found]

    status = 0
    try:
        gcloud.main()
    except SystemExit as exc:
        status = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([status]))
    return status


if __name__ == "__main__":
    serve(*sys.argv[1:])
